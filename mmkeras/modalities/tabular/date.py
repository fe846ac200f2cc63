"""The date modality: the bytes of `2026-11-26 14:30` -> what a calendar knows of that time, inside the graph."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from mmkeras.config.config import Config
from mmkeras.data.dates import DATE_BYTES, DATE_FORMAT, DATE_PATTERN
from mmkeras.features.column_features import ArraySide
from mmkeras.graph import Input, Serving
from mmkeras.modalities.encoded import Encoded, Shape
from mmkeras.modalities.tabular.number import encode_number
from mmkeras.modalities.text.cells import encode_cells
from mmkeras.modalities.text.exact import Tensor, equal
from mmkeras.modalities.text.serving import TEXT_FACTS, text_bytes

CHUNK = 2**16  # cells that are read at once

PARTS = 14
FURTHEST = 10.0  # standard deviations
BEFORE_ORDINAL = 305  # days from 1 March of the year 0 to the day before Python's day 1
# The places of year, month, day, hour and minute, times what each digit counts: [5, 16]
DIGITS = np.zeros((5, DATE_BYTES), "float32")
DIGITS[0, :4] = 1000, 100, 10, 1
for part, first in enumerate((5, 8, 11, 14), 1):
    DIGITS[part, first : first + 2] = 10, 1


@dataclass(frozen=True)
class DateState:
    """What a date column learned from its training rows: mean and standard deviation, in days since 1 March 0."""

    mean: float
    deviation: float


def adapt(cells: Sequence[str]) -> DateState:
    """Mean and standard deviation of the days that are there; 0, 1 where none is."""
    days = [datetime.date.fromisoformat(cell.strip()[:10]).toordinal() for cell in cells if cell.strip()]
    if not days:
        return DateState(0.0, 1.0)
    return DateState(float(np.mean(days)) + BEFORE_ORDINAL, max(1.0, float(np.std(days))))


def quotient(x: Tensor, divisor: int) -> Tensor:
    """Whole numbers x >= 0, at most some thousand times the divisor -> floor(x / divisor), exact in every runtime."""
    return ops.floor((x + 0.5) * (1.0 / divisor))


def calendar(year: Tensor, month: Tensor, day: Tensor, first: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Whole numbers -> days since 1 March of the year `first`, weekday from Monday 0, days since the last 1 March.

    Years begin in March, so that the leap day is the last of its year (Hinnant, chrono-compatible low-level date
    algorithms, 2013).
    """
    early = 1.0 - ops.clip(month - 2.0, 0.0, 1.0)  # January and February
    year = ops.relu(year - early)
    month = month - 3.0 + 12.0 * early
    of_year = quotient(153.0 * month + 2.0, 5) + day - 1.0
    leaps = quotient(year, 4) - quotient(year, 100) + quotient(year, 400)
    since_monday = year + leaps + of_year + 2.0  # a year has 52 weeks and a day
    days = 365.0 * (year - float(first)) + (leaps - float(leap_days(first))) + of_year
    return days, since_monday - 7.0 * quotient(since_monday, 7), of_year


def leap_days(year: int) -> int:
    """From the year 0, which is none here, to this one."""
    return year // 4 - year // 100 + year // 400


def around(x: Tensor, period: float) -> list[Tensor]:
    """Where in a circle: sine and cosine."""
    angle = x * (2.0 * math.pi / period)
    return [ops.sin(angle), ops.cos(angle)]


class DateParts(layers.Layer):
    """Uint8 [b, n_bytes], zeros behind, and present [b, 1] -> float32 [b, 14]; zeros where nothing is there.

    The distance from the mean day in deviations, at most FURTHEST; the season; which of seven weekdays; the day of the
    month; the time of the day, midnight where the cell has none. What goes round is a sine and a cosine.
    """

    def __init__(self, mean: float, deviation: float, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.mean, self.deviation = mean, deviation
        # counted from a year near the mean, all constants are small: no format's precision is too coarse for them
        self.first = round(mean / 365.2425)
        self.beyond = mean - 365 * self.first - leap_days(self.first)

    def call(self, data: Tensor, present: Tensor) -> Tensor:
        b = ops.pad(ops.cast(data, "float32"), [[0, 0], [0, DATE_BYTES]])[:, :DATE_BYTES]  # [b, 16]
        digits = ops.clip(b - float(ord("0")), 0.0, 9.0)
        parts = ops.sum(ops.expand_dims(digits, 1) * DIGITS, axis=2)  # [b, 1, 16] x [5, 16] -> [b, 5]
        year, month, day, hour, minute = ops.split(parts, 5, axis=1)  # [b, 1] each
        days, weekday, of_year = calendar(year, month, day, self.first)
        share = (60.0 * hour + minute) * (1.0 / 1440.0)
        distance = (days - self.beyond + share) * (1.0 / self.deviation)
        found = [ops.clip(distance, -FURTHEST, FURTHEST), *around(of_year, 365.25)]
        found += [equal(weekday, np.arange(7, dtype="float32")[None])]  # [b, 7]
        found += [*around(day - 1.0, 31.0), *around(share, 1.0)]
        return ops.concatenate(found, axis=1) * present

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "deviation": self.deviation}


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
