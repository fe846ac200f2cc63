"""What is compared: runs, exported folders and artefacts, opened by their paths."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.config.tasks import generates_text, has_target
from mmkeras.data.targets.targets import Targets
from mmkeras.errors import InputError
from mmkeras.generation.generator import TextGenerator
from mmkeras.runs.integrity import read_metrics
from mmkeras.runs.recovery import bring_back
from mmkeras.runs.run import Run, open_run
from mmkeras.runtime import exported
from mmkeras.runtime.feeds import column_names
from mmkeras.system.program import call
from mmkeras.tasks.opening import open_model, open_text_generator


@dataclass(frozen=True)
class Subject:
    """A run (`run`), or an exported folder or artefact (None). name: as it was given."""

    name: str
    path: Path
    run: Run | None

    @functools.cached_property
    def model(self) -> Any:
        """What answers: a Runner, or a TextGenerator for a task that generates text."""
        if self.run is not None and generates_text(self.run.schema["task"]):
            return open_text_generator(self.path, None)
        if self.path.is_dir() and (self.path / exported.SIGNATURE).exists():
            if exported.read_signature(self.path).answers == "texts":
                return open_text_generator(self.path, None)
            (runner,) = exported.open(self.path).values()
            return runner
        return open_model(self.path)

    @functools.cached_property
    def signature(self) -> dict[str, Any]:
        """The contract of the model's last graph; of a run its schema, so that nothing is loaded for it."""
        if self.run is not None:
            return self.run.schema
        signature: dict[str, Any] = (
            self.model.step.signature if isinstance(self.model, TextGenerator) else self.model.signature
        )
        return signature

    @property
    def task(self) -> str:
        """The task."""
        return str(self.signature["task"])

    @functools.cached_property
    def targets(self) -> Targets | None:
        """The targets; None for a model that generates text."""
        if generates_text(self.task):
            return None
        return Targets.from_json(self.signature["targets"], self.name)

    @property
    def target_names(self) -> tuple[str, ...]:
        """The target columns."""
        return self.targets.names if self.targets else (str(self.signature["target"]),)

    @property
    def inputs(self) -> list[Any]:
        """The inputs of the model, as its contract lists them; Keras is loaded for a run."""
        return list(self.model.inputs if isinstance(self.model, TextGenerator) else self.model.signature["inputs"])

    @property
    def columns(self) -> list[str]:
        """The input columns."""
        if self.run is None:
            return column_names(self.inputs)
        return [str(part["column"]) for entry in self.run.inputs for part in entry.get("columns", [entry])]

    @functools.cached_property
    def metrics(self) -> dict[str, Any]:
        """metrics.json of a run; {} for an artefact."""
        return read_metrics(self.run.folder) if self.run else {}

    @property
    def folded(self) -> bool:
        """Was it trained on its held-out rows too, after their figures?"""
        return bool(self.metrics.get("folded"))

    @property
    def seconds(self) -> float | None:
        """Seconds of the training; None for an artefact."""
        seconds = self.metrics.get("seconds", {}).get("total")
        return None if seconds is None else float(seconds)

    @property
    def megabytes(self) -> float:
        """Size of the weights of a run, or of the artefacts."""
        path = self.path / "model.keras" if self.run else self.path
        return exported.size_bytes(path) / 1e6


def open_subjects(names: Sequence[str | Path]) -> list[Subject]:
    """Open what is to be compared. Raises InputError for fewer than two, one twice, or other tasks or targets."""
    if len(names) < 2:
        raise InputError(f"compare: expected at least two runs, such as: {call('compare', 'runs/a', 'runs/b')}")
    subjects: list[Subject] = []
    for name in map(str, names):
        path = Path(name)
        if path.resolve() in [other.path.resolve() for other in subjects]:
            raise InputError(f"{name}: it is named twice. Name each run once.")
        bring_back(path)
        is_artefact = path.is_file() or (path / exported.SIGNATURE).exists() or (path / "saved_model.pb").exists()
        subjects.append(Subject(name, path, None if is_artefact else open_run(path)))
    first = subjects[0]
    for other in subjects[1:]:
        if other.task != first.task:
            raise InputError(
                f"{other.name}: its task is {other.task}, and that of {first.name} is {first.task}: they have no "
                "figure in common. Compare runs of one task."
            )
        if has_target(first.task) and set(other.target_names) != set(first.target_names):
            raise InputError(
                f"{other.name}: it predicts {', '.join(other.target_names)}, and {first.name} predicts "
                f"{', '.join(first.target_names)}. Compare runs of one target."
            )
    return subjects
