"""A linear model by scikit-learn: a support vector machine for classes and labels, ridge regression for numbers.

C is 1 and ridge's alpha 1, as scikit-learn has them: nothing is chosen, neither by the held-out rows nor by folds.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.data.targets.targets import Targets
from mmkeras.graph import InputSpec
from mmkeras.tasks.baselines.columns import matrices, without_spaces

READ: Final = ("text", "category", "number", "date")
"""Kinds of columns that the model reads."""
QUICK: Final = 5.0
"""Seconds, as estimated, that `--baseline auto` spends: at most ten on a slow machine."""
A_CHARACTER, AN_ENTRY, A_CELL = 0.4e-6, 0.25e-6, 2e-6
"""Seconds of one core for a character of a text, an entry of the matrix and output, and a cell of another column."""
ENTRIES_A_CHARACTER: Final = {False: 0.25, True: 1.75}
"""Of words and of characters, with their pairs."""
MODEL: Final = {"category": "linear SVM", "labels": "linear SVM", "number": "ridge regression"}


def title_of(specs: Sequence[InputSpec], task: str) -> str:
    """`TF-IDF + linear SVM`, or what is left of it without a text column."""
    has_text = any(spec["kind"] == "text" for spec in specs)
    return ("TF-IDF + " if has_text else "") + MODEL[TARGET_KINDS[task]]


def estimated_seconds(specs: Sequence[InputSpec], train: pd.DataFrame, outputs: int) -> float:
    """How long `linear` takes on one core. Measured on five sets of texts: docs/baselines.md."""
    seconds = 0.0
    for spec in specs:
        cells = train[str(spec["column"])]
        if spec["kind"] == "text":
            some = cells.iloc[np.linspace(0, len(cells) - 1, min(len(cells), 1000)).astype(int)].tolist()
            characters = len(cells) * sum(map(len, some)) / max(len(some), 1)
            entries = characters * ENTRIES_A_CHARACTER[without_spaces(some)]
            seconds += characters * A_CHARACTER + entries * outputs * AN_ENTRY
        else:
            seconds += len(cells) * (A_CELL + outputs * AN_ENTRY)
    return seconds


def linear(
    specs: Sequence[InputSpec],
    targets: Targets,
    rows: tuple[pd.DataFrame, pd.DataFrame],
    train: np.ndarray,
    encoded: np.ndarray,
    balanced: bool,
) -> np.ndarray | None:
    """Its answers to the held-out rows, float [n, outputs], as the exported graph would give them; None where no
    feature is left, as where no word occurs in two training rows.

    rows: training and held-out. train: their targets, of `Targets.truth`; encoded: as the loss takes them. balanced:
    weigh rows by class, as the model's loss does.
    """
    learned, asked = matrices(specs, *rows)
    if not learned.shape[1]:
        return None
    kind = TARGET_KINDS[targets.task]
    if kind == "number":
        from sklearn.linear_model import Ridge

        answers = Ridge(alpha=1.0, solver="sparse_cg").fit(learned, encoded).predict(asked)
        return targets.restore(np.reshape(answers, (asked.shape[0], -1)))
    weight = "balanced" if balanced else None
    if kind == "labels":
        columns = [_decided(learned, label, asked, None) for label in (train == 1).T]
        return np.stack(columns, axis=1).astype("float64")
    return np.eye(targets.outputs)[_decided(learned, train, asked, weight)]


def _decided(learned: Any, truth: np.ndarray, asked: Any, weight: str | None) -> np.ndarray:
    """The decisions of a support vector machine, [n]; where the training rows have one class, this class."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import LinearSVC

    if (truth == truth[0]).all():
        return np.full(asked.shape[0], truth[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        machine = LinearSVC(C=1.0, random_state=0, class_weight=weight).fit(learned, truth)
    return np.asarray(machine.predict(asked))
