"""The bytes of many date columns -> calendar features, inside the graph: columns of one notation are read together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from mmkeras.data.dates.calendar import notation_of
from mmkeras.modalities.date.layers import FURTHEST, calendar, cyclic, leap_days
from mmkeras.modalities.date.reading import Moment, read_moment
from mmkeras.modalities.date.serving import read_served
from mmkeras.modalities.date.spec import DateState
from mmkeras.modalities.text.exact import Tensor, equal

DAYS_OF_A_YEAR = 365.2425


def by_notation(notations: Sequence[str]) -> dict[str, list[int]]:
    """Notation -> the numbers of the columns that it holds for."""
    groups: dict[str, list[int]] = {}
    for k, notation in enumerate(notations):
        groups.setdefault(notation, []).append(k)
    return groups


def picked(tensor: Tensor, columns: Sequence[int]) -> Tensor:
    """The columns of a tensor [b, n, …], in this order."""
    n = tensor.shape[1]
    return tensor if list(columns) == list(range(n)) else tf.gather(tensor, np.array(columns, "int32"), axis=1)


def joined(parts: Sequence[Tensor], groups: Sequence[Sequence[int]]) -> Tensor:
    """The inverse of `picked` for all groups: parts [b, g, …] -> [b, n, …], in the order of the columns."""
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate(groups))
    return tf.gather(tf.concat(parts, axis=1), order.astype("int32"), axis=1)


@keras.saving.register_keras_serializable("mmkeras")
class DateBlockParts(layers.Layer):
    """Uint8 [b, n, n_bytes], zero-padded, and present [b, n] -> float32 [b, n, 14]: `DateParts` of every column."""

    def __init__(self, states: Sequence[DateState], notations: Sequence[str], **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.states, self.notations, self.groups = list(states), list(notations), by_notation(notations)

    def call(self, data: Tensor, present: Tensor) -> Tensor:
        parts = [self._group(name, columns, data, present) for name, columns in self.groups.items()]
        return joined(parts, list(self.groups.values()))

    def get_config(self) -> dict[str, Any]:
        states = [asdict(state) for state in self.states]
        return {**super().get_config(), "states": states, "notations": self.notations}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DateBlockParts:
        return cls(**{**config, "states": [DateState(**state) for state in config["states"]]})

    def _group(self, name: str, columns: list[int], data: Tensor, present: Tensor) -> Tensor:
        notation = notation_of(name)
        cells = picked(data, columns)
        flat = tf.reshape(cells, tf.stack([-1, tf.shape(cells)[2]]))  # [b, g, n_bytes] -> [b * g, n_bytes]
        moment = read_moment(flat, notation)
        fields = {key: ops.reshape(value, (-1, len(columns))) for key, value in vars(moment).items()}  # [b, g] each
        features = calendar_features(Moment(**fields), [self.states[k] for k in columns], notation.style)
        there = picked(present, columns) * fields["valid"]
        return ops.concatenate(features, axis=2) * ops.expand_dims(there, 2)


def calendar_features(moment: Moment, states: Sequence[DateState], style: str) -> list[Tensor]:
    """The features of `DateParts`, float32 [b, g, …] each, of the moments [b, g] of g columns."""
    mean = np.array([[state.mean for state in states]])  # [1, g]
    inverse = (1.0 / np.array([[state.deviation for state in states]])).astype("float32")
    time_of_day = (60.0 * moment.hour + moment.minute) * (1.0 / 1440.0)  # a share of the day
    if style == "time":
        distance = (time_of_day - mean.astype("float32")) * inverse
        of_day = [ops.expand_dims(ops.zeros_like(distance), 2)] * 11
    else:
        first_year = round(float(np.median(mean)) / DAYS_OF_A_YEAR)
        mean_day = mean - 365 * first_year - leap_days(first_year)
        whole = np.round(mean_day)  # of columns that are decades apart: whole numbers are subtracted exactly
        days, weekday, day_of_year = calendar(moment.year, moment.month, moment.day, first_year)
        distance = ((days - whole.astype("float32")) + (time_of_day - (mean_day - whole).astype("float32"))) * inverse
        weekdays = equal(ops.expand_dims(weekday, 2), np.arange(7, dtype="float32")[None, None])  # [b, g, 7]
        of_day = [*_columns(cyclic(day_of_year, 365.25)), weekdays, *_columns(cyclic(moment.day - 1.0, 31.0))]
    first = ops.clip(distance, -FURTHEST, FURTHEST)
    return [*_columns([first]), *of_day, *_columns(cyclic(time_of_day, 1.0))]


def _columns(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [ops.expand_dims(tensor, 2) for tensor in tensors]  # [b, g] -> [b, g, 1]


def read_served_block(texts: Tensor, notations: Sequence[str]) -> tuple[Tensor, Tensor]:
    """String [b, n] -> uint8 [b, n, n_bytes] and presence float32 [b, n], each column read in its notation."""
    raws, presences = [], []
    groups = by_notation(notations)
    for name, columns in groups.items():
        raw, present = read_served(tf.reshape(picked(texts, columns), [-1]), name)  # [b * g, n_bytes], [b * g, 1]
        raws.append(tf.reshape(raw, tf.stack([-1, len(columns), tf.shape(raw)[1]])))
        presences.append(tf.reshape(present, [-1, len(columns)]))
    longest = tf.reduce_max(tf.stack([tf.shape(raw)[2] for raw in raws]))
    padded = [tf.pad(raw, [[0, 0], [0, 0], [0, longest - tf.shape(raw)[2]]]) for raw in raws]
    return joined(padded, list(groups.values())), joined(presences, list(groups.values()))
