"""Language models on the same held-out lines: each line is scored by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmkeras.comparing.differences import FEWEST, comparison
from mmkeras.comparing.figures import Figure, line_figures
from mmkeras.comparing.result import Comparison
from mmkeras.comparing.subjects import Subject
from mmkeras.data.lines import read_lines
from mmkeras.errors import InputError
from mmkeras.runs.integrity import check_digests
from mmkeras.runs.row_digests import RowDigests, digests_of
from mmkeras.system.progress import Log, Progress

MOST_LINES: int = 2000
"""Lines that are scored, evenly spaced."""


def compare_lines(subjects: Sequence[Subject], csv: str | Path | None, log: Log) -> Comparison:
    """Compare language models: by the perplexity a token if they have the same tokens, else by bits a byte."""
    notes = list[str]()
    path, lines = lines_to_score(subjects, csv, notes)
    check_enough(lines, path, notes)
    if len(lines) > MOST_LINES:
        notes.append(f"{MOST_LINES:,} of {len(lines):,} lines, evenly spaced, are scored.")
        lines = [lines[k] for k in np.linspace(0, len(lines) - 1, MOST_LINES).astype(int)]
    log(f"{len(lines):,} lines of {path}, each by itself: the model begins anew with every line")
    figures = [figures_of(subject, lines, log) for subject in subjects]
    same = len({subject.model.tokenizer.table for subject in subjects}) == 1
    if not same:
        notes.append("The runs have different tokens: bits a byte compare them, perplexities a token do not.")
    return comparison(subjects, figures, len(lines), notes, "perplexity" if same else "bits_a_byte")


def lines_to_score(subjects: Sequence[Subject], csv: str | Path | None, notes: list[str]) -> tuple[str, list[str]]:
    """The file and its lines that no run was trained on: the held-out lines of the first run, or those of a file."""
    first = subjects[0]
    if csv is None:
        check_digests(first.path, held_out=True)
    path = str(csv if csv is not None else first.path / "validation.txt")
    lines = [line for line in read_lines(path) if line.strip()]
    own = digests_of([line] for line in lines)
    usable = np.ones(len(lines), dtype=bool)
    for subject in subjects:
        digests = RowDigests.load(subject.path) if subject.run else None
        if digests is not None:
            learned = np.isin(own, digests.learned(folded=False))
            words = f"were trained on by {subject.name}: left out"
        elif subject.run is not None and csv is None and subject is not first:
            held_out = digests_of([line] for line in read_lines(subject.path / "validation.txt"))
            learned, words = ~np.isin(own, held_out), f"may have been trained on by {subject.name}: left out"
        else:
            continue
        if learned.any():
            notes.append(f"{learned.sum():,} of {len(lines):,} lines {words}.")
        usable &= ~learned
    return path, [line for line, good in zip(lines, usable, strict=True) if good]


def figures_of(subject: Subject, lines: Sequence[str], log: Log) -> list[Figure]:
    """The figures of one model. Raises InputError for a model that scores no texts."""
    progress = Progress((f"{subject.name}: ", " lines scored"), len(lines), log)
    nats, tokens = [], []
    for line in lines:
        ids, terms = subject.model.score(line)
        nats.append(-float(np.asarray(terms, "float64").sum()))
        tokens.append(len(ids))
        progress.advance(1)
    progress.end()
    n_bytes = [len(line.encode("utf-8", "replace")) + 1 for line in lines]
    return line_figures(np.array(nats), np.array(tokens, "float64"), np.array(n_bytes, "float64"))


def check_enough(lines: Sequence[str], path: str, notes: Sequence[str]) -> None:
    """Raise InputError where too few lines are left."""
    if len(lines) < FEWEST:
        raise InputError(
            f"Only {len(lines)} lines of {path} are left that no run was trained on; at least {FEWEST} are needed. "
            f"{' '.join(notes)} Name a text that none has learned: --csv test.txt"
        )
