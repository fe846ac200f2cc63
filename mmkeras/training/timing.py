"""How long a training takes, estimated before it from a few of its steps."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import Config
from mmkeras.system.progress import silent
from mmkeras.system.tensorflow import start_tensorflow
from mmkeras.tasks import load_task
from mmkeras.training.sources import read_training_source
from mmkeras.training.train import SMALL_TENSORS

STEPS: Final = 12
REPORT: Final = 2.0  # seconds to write a run and its report


def seconds_of(config: Config, place: Path) -> tuple[float, int]:
    """Seconds of one training at most, and its largest number of epochs.

    The columns are prepared and the model is built as in the training; then STEPS steps are timed.
    config: of the training. place: folder of what the steps need, made anew; a training beside it takes the features of
    pictures and clips from there. Raises InputError where the training cannot be done.
    """
    shutil.rmtree(place, ignore_errors=True)
    (place / "state").mkdir(parents=True)
    began = time.perf_counter()
    source = read_training_source(config, silent)
    config = source.resolve(config, silent)
    split = source.split(config, place, silent)
    seconds = time.perf_counter() - began
    start_tensorflow(config.training.seed, large_tensors=config.model.model not in SMALL_TENSORS)
    task = load_task(config.model.task)
    began = time.perf_counter()
    trained = task.build(config, task.prepare(config, split, place, silent), silent)
    seconds += time.perf_counter() - began
    (building, *steps), (_, *tests) = step_times(trained)
    step, test = (sum(times) / len(times) if times else 0.0 for times in (steps, tests))
    sys.modules["keras"].backend.clear_session()  # the trainings begin as in a process of their own
    epoch = step * len(trained.train) + test * len(trained.validation)
    # the held-out rows are answered again at the end, and the graph of that is built
    return seconds + 2 * building + trained.epochs * epoch + 2 * test * len(trained.validation) + REPORT, trained.epochs


def step_times(trained: Any) -> tuple[list[float], list[float]]:
    """Seconds of the first steps of a training, and of the first held-out batches; the first of each is slow."""
    import keras  # late: after the seed and the allocator are set

    times: list[float] = []
    tests: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            times.append(time.perf_counter() - self.began)

        def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
            tests.append(time.perf_counter() - self.began)

    trained.model.fit(
        trained.train.dataset().take(STEPS),
        validation_data=trained.validation.dataset().take(STEPS),
        shuffle=False,
        callbacks=[*trained.callbacks, Clock()],
        verbose=0,
    )
    return times, tests
