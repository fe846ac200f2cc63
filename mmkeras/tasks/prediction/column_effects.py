"""The columns of a block that the answers depend on most: how far each answer moves where one column is missing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from mmkeras.modalities import columns_read
from mmkeras.models.core import Core
from mmkeras.system.progress import Log
from mmkeras.tasks.prediction.material import EVALUATION_BATCH, TrainingData

MOST_ANSWERS: Final = 20_000  # that are computed for a block: fewer held-out rows for more columns
SHOWN, NAMED = 20, 3  # columns of a block in metrics.json, and in the line that is printed


def column_effects(core: Core, data: TrainingData, answers: Any, log: Log) -> list[dict[str, Any]]:
    """For each block its `input`, `columns` (how many) and `rows`, and the `effects` of the SHOWN largest.

    answers: logits float32 [n, outputs] -> the graph's answers. The effect of a column is the mean distance of the
    answers with it and without it: half the sum of the differences of probabilities, or of the numbers.
    """
    effects = []
    for name, modality in data.columns.items():
        columns = columns_read(modality)
        if not columns:
            continue
        total = len(data.encoded["validation"])
        rows = np.linspace(0, total - 1, max(1, min(total, MOST_ANSWERS // len(columns)))).astype(int)
        sizes = _effects(core, data, answers, f"{name}_present", rows)
        largest = np.argsort(-sizes, kind="stable")[:SHOWN]
        shares = [{"column": columns[k].name, "effect": float(sizes[k])} for k in largest]
        effects.append({"input": name, "columns": len(columns), "rows": len(rows), "effects": shares})
        names = ", ".join(repr(share["column"]) for share in shares[:NAMED])
        log(f"of {len(columns):,} {columns[0].kind} columns the answers depend most on {names}")
    return effects


def _effects(core: Core, data: TrainingData, answers: Any, presence: str, rows: np.ndarray) -> np.ndarray:
    """Float [n]: the effect of each of the n columns whose presence is the input `presence`, [rows, n]."""
    parts = [features.batch(rows, False) for features in data.features["validation"]]
    inputs = {name: array for part in parts for name, array in part.items()}
    expected = answers(core.model.predict_on_batch(inputs))  # [rows, outputs]
    n, at_once = inputs[presence].shape[1], max(1, EVALUATION_BATCH // len(rows))
    sizes = np.zeros(n)
    for start in range(0, n, at_once):
        hidden = np.arange(start, min(start + at_once, n))
        copies = {name: np.tile(a, (len(hidden), *[1] * (a.ndim - 1))) for name, a in inputs.items()}
        by_column = copies[presence].reshape(len(hidden), len(rows), n)
        by_column[np.arange(len(hidden)), :, hidden] = 0.0
        moved = answers(core.model.predict_on_batch(copies)).reshape(len(hidden), *expected.shape)
        sizes[hidden] = np.abs(moved - expected).sum(axis=2).mean(axis=1) / 2
    return sizes
