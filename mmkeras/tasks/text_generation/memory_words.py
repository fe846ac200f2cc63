"""What the tokens of a memory stand for, so that an attention map can be read: words, places of a picture, seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import keras
import numpy as np
import pandas as pd

from mmkeras.modalities import columns_read
from mmkeras.modalities.text.cells import truncate
from mmkeras.modalities.text.ngram_names import tokens_read
from mmkeras.modalities.text.pretrained.column import PresetColumn, read_ids
from mmkeras.models.seq2seq import Seq2Seq

MISSING: Final = "(missing)"
FRAMES_A_TOKEN: Final = 4  # of a clip: its encoder halves the frames twice


def memory_words(
    seq2seq: Seq2Seq, columns: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]], cells: pd.DataFrame
) -> Callable[[Mapping[str, np.ndarray], int], list[tuple[str, str]]]:
    """A function (features of one row, its number) -> the column and the words of each token of its memory, in order.

    inputs: of the signature. cells: the rows, a column each. A memory of one token for all columns (fusion by
    sum) has no words of its own.
    """
    encoder = seq2seq.encoder
    names = {layer.name for layer in encoder.layers}
    joined = [name for name in columns if f"{name}_missing" in names]
    masks = keras.Model(encoder.input, [encoder.get_layer(f"{name}_missing").output[1] for name in joined])
    specs = {spec["name"]: spec for spec in inputs}

    def words_of(features: Mapping[str, np.ndarray], row: int) -> list[tuple[str, str]]:
        shown = masks(features, training=False)
        lengths = [int(mask.shape[1]) for mask in (shown if isinstance(shown, list) else [shown])]
        memory_length = int(encoder(features, training=False)[1].shape[1])
        if memory_length != sum(lengths):
            return [("", "all columns")] * memory_length
        words: list[tuple[str, str]] = []
        for name, length in zip(joined, lengths, strict=True):
            title, kind = specs[name]["column"], specs[name]["kind"]
            column = columns[name]
            there = bool(np.ravel(features[f"{name}_present"]).max() > 0)
            cell = "" if columns_read(column) else str(cells[title].iloc[row])
            named = token_words(column, kind, title, cell, length) if there else [MISSING] * length
            words += [(title, word) for word in named]
        return words

    return words_of


def token_words(column: Any, kind: str, title: str, cell: str, length: int) -> list[str]:
    """The words of the `length` tokens of one cell: those of a text, places of a picture, seconds of a clip.

    A token behind the text's last one has the word "". What is one token has the name of its column.
    """
    if length == 1:
        return [title]
    words: list[str] = []
    if isinstance(column, PresetColumn):
        ids = read_ids(column, [cell])[0][0].tolist()
        vocabulary = column.preset.vocabulary
        words = [vocabulary[k] if 0 <= k < len(vocabulary) else str(k) for k in ids]
    elif kind == "text":
        spec = column.state.spec
        words = tokens_read(truncate(cell.encode("utf-8", "replace"), spec.max_bytes), spec)
    elif kind == "image":
        side = math.isqrt(length)
        if side * side == length:
            words = [f"row {k // side + 1}, column {k % side + 1}" for k in range(length)]
    elif kind == "audio":
        step = FRAMES_A_TOKEN * column.spec.hop / column.spec.rate
        words = [f"{k * step:.2f} s" for k in range(length)]
    elif len(columns_read(column)) == length:
        words = [c.name for c in columns_read(column)]
    if not words and kind != "text":
        words = [f"{title} {k + 1}" for k in range(length)]
    return [*words, *[""] * length][:length]
