"""How long the conversions of an export take: from those that are done, the time of those that are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mmkeras.system.progress import SILENT, about

WORK: Final = {"savedmodel": 1.0, "tflite": 2.6, "onnx": 1.5}
"""Format -> how long its conversion takes, relative to the others: measured on texts, and on pictures and clips."""


class Estimates:
    """The conversions of one export. names: the format of each, in their order."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names, self.seconds = names, list[float]()

    def done(self, seconds: float) -> None:
        """Note the duration of the next conversion."""
        self.seconds.append(seconds)

    @property
    def next(self) -> float | None:
        """Seconds that the next conversion will take; None before the first one is done."""
        return self._seconds_of(self.names[len(self.seconds) :][:1])

    def rest(self) -> str:
        """`; about 20 s for tflite and onnx`; '' where little is left."""
        names = self.names[len(self.seconds) :]
        seconds = self._seconds_of(names) or 0.0
        return f"; {about(seconds)} for {' and '.join(dict.fromkeys(names))}" if seconds >= SILENT else ""

    def _seconds_of(self, names: Sequence[str]) -> float | None:
        if not self.seconds or not names:
            return None
        unit = sum(self.seconds) / sum(WORK.get(name, 1.0) for name in self.names[: len(self.seconds)])
        return unit * sum(WORK.get(name, 1.0) for name in names)
