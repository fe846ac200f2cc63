"""What happens around `model.fit`: history.csv, the best weights, and the state to resume from."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.errors import InputError
from mmkeras.system.arrays import reading_arrays
from mmkeras.system.files import atomic_write, write_csv
from mmkeras.system.json_files import NUMBER, check_shape, parse_json

PLATEAU_FACTOR = 0.25  # the learning rate is multiplied by it after an epoch without a better validation loss


class BestCheckpoint(keras.callbacks.Callback):
    """Early stopping that restores the best weights; after each epoch a checkpoint to resume from.

    Keras' EarlyStopping loses its state when the process ends, and BackupAndRestore does not save that state. A resumed
    training must end with the same weights as an uninterrupted one, so one callback keeps both.

    For classes the best epoch has the highest validation accuracy; of equal epochs it is the latest, because the
    learning rate is lowest there. The loss would mislead: a hinge rises where margins shrink, although the order of the
    classes, and so every prediction, gets better. An accuracy of few rows is noisy: with `rows`, epochs within one
    standard error of the best count as equal to it (the rule of Breiman et al. 1984). Otherwise an early, nearly
    constant model may win by luck.
    """

    def __init__(
        self,
        folder: Path,
        patience: int | None,
        monitor: tuple[str, str] = ("accuracy", "max"),
        rows: int | None = None,
    ) -> None:
        """folder: for checkpoint.npz and history.csv. patience: epochs without a better figure before the end; None: no
        early stopping, and the last weights count.

        monitor: the validation figure to watch, and whether its `max` or `min` is best. rows: number of validation
        rows, if epochs within the accuracy's standard error count as equal; None: they do not.
        """
        super().__init__()
        self.folder, self.patience = folder, patience
        self.figure, self.sign = f"val_{monitor[0]}", 1.0 if monitor[1] == "max" else -1.0
        self.rows = rows if monitor == ("accuracy", "max") else None
        self.best, self.best_epoch = -float("inf"), -1
        self.best_weights: list[np.ndarray] = []
        self.history: list[dict[str, float]] = []
        self.started = time.perf_counter()

    @property
    def epochs_done(self) -> int:
        """Number of finished epochs, with those before an interruption."""
        return len(self.history)

    @property
    def exhausted(self) -> bool:
        """True when `patience` epochs have passed without a better figure."""
        return self.patience is not None and self.epochs_done - 1 - self.best_epoch >= self.patience

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        self.history.append({"epoch": epoch + 1, **figures, "seconds": round(time.perf_counter() - self.started, 3)})
        self.started = time.perf_counter()
        if not math.isfinite(figures.get("val_loss", 0.0)):
            raise InputError(
                f"epoch {epoch + 1}: the loss is not a number any more; the steps are too large. Give a smaller "
                "--learning-rate."
            )
        value = self.sign * figures[self.figure]
        self.best = max(self.best, value)
        if self.patience is None or value >= self.best - self._standard_error() or not self.best_weights:
            self.best_epoch, self.best_weights = epoch, self.model.get_weights()
        self._write_history()
        self._save()
        if self.exhausted:
            self.model.stop_training = True

    def _standard_error(self) -> float:
        """Standard error of the best accuracy, from 0 to 1, over `rows` rows; 0 without `rows`."""
        return math.sqrt(self.best * (1.0 - self.best) / self.rows) if self.rows else 0.0

    def on_train_end(self, logs: Any = None) -> None:
        if self.best_weights:
            self.model.set_weights(self.best_weights)

    def _write_history(self) -> None:
        header = list(self.history[0])
        write_csv(
            self.folder / "history.csv", [header, *([epoch.get(name, "") for name in header] for epoch in self.history)]
        )

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def _save(self) -> None:
        arrays = {f"variable{k}": v.numpy() for k, v in enumerate(self._variables())}
        if self.best_epoch < self.epochs_done - 1:
            arrays |= {f"best{k}": w for k, w in enumerate(self.best_weights)}
        state = {"history": self.history, "best": self.best, "best_epoch": self.best_epoch}
        with atomic_write(self.folder / "checkpoint.npz") as partial:
            np.savez(partial, state=np.array(json.dumps(state)), **arrays)  # uncompressed: written at every epoch

    def restore(self, model: keras.Model) -> None:
        """Load the state of the last finished epoch, if there is a checkpoint. `model` must be compiled and built."""
        path = self.folder / "checkpoint.npz"
        if not path.exists():
            return
        self.set_model(model)
        model.optimizer.build(model.trainable_variables)
        remedy = "The interrupted run cannot be resumed: start anew with --overwrite."
        with reading_arrays(path, remedy, most=path.stat().st_size) as data:
            for k, variable in enumerate(self._variables()):
                variable.assign(data[f"variable{k}"])
            state = parse_json(str(data["state"]), path, remedy)
            check_shape(state, {"history": [{"*": NUMBER}], "best": NUMBER, "best_epoch": int}, path, remedy)
            self.history, self.best, self.best_epoch = state["history"], state["best"], state["best_epoch"]
            best_weights = [data[f"best{k}"] for k in range(len(model.weights)) if f"best{k}" in data]
            self.best_weights = best_weights or model.get_weights()


def tensorboard(enabled: bool, folder: Path) -> list[keras.callbacks.Callback]:
    """The callback that writes TensorBoard's logs into the run folder, in a list; an empty list if not enabled."""
    return [keras.callbacks.TensorBoard(str(folder / "tensorboard"))] if enabled else []


def reduce_on_plateau(val_losses: list[float]) -> Any:
    """A callback that quarters the learning rate after each epoch without a better validation loss.

    val_losses: those of the epochs before an interruption; Keras resets the best one when a training begins.
    """
    plateau = keras.callbacks.ReduceLROnPlateau(factor=PLATEAU_FACTOR, patience=0, min_delta=0.0)
    reset = plateau.on_train_begin

    def reset_and_restore_best(logs: Any = None) -> None:
        reset(logs)
        plateau.best = min(val_losses, default=plateau.best)

    plateau.on_train_begin = reset_and_restore_best
    return plateau
