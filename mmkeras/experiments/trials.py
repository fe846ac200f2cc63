"""The trainings of an ablation: the list of them, and one training on the rows that all share."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mmkeras.config.config import Config
from mmkeras.data.columns.named_columns import naming_flags
from mmkeras.data.table import Table
from mmkeras.errors import InputError
from mmkeras.experiments.fingerprint import TRIAL, differences
from mmkeras.runs.run import FINISHED, read_json
from mmkeras.system.files import write_json

if TYPE_CHECKING:
    from mmkeras.experiments.options import Ablate

MOST_GROUPS: Final = 8
"""Most groups of columns for which all subsets are trained: 255 subsets. Each further group doubles them."""
LARGEST_POWER: Final = 40  # of two, whose digits a sentence shows
LONGEST_NAME: Final = 120  # bytes; file systems allow 255


@dataclass(frozen=True)
class Trial:
    """One training: a fusion (None for a single column, which needs no fusion) on a subset of the modalities."""

    fusion: str | None
    modalities: tuple[str, ...]
    columns: tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """Name of the run folder, without characters of a column's name that a folder's name must not have."""
        parts = [re.sub(r"[^\w .-]", "_", modality) for modality in self.modalities]
        name = "+".join(parts)
        if parts != [*self.modalities] or len(name.encode()) > LONGEST_NAME:
            name = f"{name[:30]}~{hashlib.sha256(json.dumps(self.modalities).encode()).hexdigest()[:8]}"
        return f"{name}-{self.fusion or 'alone'}-{self.seed}"


def group(table: Table) -> dict[str, tuple[str, ...]]:
    """Columns by modality: by kind, or each column by itself if all are of one kind."""
    kinds: dict[str, list[str]] = {}
    for column in table.inputs:
        kinds.setdefault(column.kind, []).append(column.name)
    if len(kinds) == 1:
        return {column.name: (column.name,) for column in table.inputs}
    return {kind: tuple(names) for kind, names in kinds.items()}


def all_trials(options: Ablate, groups: dict[str, tuple[str, ...]]) -> Iterator[Trial]:
    """The trainings, the smallest subsets first. Raises InputError for an unknown subset, or for too many subsets."""
    fusions = tuple(dict.fromkeys(options.ablation.fusions))
    for subset in all_subsets(options.ablation.subsets, groups, options.ablation.seeds, len(fusions)):
        columns = tuple(column for modality in subset for column in groups[modality])
        for fusion in fusions if len(columns) > 1 else (None,):
            for k in range(options.ablation.seeds):
                yield Trial(fusion, subset, columns, options.training.seed + k)


def all_subsets(
    names: Sequence[str], groups: dict[str, tuple[str, ...]], seeds: int, fusions: int
) -> Iterator[tuple[str, ...]]:
    """Subsets as names of groups, in the order of the groups: the named subsets, each once, or all subsets."""
    if names:
        yield from dict.fromkeys(find_subset(name, groups) for name in names)
        return
    if len(groups) > MOST_GROUPS:
        single = sum(len(columns) == 1 for columns in groups.values())
        subsets = 2 ** len(groups) - 1
        trainings = f"{subsets:,} subsets: {seeds * (single + (subsets - single) * fusions):,} trainings"
        if len(groups) > LARGEST_POWER:
            trainings = f"2^{len(groups)} subsets, too many to train"
        first, second = [*groups][:2]
        raise InputError(
            f"{len(groups)} columns have {trainings}. Name those to compare, such as "
            f"--subsets {first!r} {second!r} '{first}+{second}'"
        )
    for n in range(1, len(groups) + 1):
        yield from itertools.combinations(groups, n)


def find_subset(name: str, groups: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The groups of a subset's name, such as text+image. Raises InputError for an unknown group."""
    parts = {name} if name in groups else set(name.split("+"))
    if parts - groups.keys():
        raise InputError(f"--subsets {name}: expected names joined by +, out of {', '.join(groups)}.")
    return tuple(group_name for group_name in groups if group_name in parts)


def trial_config(trial: Trial, shared: Config, table: Table, output: Path) -> Config:
    """The Config of one training. shared: the Config of all trainings."""
    inputs = naming_flags(column for column in table.inputs if column.name in trial.columns)
    flags: dict[str, Any] = {
        "target": tuple(column.name for column in table.targets),
        "task": table.task,
        "model": "multimodal",
        "fusion": trial.fusion,
        "seed": trial.seed,
        "output": str(output),
        "baseline": "none",  # the trainings are compared with each other
        "overwrite": True,  # a training that was interrupted, or whose record was deleted
    }
    return shared.replace(**inputs, **flags)


def run_trial(trial: Trial, config: Config, fingerprint: dict[str, Any], output: Path) -> dict[str, Any]:
    """Train, or read the figures of a finished training of the same trial. Returns the figures of the held-out rows.

    config: of this training. Raises InputError for a trial that cannot be trained.
    """
    record = record_of(trial)
    if not is_finished(output, record, fingerprint):
        from mmkeras.training.train import train  # late: an ablation that is finished does not need it

        train(config, log=lambda line: None)
        write_json(output / TRIAL, {"trial": record, "question": fingerprint})
        if "keras" in sys.modules:
            sys.modules["keras"].backend.clear_session()
    figures = read_json(output / FINISHED)
    validation = figures["validation"]
    return {
        "score": float(validation["score"]),
        "score_name": str(validation["score_name"]),
        "rows": int(figures["rows"]["validation"]),
    }


def record_of(trial: Trial) -> dict[str, Any]:
    """A trial as JSON."""
    return {**asdict(trial), "modalities": [*trial.modalities], "columns": [*trial.columns]}


def is_finished(output: Path, record: dict[str, Any], fingerprint: dict[str, Any]) -> bool:
    """Has this trial been trained, with the same fingerprint? An interrupted training has no trial.json."""
    if not (output / FINISHED).exists():
        return False
    try:
        saved = read_json(output / TRIAL)
    except InputError:  # absent, or damaged
        return False
    return saved.get("trial") == record and not differences(saved["question"], fingerprint)
