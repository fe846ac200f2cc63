"""The trainings of an ablation: which there are, and each of them, on the rows that all have in common."""

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
from mmkeras.data.columns import naming_flags
from mmkeras.data.table import Table
from mmkeras.errors import InputError
from mmkeras.experiments.fingerprint import TRIAL, differences
from mmkeras.runs.run import FINISHED, read_json
from mmkeras.system.files import write_json

if TYPE_CHECKING:
    from mmkeras.experiments.options import Ablate

MOST_GROUPS: Final = 8
"""Groups of columns of which all subsets are trained: 255 subsets. Each more doubles them."""
LONGEST_NAME: Final = 120  # bytes; file systems allow 255


@dataclass(frozen=True)
class Trial:
    """One training: a fusion (None for a single column, where there is nothing to fuse) on some modalities."""

    fusion: str | None
    modalities: tuple[str, ...]
    columns: tuple[str, ...]
    seed: int

    @property
    def name(self) -> str:
        """Of its run folder. Where modalities are columns, they may hold signs that a folder's name must not."""
        parts = [re.sub(r"[^\w .-]", "_", modality) for modality in self.modalities]
        name = "+".join(parts)
        if parts != [*self.modalities] or len(name.encode()) > LONGEST_NAME:
            name = f"{name[:30]}~{hashlib.sha256(json.dumps(self.modalities).encode()).hexdigest()[:8]}"
        return f"{name}-{self.fusion or 'alone'}-{self.seed}"


def group(table: Table) -> dict[str, tuple[str, ...]]:
    """Columns by modality: by kind, or one by one where all are of one kind."""
    kinds: dict[str, list[str]] = {}
    for column in table.inputs:
        kinds.setdefault(column.kind, []).append(column.name)
    if len(kinds) == 1:
        return {column.name: (column.name,) for column in table.inputs}
    return {kind: tuple(names) for kind, names in kinds.items()}


def all_trials(options: Ablate, groups: dict[str, tuple[str, ...]]) -> Iterator[Trial]:
    """The trainings, the smallest subsets first. Raises InputError for a subset that is none, or far too many."""
    fusions = tuple(dict.fromkeys(options.ablation.fusions))
    for chosen in all_subsets(options.ablation.subsets, groups, options.ablation.seeds, len(fusions)):
        columns = tuple(column for modality in chosen for column in groups[modality])
        for fusion in fusions if len(columns) > 1 else (None,):
            for k in range(options.ablation.seeds):
                yield Trial(fusion, chosen, columns, options.training.seed + k)


def all_subsets(
    wanted: Sequence[str], groups: dict[str, tuple[str, ...]], seeds: int, fusions: int
) -> Iterator[tuple[str, ...]]:
    """Names of groups, in their order: the wanted subsets, each once, or all there are."""
    if wanted:
        yield from dict.fromkeys(find_subset(name, groups) for name in wanted)
        return
    if len(groups) > MOST_GROUPS:
        subsets, single = 2 ** len(groups) - 1, sum(len(columns) == 1 for columns in groups.values())
        trainings = seeds * (single + (subsets - single) * fusions)
        first, second = [*groups][:2]
        raise InputError(
            f"{len(groups)} columns have {subsets:,} subsets: {trainings:,} trainings. Name those to compare, such as "
            f"--subsets {first!r} {second!r} '{first}+{second}'"
        )
    for n in range(1, len(groups) + 1):
        yield from itertools.combinations(groups, n)


def find_subset(wanted: str, groups: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The groups that a name such as text+image means. Raises InputError where one is none."""
    parts = {wanted} if wanted in groups else set(wanted.split("+"))
    if parts - groups.keys():
        raise InputError(f"--subsets {wanted}: expected names joined by +, out of {', '.join(groups)}.")
    return tuple(name for name in groups if name in parts)


def trial_config(trial: Trial, shared: Config, table: Table, output: Path) -> Config:
    """The Config of one training. shared: of all of them."""
    named = naming_flags(column for column in table.inputs if column.name in trial.columns)
    chosen: dict[str, Any] = {
        "target": tuple(column.name for column in table.targets),
        "task": table.task,
        "model": "multimodal",
        "fusion": trial.fusion,
        "seed": trial.seed,
        "output": str(output),
        "overwrite": True,  # of what did not end, or was forgotten
    }
    return shared.replace(**named, **chosen)


def run_trial(trial: Trial, config: Config, question: dict[str, Any], output: Path) -> dict[str, Any]:
    """Train, or read what an ended training of the same has measured. Returns its figures on the held-out rows.

    config: of this training. Raises InputError for what cannot be trained.
    """
    asked = {**asdict(trial), "modalities": [*trial.modalities], "columns": [*trial.columns]}
    if not has_answered(output, asked, question):
        from mmkeras.training.train import train  # late: an ablation that has ended needs none of it

        train(config, log=lambda line: None)
        write_json(output / TRIAL, {"trial": asked, "question": question})
        if "keras" in sys.modules:
            sys.modules["keras"].backend.clear_session()
    figures = read_json(output / FINISHED)
    measured = figures["validation"]
    return {
        "score": float(measured["score"]),
        "score_name": str(measured["score_name"]),
        "rows": int(figures["rows"]["validation"]),
    }


def has_answered(output: Path, asked: dict[str, Any], question: dict[str, Any]) -> bool:
    """Has this training ended, asked the same? Only then it has a trial.json: an interrupted one is begun anew."""
    if not (output / FINISHED).exists():
        return False
    try:
        known = read_json(output / TRIAL)
    except InputError:  # absent, or damaged
        return False
    return known.get("trial") == asked and not differences(known["question"], question)
