"""The best weights, early stopping, and checkpoints that a training goes on from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from small_cores import CLASSES, compiled, feed, one_hot, random_bags

from mmkeras.config.config import Config
from mmkeras.runs.recovery import CHECKPOINT


class Epochs:
    """A model whose weights are the epoch's number, so that one sees which were kept."""

    def __init__(self) -> None:
        import keras

        self.model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        self.model.compile("adam", "mse")
        self.model.optimizer.build(self.model.trainable_variables)
        self.model.stop_training = False

    def run(self, checkpoint: Any, accuracies: list[float], begin: int = 0) -> int:
        """Epochs with these validation accuracies, until the checkpoint stops them. Returns their number."""
        checkpoint.set_model(self.model)
        for epoch, accuracy in enumerate(accuracies[begin:], begin):
            self.model.set_weights([np.full(w.shape, epoch, "float32") for w in self.model.get_weights()])
            # the loss has the opposite order, which must not matter
            checkpoint.on_epoch_end(epoch, {"loss": 1.0, "val_loss": accuracy, "val_accuracy": accuracy})
            if self.model.stop_training:
                break
        return int(checkpoint.epochs_done)

    @property
    def kept(self) -> int:
        (weight,) = {float(v) for w in self.model.get_weights() for v in w.ravel()}
        return int(weight)


ACCURACIES = [0.1, 0.3, 0.2, 0.6, 0.5, 0.6, 0.4, 0.5, 0.5, 0.9]


@pytest.mark.parametrize(
    ("patience", "done", "best"), [(1, 3, 1), (2, 8, 5), (3, 9, 5), (4, 10, 9), (50, 10, 9), (None, 10, 9)]
)
def test_early_stopping_restores_the_best_epoch(patience: int | None, done: int, best: int, tmp_path: Path) -> None:
    """Of equally accurate epochs the latest is the best."""
    from mmkeras.training.callbacks import BestCheckpoint

    epochs, checkpoint = Epochs(), BestCheckpoint(tmp_path, patience)
    assert epochs.run(checkpoint, ACCURACIES) == done
    checkpoint.on_train_end()
    assert epochs.kept == checkpoint.best_epoch == best


@pytest.mark.parametrize(("rows", "best"), [(None, 1), (10_000, 2), (100, 4), (4, 5)])
def test_the_latest_epoch_within_a_standard_error_of_the_best_is_kept(
    rows: int | None, best: int, tmp_path: Path
) -> None:
    """0.8 is the best; its standard error of 10,000 rows is 0.004, of 100 rows 0.04, of 4 rows 0.2."""
    from mmkeras.training.callbacks import BestCheckpoint

    accuracies = [0.7, 0.8, 0.797, 0.75, 0.77, 0.65]
    for interrupted in (0, 3):
        (tmp_path / CHECKPOINT).unlink(missing_ok=True)
        Epochs().run(BestCheckpoint(tmp_path, 9, rows=rows), accuracies[:interrupted])
        epochs, checkpoint = Epochs(), BestCheckpoint(tmp_path, 9, rows=rows)
        checkpoint.restore(epochs.model)
        epochs.run(checkpoint, accuracies, begin=interrupted)
        checkpoint.on_train_end()
        assert epochs.kept == checkpoint.best_epoch == best


def test_a_loss_has_no_such_error(tmp_path: Path) -> None:
    from mmkeras.training.callbacks import BestCheckpoint

    assert BestCheckpoint(tmp_path, 9, ("loss", "min"), rows=4).rows is None


def test_without_patience_the_last_weights_count(tmp_path: Path) -> None:
    """As the document trains: ten epochs, and what comes out of the last."""
    from mmkeras.training.callbacks import BestCheckpoint

    epochs, checkpoint = Epochs(), BestCheckpoint(tmp_path, None)
    epochs.run(checkpoint, [0.9, 0.8, 0.7])
    checkpoint.on_train_end()
    assert epochs.kept == 2


@pytest.mark.parametrize("stopped_after", range(1, 8))
def test_patience_and_best_weights_survive_an_interruption(stopped_after: int, tmp_path: Path) -> None:
    from mmkeras.training.callbacks import BestCheckpoint

    Epochs().run(BestCheckpoint(tmp_path, 2), ACCURACIES[:stopped_after])
    epochs, checkpoint = Epochs(), BestCheckpoint(tmp_path, 2)
    checkpoint.restore(epochs.model)
    assert checkpoint.epochs_done == stopped_after
    assert epochs.kept == stopped_after - 1, "it goes on from the last epoch's weights, not from the best"
    assert epochs.run(checkpoint, ACCURACIES, begin=stopped_after) == 8
    checkpoint.on_train_end()
    assert epochs.kept == checkpoint.best_epoch == 5
    history = small_runs.read_csv(tmp_path / "history.csv")
    assert [float(row["val_accuracy"]) for row in history] == ACCURACIES[:8]
    assert [row["epoch"] for row in history] == [f"{k}" for k in range(1, 9)]
    (tmp_path / CHECKPOINT).unlink()
    assert [p.name for p in tmp_path.iterdir()] == ["history.csv"]


def test_resuming_a_training_whose_patience_had_run_out(tmp_path: Path) -> None:
    from mmkeras.training.callbacks import BestCheckpoint

    Epochs().run(BestCheckpoint(tmp_path, 2), ACCURACIES)
    epochs, checkpoint = Epochs(), BestCheckpoint(tmp_path, 2)
    checkpoint.restore(epochs.model)
    assert checkpoint.exhausted
    checkpoint.on_train_end()
    assert epochs.kept == 5


def test_a_checkpoint_is_whole_or_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed while it is written, the training goes on from the epoch before."""
    from mmkeras.training.callbacks import BestCheckpoint

    Epochs().run(BestCheckpoint(tmp_path, 9), ACCURACIES[:2])

    def killed(file: Any, **_: Any) -> None:
        Path(file).write_bytes(b"PK half")
        raise KeyboardInterrupt

    epochs, checkpoint = Epochs(), BestCheckpoint(tmp_path, 9)
    checkpoint.restore(epochs.model)
    monkeypatch.setattr(np, "savez", killed)
    with pytest.raises(KeyboardInterrupt):
        epochs.run(checkpoint, ACCURACIES, begin=2)
    monkeypatch.undo()
    epochs, checkpoint = Epochs(), BestCheckpoint(tmp_path, 9)
    checkpoint.restore(epochs.model)
    assert (checkpoint.epochs_done, epochs.kept) == (2, 1)
    assert epochs.run(checkpoint, ACCURACIES, begin=2) == 10
    assert len(small_runs.read_csv(tmp_path / "history.csv")) == 10


def test_the_optimiser_s_state_is_resumed_too(tmp_path: Path) -> None:
    from mmkeras.training.callbacks import BestCheckpoint

    inputs, truth = feed({"a": random_bags(8, 1), "b": random_bags(8, 2)}), one_hot(np.arange(8) % CLASSES)
    _, whole = compiled(Config())
    checkpoint = BestCheckpoint(tmp_path, None)
    checkpoint.set_model(whole)
    whole.train_on_batch(inputs, truth)
    checkpoint.on_epoch_end(0, {"val_accuracy": 1.0})
    whole.train_on_batch(inputs, truth)
    _, resumed = compiled(Config())
    BestCheckpoint(tmp_path, None).restore(resumed)
    resumed.train_on_batch(inputs, truth)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
