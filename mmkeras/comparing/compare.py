"""`mmkeras compare`: the same rows for all runs, their answers, their figures and the differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmkeras.comparing.answers import Answers, answers_of, read_csv_rows, root_of
from mmkeras.comparing.differences import FEWEST, comparison
from mmkeras.comparing.figures import FIGURES, Figure
from mmkeras.comparing.lines import compare_lines
from mmkeras.comparing.result import Comparison
from mmkeras.comparing.standing import Rows, Standing, held_out_rows, standing
from mmkeras.comparing.subjects import Subject, open_subjects
from mmkeras.comparing.truth import as_truth, truth_of
from mmkeras.config.tasks import LEARN_LINES, line_of
from mmkeras.errors import InputError
from mmkeras.metrics.agreement import PREDICTIONS
from mmkeras.system.digests import file_digest
from mmkeras.system.progress import Log, not_silent


def compare(names: Sequence[str | Path], csv: str | Path | None = None, log: Log = print) -> Comparison:
    """Compare runs on the rows that the first one holds out and none was trained on, or on the rows of a file.

    names: run folders; with `csv` exported folders and artefacts too. Raises InputError for runs of other tasks or
    targets, an artefact without `csv`, and where no row is left that all are new to.
    """
    subjects = open_subjects(names)
    if csv is None and (artefacts := [subject.name for subject in subjects if subject.run is None]):
        raise InputError(
            f"{artefacts[0]}: an artefact does not say which rows its model was trained on. Compare runs, or name a "
            "file of rows that none was trained on: --csv"
        )
    if subjects[0].task in LEARN_LINES:
        return compare_lines(subjects, csv, log)
    first, notes = subjects[0], list[str]()
    if csv is None:
        assert first.run is not None
        rows = held_out_rows(first.run, first.columns)
    else:
        rows = read_csv_rows(subjects, str(csv), file_digest(csv) if Path(csv).is_file() else "")
    standings = [standing(subject, rows) for subject in subjects]
    usable = usable_rows(subjects, rows, standings, csv is not None, notes)
    truth, known = truth_of(subjects, rows)
    if (usable & ~known).any():
        notes.append(f"{(usable & ~known).sum():,} rows of a class that not every run knows are left out.")
    usable &= known
    if usable.sum() < FEWEST:
        raise too_few(int(usable.sum()), subjects, rows, notes)
    where = f"the rows of {rows.path}" if csv is not None else f"the held-out rows of {first.name}"
    log(f"{usable.sum():,} of {where}, which no run was trained on" if csv is None else f"{usable.sum():,} of {where}")
    root, chosen = root_of(first, rows.path), rows.take(usable)
    answers = []
    for subject, stands in zip(subjects, standings, strict=True):
        with not_silent(log, f"answering the rows with {subject.name}"):
            mine = Standing(stands.learned[usable], stands.saved[usable], stands.unsure[usable])
            answers.append(answers_of(subject, chosen, mine, root))
    references = [truth[k] for k in np.flatnonzero(usable)]
    figures = [line_of(FIGURES, subjects[0].task)(as_truth(references, first), answer) for answer in answers]
    with not_silent(log, "drawing bootstrap samples"):
        return comparison(subjects, figures, len(chosen), notes, first_figure(figures[0], answers, first))


def usable_rows(
    subjects: Sequence[Subject], rows: Rows, standings: Sequence[Standing], given: bool, notes: list[str]
) -> np.ndarray:
    """Bool [n]: rows that no run has learned. given: the user has named the file; then unsure rows are kept."""
    usable = np.ones(len(rows), dtype=bool)
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
    return usable


def too_few(count: int, subjects: Sequence[Subject], rows: Rows, notes: Sequence[str]) -> InputError:
    """The error where too few rows are left."""
    folded = [subject.name for subject in subjects if subject.folded]
    advice = f" {folded[0]} was trained on its held-out rows as well: --no-fold keeps them apart." if folded else ""
    return InputError(
        f"Only {count} of the {len(rows):,} rows of {rows.path} are left that no run was trained on; at least {FEWEST} "
        f"are needed. {' '.join(notes)}{advice} Name a file of rows that none has learned, --csv test.csv, or train "
        "the runs with the same --validation file."
    )


def first_figure(figures: Sequence[Figure], answers: Sequence[Answers], first: Subject) -> str:
    """The name of the figure whose differences are tested: that which the task reads first."""
    names = [figure.name for figure in figures]
    try:
        name = line_of(PREDICTIONS, first.task).score_name
    except (KeyError, StopIteration):
        name = str(first.metrics.get("validation", {}).get("score_name", "chrf"))
    return name if name in names else names[0]
