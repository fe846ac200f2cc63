"""The category modality: a cell's bytes as a whole -> a row of a table, inside the graph; unknown ones share a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mmkeras.config.config import Config
from mmkeras.features.column_features import ArraySide
from mmkeras.graph import Input, Serving
from mmkeras.modalities.encoded import Encoded, Shape
from mmkeras.modalities.text.cells import encode_cell, encode_cells
from mmkeras.modalities.text.exact import Tensor, look_up, modulo, places
from mmkeras.modalities.text.hashing.tokenizer import BASES, LONGEST, PRIMES, power_tables
from mmkeras.modalities.text.hashing.vocabulary import LookUp, Vocabulary, build_vocabulary
from mmkeras.modalities.text.serving import TEXT_FACTS, read_texts, stripped

MAX_BYTES = 256
MISSING, UNKNOWN, FIRST_KNOWN = 0, 1, 2  # row numbers


def hash_cell(cell: str) -> int:
    """A cell's key, as the graph computes it: the polynomial hash of its bytes modulo both primes."""
    raw = encode_cell(cell, MAX_BYTES)
    h1, h2 = (
        sum(byte * pow(base, i, prime) for i, byte in enumerate(raw)) % prime
        for prime, base in zip(PRIMES.ravel().astype(int).tolist(), BASES, strict=True)
    )
    return int(h1) * 4096 + int(h2)


def adapt(cells: Sequence[str], min_rows: int) -> tuple[Vocabulary, tuple[str, ...]]:
    """The values of at least `min_rows` training rows, the most frequent first, as a Vocabulary and as words.

    Of two values with one hash (one pair in 16 million) the rarer one is unknown.
    """
    counts = Counter(cell.strip() for cell in cells if cell.strip())
    values: dict[int, str] = {}
    for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if count >= min_rows:
            values.setdefault(hash_cell(value), value)
    vocabulary = build_vocabulary(np.array(list(values), "int64"))
    return vocabulary, tuple(values[int(key)] for key in vocabulary.keys)


class HashBytes(layers.Layer):
    """Uint8 [b, n_bytes], zeros behind -> float32 [2, b, 1], both hashes of the whole, and [b, 1], 1.0 if not empty."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.powers = power_tables(LONGEST + 1)[0][:, 1:]  # from base ** 0

    def call(self, data: Tensor) -> tuple[Tensor, Tensor]:
        b = ops.cast(data, "float32")
        power = look_up(self.powers, places(b), axis=1)  # [2, 1, n_bytes]
        terms = modulo(b * power, PRIMES)  # a byte times 12 bits: below 2**20
        return modulo(ops.sum(terms, axis=2, keepdims=True), PRIMES), ops.minimum(b[:, :1], 1.0)


class CategoryRows(layers.Layer):
    """Uint8 [b, n_bytes] -> int32 [b, 1]: the row of the cell's value."""

    def __init__(self, vocabulary: Vocabulary, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.hash, self.look_up = HashBytes(), LookUp(vocabulary, unknown_buckets=1)

    def call(self, data: Tensor) -> Tensor:
        return ops.cast(self.look_up(*self.hash(data)), "int32")


def encode_category(rows: Any, n_values: int, width: int, name: str) -> Encoded:
    """Int32 [b, 1] row numbers -> one token, [b, 1, width]."""
    tokens = layers.Embedding(FIRST_KNOWN + n_values, width, name=f"{name}_values")(rows)
    return Encoded(tokens, keras.ops.ones_like(tokens[:, :, 0]))


@dataclass(frozen=True)
class CategoryColumn:
    """values: those that are known, by row number."""

    name: str
    vocabulary: Vocabulary
    values: tuple[str, ...]

    def entry(self) -> dict[str, Any]:
        return {"values": list(self.values)}

    def save(self, folder: Path) -> None:
        v = self.vocabulary
        np.savez(folder / f"{self.name}.npz", cells=v.cells, keys=v.keys, bits=v.bits)

    def input(self, column: str) -> Input:
        facts = {**TEXT_FACTS, "max_bytes": MAX_BYTES, "values": list(self.values)}
        serving = Serving(self.name, "string", lambda text: read_texts(stripped(text), MAX_BYTES))
        return Input(self.name, column, "category", "uint8", ("n_bytes",), facts, serving=serving)

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        return {f"{self.name}_row": CategoryRows(self.vocabulary, name=f"{self.name}_rows")(raw)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_row"
        return {name: keras.Input((1,), dtype="int32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> Any:
        return ops.expand_dims(features[f"{self.name}_row"], 1)  # [b, 1] -> [b, 1, 1]

    def encode(self, features: dict[str, Tensor], shape: Shape) -> Encoded:
        return encode_category(features[f"{self.name}_row"], len(self.values), shape.width, self.name)


def learn(
    name: str, cells: dict[str, list[str]], rule: None, config: Config, folder: Path, say: Any
) -> tuple[CategoryColumn, dict[str, ArraySide]]:
    """The values of at least `min_rows` training rows; the row number of every cell."""
    column = CategoryColumn(name, *adapt(cells["train"], config.text.min_rows))
    layer = CategoryRows(column.vocabulary)
    sides = {}
    for side, some in cells.items():
        distinct = {cell: k for k, cell in enumerate(dict.fromkeys(some))}
        rows = np.asarray(layer(encode_cells([cell.strip() for cell in distinct], MAX_BYTES)))  # [distinct, 1]
        sides[side] = ArraySide({f"{name}_row": rows[[distinct[cell] for cell in some]]})
    say(f"{name}: {len(column.values)} values known")
    return column, sides


def load(entry: dict[str, Any], folder: Path) -> CategoryColumn:
    """Rebuild it from its part of schema.json and its arrays."""
    with (folder / f"{entry['name']}.npz").open("rb") as file, np.load(file, allow_pickle=False) as data:
        vocabulary = Vocabulary(data["cells"], data["keys"], int(data["bits"]))
    return CategoryColumn(entry["name"], vocabulary, tuple(entry["values"]))
