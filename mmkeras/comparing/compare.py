"""`mmkeras compare`: the same rows for all runs, their answers, their figures and the differences."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmkeras.comparing.answers import Answers, answers_of, root_of
from mmkeras.comparing.differences import comparison
from mmkeras.comparing.figures import FIGURES, Figure
from mmkeras.comparing.lines import compare_lines
from mmkeras.comparing.result import Comparison
from mmkeras.comparing.shared_rows import choose_rows
from mmkeras.comparing.subjects import Subject, open_subjects
from mmkeras.comparing.truth import as_truth
from mmkeras.config.tasks import LEARN_LINES, line_of
from mmkeras.errors import InputError
from mmkeras.metrics.agreement import PREDICTIONS
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
    shared = choose_rows(subjects, csv, log)
    root, answers = root_of(shared.source, shared.rows.path), list[Answers]()
    for subject, stands in zip(subjects, shared.standings, strict=True):
        with not_silent(log, f"answering the rows with {subject.name}"):
            answers.append(answers_of(subject, shared.rows, stands, root))
    truth = as_truth(shared.truth, subjects[0])
    figures = [line_of(FIGURES, subjects[0].task)(truth, answer) for answer in answers]
    with not_silent(log, "drawing bootstrap samples"):
        return comparison(subjects, figures, len(shared.rows), shared.notes, first_figure(figures[0], subjects[0]))


def first_figure(figures: Sequence[Figure], first: Subject) -> str:
    """The name of the figure whose differences are tested: that which the task reads first."""
    names = [figure.name for figure in figures]
    try:
        name = line_of(PREDICTIONS, first.task).score_name
    except (KeyError, StopIteration):
        name = str(first.metrics.get("validation", {}).get("score_name", "chrf"))
    return name if name in names else names[0]
