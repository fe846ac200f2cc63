"""A few texts, the bags of their features, and what two bags have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmkeras.features.ragged import Ragged
from mmkeras.modalities.text.features import (
    TextLayers,
    TextSpec,
    TextState,
    adapt_state,
    bags,
    hash_texts,
    new_table,
)

CORPUS = [
    "The cat sat on the mat. The cat sat!",
    "A dog sat on the log; the dog barked, barked and barked again.",
    "中文和英文 the cat 中文中文",
    "don't stop the cat, don't",
    "😀😀 mat 😀",
    "the the the the the the the the",
    "",
    "!!!",
    "a dog and a cat and a mat and a log",
]
RAW = [text.encode() for text in CORPUS]


def adapted(texts: Sequence[str | bytes], **spec: Any) -> tuple[TextState, Ragged]:
    """The state adapted on the texts, and their bags."""
    text_spec = TextSpec(**spec)
    table = new_table(text_spec)
    hashed = hash_texts(texts, text_spec, table)
    state = adapt_state(hashed, text_spec, table)
    return state, bags(hashed, TextLayers(state, "x"))


def dictionaries(rows: Ragged) -> list[dict[int, float]]:
    """Each row as row number -> weight."""
    ends = zip(rows.starts[:-1], rows.starts[1:], strict=True)
    numbers, weights = rows.columns
    return [dict(zip(numbers[a:b].tolist(), weights[a:b].tolist(), strict=True)) for a, b in ends]


def summed(rows: np.ndarray, weights: np.ndarray) -> dict[int, float]:
    """Padded row numbers and weights of one text -> row number -> sum of weights."""
    result: dict[int, float] = {}
    for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
        result[row] = result.get(row, 0.0) + weight
    assert result.pop(0, 0.0) == 0.0  # what is no feature has no weight
    return result


def assert_close(weights: dict[int, float], expected: dict[int, float], tolerance: float = 1e-5) -> None:
    assert weights.keys() == expected.keys()
    for row, weight in expected.items():
        assert math.isclose(weights[row], weight, abs_tol=tolerance), (row, weights[row], weight)
