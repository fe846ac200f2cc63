"""A column of dates in the model: the cell's bytes are read inside the graph; one token."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mmkeras.config import Config
from mmkeras.dates import DATE_BYTES, DATE_FORMAT, DATE_PATTERN
from mmkeras.encoded import Encoded, Shape
from mmkeras.inputs import Input, Serving
from mmkeras.modalities.tabular.date import PARTS, DateParts, DateState, adapt
from mmkeras.modalities.tabular.number import encode_number
from mmkeras.modalities.text.cells import encode_cells
from mmkeras.modalities.text.serving import TEXT_FACTS, text_bytes
from mmkeras.sides import ArraySide

Tensor = Any
CHUNK = 2**16  # cells that are read at once


@dataclass(frozen=True)
class DateColumn:
    """A date column that has seen its training rows."""

    name: str
    state: DateState

    def entry(self) -> dict[str, Any]:
        return {"state": asdict(self.state)}

    def save(self, folder: Path) -> None:
        """Two numbers stand in schema.json."""

    def input(self, column: str) -> Input:
        facts = {"encoding": TEXT_FACTS["encoding"], "format": DATE_FORMAT, "max_bytes": DATE_BYTES}
        return Input(
            self.name, column, "date", "uint8", ("n_bytes",), facts, serving=Serving(self.name, "string", read_served)
        )

    def parts(self) -> DateParts:
        """The layer of the graph, which also makes the features."""
        return DateParts(**asdict(self.state), name=f"{self.name}_parts")

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        return {f"{self.name}_calendar": self.parts()(raw, present)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_calendar"
        return {name: keras.Input((PARTS,), dtype="float32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> None:
        return None

    def encode(self, features: dict[str, Tensor], shape: Shape) -> Encoded:
        return encode_number(features[f"{self.name}_calendar"], shape.width, self.name)


def learn(
    name: str, cells: dict[str, list[str]], rule: None, config: Config, folder: Path, say: Any
) -> tuple[DateColumn, dict[str, ArraySide]]:
    """Mean and deviation of the training rows' days; what a calendar knows of every row."""
    column = DateColumn(name, adapt(cells["train"]))
    layer = column.parts()
    sides = {}
    for side, some in cells.items():
        raw = [cell.strip()[:DATE_BYTES] for cell in some]
        distinct = {cell: k for k, cell in enumerate(dict.fromkeys(raw))}
        there = np.array([[bool(cell) for cell in distinct]], "float32").T  # [1, distinct] -> [distinct, 1]
        parts = [  # some at a time: what lies between takes a hundred times the bytes
            np.asarray(layer(encode_cells(list(distinct)[k : k + CHUNK], DATE_BYTES), there[k : k + CHUNK]))
            for k in range(0, len(distinct), CHUNK)
        ]
        values = np.concatenate([np.zeros((0, PARTS), "float32"), *parts])  # [distinct, 14]
        sides[side] = ArraySide({f"{name}_calendar": values[[distinct[cell] for cell in raw]]})
    return column, sides


def load(entry: dict[str, Any], folder: Path) -> DateColumn:
    """Rebuild it from its part of schema.json."""
    return DateColumn(entry["name"], DateState(**entry["state"]))


def read_served(text: Tensor) -> tuple[Tensor, Tensor]:
    """String [b] -> uint8 [b, n] and presence float32 [b, 1]: what is no date is missing."""
    text = tf.strings.strip(text)
    there = tf.strings.regex_full_match(text, DATE_PATTERN)
    return text_bytes(text, DATE_BYTES), tf.cast(there, tf.float32)[:, None]
