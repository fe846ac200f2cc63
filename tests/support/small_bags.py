"""A few texts, the bags of their features, and what two bags have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from mmkeras.features.ragged import Ragged, concatenate
from mmkeras.modalities.text.document_frequency import DocumentFrequencies
from mmkeras.modalities.text.features import (
    HashedTexts,
    TextLayers,
    TextSpec,
    TextState,
    hash_texts,
    length_batches,
    new_table,
    state_of,
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


def adapt_state(texts: HashedTexts, spec: TextSpec, table: np.ndarray) -> TextState:
    """Choose the vocabulary: the features of at least `min_rows` rows, the most frequent first, and their idf."""
    pairs = np.unique(texts.keys.row_numbers() << 32 | texts.keys.columns[0].astype("uint32"))
    counted = DocumentFrequencies(Path())
    counted.add((pairs & (2**32 - 1)).astype("uint32"), len(texts.keys))
    return state_of(counted, spec, table)


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


def bags(texts: HashedTexts, layers: TextLayers) -> Ragged:
    """The bag of every text, by the graph's layers: int32 rows, float32 weights; equal rows merged, without row 0."""

    def bag(keys: Any, used: Any) -> Any:  # int32 and float32 [B, F]
        if layers.version > 1:
            return layers.weighed(keys)
        high = keys // 4096
        return layers.first_weighed(tf.cast(tf.stack([high, keys - 4096 * high]), "float32"), used)

    traced = tf.function(bag, input_signature=[tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, None))])
    parts, order = [], []
    for batch in length_batches(4 * texts.keys.lengths + 1):
        batch_keys = texts.keys.take(batch)
        (keys,) = batch_keys.padded()
        used = np.arange(keys.shape[1]) < batch_keys.lengths[:, None]
        rows, weights = (x.numpy() for x in traced(keys.view("int32"), used.astype("float32")))
        parts.append(_merge_equal(rows, weights))
        order.append(batch)
    return concatenate(parts).take(np.argsort(np.concatenate(order)))


def _merge_equal(rows: np.ndarray, weights: np.ndarray) -> Ragged:
    """[B, F] rows and weights -> each text's distinct rows with the sums of their weights, without row 0."""
    text, column = np.nonzero(rows)
    pairs = text << 32 | rows[text, column]
    order = np.argsort(pairs)
    pairs = pairs[order]
    first = np.flatnonzero(np.diff(pairs, prepend=-1))
    sums = np.add.reduceat(weights[text, column][order], first) if len(first) else np.empty(0, "float32")
    starts = np.searchsorted(pairs[first], np.arange(len(rows) + 1) << 32)
    return Ragged(starts, ((pairs[first] & (2**32 - 1)).astype("int32"), sums.astype("float32")))
