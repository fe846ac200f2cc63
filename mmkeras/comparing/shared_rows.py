"""The rows that all runs are compared on: held out by one of them, or of a file, and learned by none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.comparing.answers import read_csv_rows
from mmkeras.comparing.differences import FEWEST
from mmkeras.comparing.standing import Rows, Standing, held_out_rows, standing
from mmkeras.comparing.subjects import Subject
from mmkeras.comparing.truth import truth_of
from mmkeras.errors import InputError
from mmkeras.system.digests import file_digest
from mmkeras.system.progress import Log


@dataclass(frozen=True)
class Shared:
    """rows: to compare on; truth: of each; standings: how they stand to each subject.

    source: the subject that has held them out, or the first one. notes: what was left out.
    """

    rows: Rows
    truth: list[Any]
    standings: list[Standing]
    source: Subject
    notes: list[str]


def choose_rows(subjects: Sequence[Subject], csv: str | Path | None, log: Log) -> Shared:
    """The rows of `csv`, else the held-out rows of the first run; where too few are left, those of the next one.

    Raises InputError where too few rows are left that no run was trained on.
    """
    if csv is not None:
        sha256 = file_digest(csv) if Path(csv).is_file() else ""
        shared, refusal = usable_rows(subjects, read_csv_rows(subjects, str(csv), sha256), subjects[0], given=True)
        if refusal is not None:
            raise refusal
        log(f"{len(shared.rows):,} rows of {csv}")
        return shared
    refusals = []
    for source in subjects:
        assert source.run is not None
        shared, refusal = usable_rows(subjects, held_out_rows(source.run, source.columns), source, given=False)
        if refusal is None:
            log(f"{len(shared.rows):,} held-out rows of {source.name}, which no run was trained on")
            return shared
        refusals.append(refusal)
        log(f"{len(shared.rows):,} held-out rows of {source.name} are left that no run was trained on: too few")
    raise refusals[0]


def usable_rows(
    subjects: Sequence[Subject], rows: Rows, source: Subject, given: bool
) -> tuple[Shared, InputError | None]:
    """The rows that no run has learned and whose truth all know, and the error where they are too few.

    given: the user has named the file; then rows that a run may have learned are kept.
    """
    standings, notes, usable = [standing(subject, rows) for subject in subjects], list[str](), np.ones(len(rows), bool)
    for subject, stands in zip(subjects, standings, strict=True):
        if stands.learned.any():
            notes.append(f"{stands.learned.sum():,} of {len(rows):,} rows were trained on by {subject.name}: left out.")
        usable &= ~stands.learned
        if stands.unsure.any():
            kept = "they are kept" if given else "left out"
            notes.append(
                f"Whether {subject.name} was trained on {stands.unsure.sum():,} of the rows cannot be told: {kept}."
            )
            usable &= ~stands.unsure | given
    truth, known = truth_of(subjects, rows, source)
    if (usable & ~known).any():
        notes.append(f"{(usable & ~known).sum():,} rows of a class that not every run knows are left out.")
    usable &= known
    own = [Standing(stands.learned[usable], stands.saved[usable], stands.unsure[usable]) for stands in standings]
    shared = Shared(rows.take(usable), [truth[k] for k in np.flatnonzero(usable)], own, source, notes)
    return shared, too_few(int(usable.sum()), subjects, rows, notes) if usable.sum() < FEWEST else None


def too_few(count: int, subjects: Sequence[Subject], rows: Rows, notes: Sequence[str]) -> InputError:
    """The error where too few rows are left."""
    folded = [subject.name for subject in subjects if subject.folded]
    advice = f" {folded[0]} was trained on its held-out rows as well: --no-fold keeps them apart." if folded else ""
    return InputError(
        f"Only {count} of the {len(rows):,} rows of {rows.path} are left that no run was trained on; at least {FEWEST} "
        f"are needed. {' '.join(notes)}{advice} Name a file of rows that none has learned, --csv test.csv, or train "
        "the runs with the same --validation file."
    )
