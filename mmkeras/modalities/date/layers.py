"""The bytes of `2026-11-26 14:30` -> calendar features, inside the graph."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mmkeras.data.dates.calendar import ISO, notation_of
from mmkeras.modalities.date.reading import quotient, read_moment
from mmkeras.modalities.text.exact import Tensor, equal

PARTS = 14
FURTHEST = 10.0  # standard deviations


def calendar(year: Tensor, month: Tensor, day: Tensor, first: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Whole numbers -> days since 1 March of the year `first`, weekday from Monday 0, days since the last 1 March.

    Years begin in March, so that the leap day is the last of its year (Hinnant, chrono-compatible low-level date
    algorithms, 2013).
    """
    early = 1.0 - ops.clip(month - 2.0, 0.0, 1.0)  # January and February
    year = ops.relu(year - early)
    month = month - 3.0 + 12.0 * early
    day_of_year = quotient(153.0 * month + 2.0, 5) + day - 1.0
    leaps = quotient(year, 4) - quotient(year, 100) + quotient(year, 400)
    since_monday = year + leaps + day_of_year + 2.0  # a year has 52 weeks and a day
    days = 365.0 * (year - float(first)) + (leaps - float(leap_days(first))) + day_of_year
    return days, since_monday - 7.0 * quotient(since_monday, 7), day_of_year


def leap_days(year: int) -> int:
    """Leap days from the year 0, which counts as no leap year here, to `year`."""
    return year // 4 - year // 100 + year // 400


def cyclic(x: Tensor, period: float) -> list[Tensor]:
    """The position of x in its period: sine and cosine."""
    angle = x * (2.0 * math.pi / period)
    return [ops.sin(angle), ops.cos(angle)]


@keras.saving.register_keras_serializable("mmkeras")
class DateParts(layers.Layer):
    """Uint8 [b, n_bytes], zero-padded, and present [b, 1] -> float32 [b, 14].

    Zeros where the cell is missing, or is no date of the calendar. The distance from the mean day in deviations, at
    most FURTHEST; the season; the weekday, one-hot; the day of the month; the time of the day, midnight where the cell
    has none. Season, day and time are a sine and a cosine each. Of a time of day alone, all of the day is zeros.
    """

    def __init__(self, mean: float, deviation: float, notation: str = ISO, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.mean, self.deviation, self.notation = mean, deviation, notation_of(notation)
        # days are counted from a year near the mean, so that all constants are small and exact enough in every format
        self.first_year = round(mean / 365.2425)
        self.mean_day = mean - 365 * self.first_year - leap_days(self.first_year)

    def call(self, data: Tensor, present: Tensor) -> Tensor:
        moment = read_moment(data, self.notation)
        time_of_day = (60.0 * moment.hour + moment.minute) * (1.0 / 1440.0)  # a share of the day
        if self.notation.style == "time":
            distance = (time_of_day - self.mean) * (1.0 / self.deviation)
            of_day = [ops.zeros_like(distance)] * 11
        else:
            days, weekday, day_of_year = calendar(moment.year, moment.month, moment.day, self.first_year)
            distance = (days - self.mean_day + time_of_day) * (1.0 / self.deviation)
            of_day = [*cyclic(day_of_year, 365.25), equal(weekday, np.arange(7, dtype="float32")[None])]  # [b, 7]
            of_day += cyclic(moment.day - 1.0, 31.0)
        features = [ops.clip(distance, -FURTHEST, FURTHEST), *of_day, *cyclic(time_of_day, 1.0)]
        return ops.concatenate(features, axis=1) * (present * moment.valid)

    def get_config(self) -> dict[str, Any]:
        config = {"mean": self.mean, "deviation": self.deviation, "notation": self.notation.name}
        return {**super().get_config(), **config}
