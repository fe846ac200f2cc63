"""What is seen of `model.fit`: a line an epoch, and while the first one is long, its steps and the time left."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Final, Self

import keras

from mmkeras.system.progress import LIVE_SECONDS, SECONDS, SILENT, Log, about, left, not_silent
from mmkeras.system.screen import erase, is_live, show

SHOWN: Final = ("accuracy", "mae")  # figures that the line of an epoch shows, beside the loss
QUARTER: Final = 0.25  # of the time so far: lines get rarer where an epoch takes many minutes


class EpochLines(keras.callbacks.Callback):
    """One line an epoch. On a terminal a live line counts the steps; elsewhere lines do, in the first epoch alone.

    A context manager, so that nothing is said after the training.
    """

    def __init__(self, epochs: int, log: Log) -> None:
        super().__init__()
        self.epochs, self.log, self.live = epochs, log, is_live()
        self.building = contextlib.ExitStack()
        self.first_epoch: int | None = None
        self.seconds = 0.0  # of an epoch, without the building of the graph

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.building.close()
        erase()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch, self.started = epoch, time.perf_counter()
        self.since = self.last_line = self.started  # since: the beginning of the steps that an estimate is made of
        self.steps_before = 0
        if self.first_epoch is None:
            self.first_epoch = epoch
            self.building.enter_context(not_silent(self.log, "building the training graph"))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == 0 and self.epoch == self.first_epoch:
            self.building.close()
            self.since, self.steps_before = time.perf_counter(), 1
        if self._is_time():
            self._say("step", batch + 1, (self.params or {}).get("steps"), self.since)

    def on_test_begin(self, logs: Any = None) -> None:
        self.testing = time.perf_counter()

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        if self._is_time():
            self._say("held-out rows, step", batch + 1, None, self.testing)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        now, logs = time.perf_counter(), logs or {}
        self.seconds = now - self.since
        shown = [name for name in ("loss", *SHOWN, "val_loss", *(f"val_{name}" for name in SHOWN)) if name in logs]
        figures = "  ".join(f"{name} {logs[name]:.4f}" for name in shown)
        erase()
        self.log(f"epoch {epoch + 1}/{self.epochs}  {figures}  {now - self.started:.1f} s")
        rest = self.epochs - epoch - 1
        if epoch == self.first_epoch and rest * self.seconds >= SILENT:
            self.log(f"{about(rest * self.seconds)} for at most {rest} more epochs")

    def _is_time(self) -> bool:
        """May another line be printed?"""
        if not self.live and self.epoch != self.first_epoch:
            return False
        now = time.perf_counter()
        wait = LIVE_SECONDS if self.live else max(SECONDS, QUARTER * (now - self.started))
        if now - self.last_line < wait:
            return False
        self.last_line = now
        return True

    def _say(self, what: str, done: int, total: int | None, since: float) -> None:
        """The steps that are done, and the time left: of the epoch, and of all epochs where one is done."""
        before = self.steps_before
        line = f"epoch {self.epoch + 1}/{self.epochs}  {what} {done:,}" + (f"/{total:,}" if total else "")
        if total:
            line += left(done - before, total - before, time.perf_counter() - since)
        if self.seconds and (rest := self.epochs - self.epoch) > 1:
            line += f"; {about(rest * self.seconds)} for at most {rest} epochs"
        show(line) if self.live else self.log(line)
