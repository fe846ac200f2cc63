"""The tasks. A task is a module named in the literal dict TASKS that fits the protocol Task.

A task owns what differs between tasks: training data, model, figures, graphs, and the rows that travel with artefacts.
`training.train`, `export.export` and `verification.verify` are one path each, for all tasks.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from mmkeras.graph import Answers, Graph
from mmkeras.system.progress import Log
from mmkeras.system.tensorflow import import_tensorflow

if TYPE_CHECKING:
    from mmkeras.config.config import Config
    from mmkeras.runs.run import Run
    from mmkeras.tasks.assets import Assets

TASKS: Final[dict[str, str]] = {
    "classify": "mmkeras.tasks.prediction.classify",
    "multilabel": "mmkeras.tasks.prediction.multilabel",
    "regress": "mmkeras.tasks.prediction.regress",
    "generate": "mmkeras.tasks.text_generation.generate",
    "language_model": "mmkeras.tasks.text_generation.language_model",
}

"""Task -> its module. The kind of its target is its line in `config.tasks.TARGET_KINDS`; other literal dicts have a
line only where it differs from the task with the same kind of target."""


@dataclass(frozen=True)
class Trainable:
    """The arguments of `training.loop.fit`.

    model: compiled, with its optimiser built.
    saved: the core, whose weights the run keeps.
    raw: makes the Keras model that the run keeps, from raw inputs, around the core; None: the core itself.
    parts: the layers or models that the task's `evaluate` needs.
    train, validation: batches, with `len` and `dataset()`.
    epochs, patience: of the Config, or the model's defaults; patience None: no early stopping.
    monitor: the figure that chooses the best epoch, and whether its `max` or `min` is best.
    rows: held-out rows, if epochs within one standard error of the best accuracy count as equal; else None.
    callbacks: of the model, before all others.
    settle: called with the log when `fit` has ended; brings what was trained into `saved`, where that is another model.
    plateau: reduce the learning rate after an epoch without a better figure?
    """

    model: Any
    saved: Any
    parts: Any
    train: Any
    validation: Any
    epochs: int
    patience: int | None
    monitor: tuple[str, str]
    rows: int | None = None
    callbacks: Sequence[Any] = field(default=())
    plateau: bool = False
    raw: Callable[[], Any] | None = None
    settle: Any = None


class Task(Protocol):
    """The functions of a task module: the first four functions train, the last three export."""

    ANSWERS: Answers
    """The comparison that verifies an artefact: a key of `verification.verify.COMPARISONS`."""

    def prepare(self, config: Config, source: Any, folder: Path, log: Log) -> Any:
        """Adapt the columns or train a tokenizer; write state and schema.json. Returns the task's training data.

        source: rows of a table in two splits, or lines for a task of LEARN_LINES (`training.sources`).
        """
        ...

    def build(self, config: Config, data: Any, log: Log) -> Trainable:
        """Build and compile the model; make the batches of both splits."""
        ...

    def evaluate(
        self, trained: Trainable, data: Any, config: Config, best: Mapping[str, float], folder: Path, log: Log
    ) -> dict[str, Any]:
        """Figures on the held-out rows, for metrics.json; write the task's files of them; refit if asked.

        best: the figures of the epoch whose weights were kept.
        """
        ...

    def summary(self, figures: Mapping[str, Any]) -> str:
        """The last printed line of a training. figures: those of metrics.json."""
        ...

    def graphs(self, run: Run) -> dict[str, Graph]:
        """A finished run's graphs with the trained weights, by name."""
        ...

    def assets(self, run: Run) -> Assets:
        """The files that are deployed beside the graphs: labels, or the tokenizer of the texts."""
        ...

    def samples(self, graphs: Mapping[str, Graph], run: Run, folder: Path) -> Any:
        """Held-out rows with the trained model's answers, saved beside the artefacts.

        folder: of the export, which has the tokenizers' files by then.
        """
        ...


def load_task(name: str) -> Task:
    """A task's module. Imports TensorFlow and Keras, without the noise of their start."""
    import_tensorflow()
    return cast(Task, importlib.import_module(TASKS[name]))
