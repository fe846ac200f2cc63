"""Rows of other lengths than the held-out ones: texts made of them, longer than a model reads, at its limit, and empty.

A client may send any of these to an artefact, in one batch. The trained model answers them cut as a Python client cuts
them; the artefact gets them whole.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmkeras.graph import InputSpec
from mmkeras.modalities.text.cells import encode_cell, truncate
from mmkeras.runtime.feeds import Values, columns_of

PIECES = "pieces"  # the kind of a language model's tokens, which no column has
LONG, HELD_OUT = 3, 3  # rows that are longer than is read, with any bytes at the cut; rows as they are
ON_THE_CUT = [(char.encode(), k) for char in "é中😀" for k in range(1, len(char.encode()))]  # k bytes before the cut
EMPTY = LONG + len(ON_THE_CUT)  # the number of the empty row
ROWS = EMPTY + 1 + 3 + HELD_OUT  # after the empty row: a byte less than the limit, the limit, a byte more


def any_length(inputs: Sequence[InputSpec]) -> list[InputSpec]:
    """The columns whose cells may have any length: texts, categories, ids of an external tokenizer."""
    return [i for i in columns_of(inputs) if "any_length" in i and i["kind"] != PIECES]


def rows_of_other_lengths(values: Values, inputs: Sequence[InputSpec], count: int) -> dict[str, list[Any]]:
    """ROWS values of each input, whole; of other inputs the held-out ones. {} where no input may have any length.

    values: of `count` held-out rows, see `runtime.feeds`.
    """
    free = [input_spec["name"] for input_spec in any_length(inputs)]
    if not free or not count:
        return {}
    made: dict[str, list[Any]] = {}
    starts = evenly_spaced(np.arange(count), ROWS)
    for input_spec in columns_of(inputs):
        cells = values[input_spec["name"]]
        held_out = [cells[starts[k % len(starts)]] for k in range(ROWS)]
        if input_spec["name"] not in free:
            made[input_spec["name"]] = held_out
        elif "padding" in input_spec:
            made[input_spec["name"]] = [*other_ids(cells, input_spec["max_tokens"]), *held_out[-HELD_OUT:]]
        else:
            raw = [cell or b"" for cell in cells]
            made[input_spec["name"]] = [*other_texts(raw, input_spec["max_bytes"]), *held_out[-HELD_OUT:]]
    return made


def other_texts(cells: Sequence[bytes], max_bytes: int) -> list[bytes]:
    """ROWS - HELD_OUT texts: longer ones, an empty one, those around the limit."""
    around = [joined(cells, 0, max_bytes)[: max_bytes + more] for more in (-1, 0, 1)]
    return [*long_texts(cells, max_bytes), b"", *around]


def other_ids(cells: Sequence[Any], max_tokens: int) -> list[np.ndarray]:
    """As `other_texts`, of token ids int32 [n]."""
    ids = np.concatenate([np.zeros(0, "int32"), *(cell for cell in cells if cell is not None)])
    ids = np.resize(ids, 3 * max_tokens) if len(ids) else np.zeros(3 * max_tokens, "int32")
    sizes = [2 * max_tokens + k for k in range(EMPTY)] + [0, max_tokens - 1, max_tokens, max_tokens + 1]
    return [ids[:size].astype("int32") for size in sizes]


def long_texts(cells: Sequence[bytes], max_bytes: int) -> list[bytes]:
    """Texts longer than `max_bytes`: with any bytes at the cut, and with each kind of character across the cut."""
    starts = evenly_spaced(np.arange(len(cells)), LONG)
    texts = [joined(cells, starts[k % len(starts)], 2 * max_bytes) for k in range(LONG)]
    for k, (char, before) in enumerate(ON_THE_CUT):
        text, end = joined(cells, starts[k % len(starts)], max_bytes), max_bytes - before
        texts.append(truncate(text, end).ljust(end) + char + text)
    return texts


def joined(cells: Sequence[bytes], start: int, n_bytes: int) -> bytes:
    """The texts from row `start` on, joined until they have more than `n_bytes` bytes."""
    parts = itertools.cycle([*cells[start:], *cells[:start], b"x"])
    text = next(parts)
    while len(text) <= n_bytes:
        text += b" " + next(parts)
    return text


def evenly_spaced(index: np.ndarray, count: int) -> np.ndarray:
    """At most `count` of the numbers, evenly spaced, with the first and the last."""
    return index[np.linspace(0, len(index) - 1, min(count, len(index))).astype(int)]


def as_a_client_cuts(values: Mapping[str, Sequence[Any]], inputs: Sequence[InputSpec]) -> dict[str, list[Any]]:
    """The values within the limits of their inputs."""
    cut = {name: list(cells) for name, cells in values.items()}
    for input_spec in any_length(inputs):
        name = input_spec["name"]
        if "padding" in input_spec:
            cut[name] = [ended(ids, input_spec) for ids in cut[name]]
        else:
            cut[name] = [encode_cell(cell or b"", input_spec["max_bytes"]) for cell in cut[name]]
    return cut


def ended(ids: Any, input_spec: InputSpec) -> Any:
    """Token ids within `max_tokens`; the id that ends a text takes the last place of a longer one."""
    limit, end = input_spec["max_tokens"], input_spec.get("end")
    if ids is None or len(ids) <= limit:
        return ids
    return ids[:limit] if end is None else np.append(ids[: limit - 1], np.int32(end))
