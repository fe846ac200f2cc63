"""A model that predicts rows, as Python calls it: rows as dicts, a DataFrame or a file. NumPy alone for rows."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from mmkeras.errors import InputError
from mmkeras.graph import PRESENCE, InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.answering import finite
from mmkeras.runtime.contract import decided
from mmkeras.runtime.feeds import to_arrays, with_tokenizers
from mmkeras.runtime.only_text import OnlyText, only_text
from mmkeras.runtime.python_rows import Row, as_row, cells_of_rows, column_specs, values_of_rows
from mmkeras.runtime.runners import Runner
from mmkeras.system.packages import missing_named
from mmkeras.system.progress import Log

if TYPE_CHECKING:
    import pandas as pd

AT_ONCE = 32  # rows in one call of the runtime
SHOWN = 10  # classes in a Prediction's text, the most probable ones


@dataclass(frozen=True)
class Prediction:
    """The prediction for one row.

    label: the class; for several labels those that hold, `a|b`; for numbers their text.
    probability: of the class; of the least certain label; 1.0 for numbers.
    probabilities: class or label -> probability; {} for numbers. values: target column -> number; {} for classes.
    """

    label: str
    probability: float
    probabilities: dict[str, float] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)

    def __repr__(self) -> str:
        parts = [f"label={self.label!r}", f"probability={self.probability:.4g}"]
        for name, numbers in (("probabilities", self.probabilities), ("values", self.values)):
            first = sorted(numbers, key=lambda key: -numbers[key])[:SHOWN] if len(numbers) > SHOWN else list(numbers)
            shown = [f"{key!r}: {numbers[key]:.4g}" for key in first] + ["…"] * (len(numbers) > SHOWN)
            parts += [f"{name}={{{', '.join(shown)}}}"] if numbers else []
        return f"Prediction({', '.join(parts)})"


@dataclass(frozen=True)
class Predictor:
    """A model that predicts rows: call it with a row, or `predict` a table.

    runner: runs the graph. path: its artefact; files of tokenizers lie there or above.
    """

    runner: Runner
    path: Path

    def __repr__(self) -> str:
        return f"<Predictor {self.path}: {', '.join(self.columns)} -> {self.signature['target']}>"

    @property
    def signature(self) -> dict[str, Any]:
        """The graph's contract: inputs, outputs, labels, task, target."""
        return self.runner.signature

    @property
    def inputs(self) -> list[InputSpec]:
        """The graph's inputs, with the folders of tokenizers that run before the graph."""
        return with_tokenizers(self.signature["inputs"], [self.path, *self.path.parents[:3]])

    @property
    def columns(self) -> dict[str, str]:
        """Column that a row may have -> its kind: text, image, audio, number, category, date."""
        return {name: str(spec["kind"]) for name, spec in column_specs(self.signature["inputs"]).items()}

    @property
    def labels(self) -> list[str]:
        """The classes or labels, in the order of the model's outputs; [] for numbers."""
        return list(self.signature["labels"])

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a text is a sequence of texts, too, and is one row
        self, row: Row | str | pd.Series[Any], media_root: str | Path = ".", allow_outside: bool = False
    ) -> Prediction: ...

    @overload
    def __call__(
        self, row: Sequence[Row | str | pd.Series[Any]], media_root: str | Path = ".", allow_outside: bool = False
    ) -> list[Prediction]: ...

    def __call__(self, row: Any, media_root: str | Path = ".", allow_outside: bool = False) -> Any:
        """Predict one row, column -> value, or each row of a list; a text alone where the model reads one text column.

        A value is what a table's cell is: a text; a number; a date, datetime or text of one; None or NaN where it is
        missing. A picture: a path, the bytes of a file, a PIL image, or an array [height, width] or [height, width, 3]
        of whole numbers 0 … 255 or fractions 0.0 … 1.0. A clip: a path, bytes, or (samples, rate).
        A path as text is relative to `media_root` and leaves it only with `allow_outside`; a pathlib.Path may lie
        anywhere. Raises InputError for an unknown column, an absent one that the model needs, a value that cannot be
        read, or an answer that is no number.
        """
        if (only := self._only_text) is not None and (text := only.text_of(row)) is not None:
            return self.prediction(finite(only(text), self.path))
        return self._answer(row, MediaRoot(str(media_root), allow_outside))

    @functools.cached_property
    def _only_text(self) -> OnlyText | None:
        return only_text(self.runner)

    @missing_named()
    def _answer(self, row: Any, root: MediaRoot) -> Any:
        if isinstance(row, list | tuple):
            return list(self._predictions(row, root))
        return next(self._predictions([row], root))

    def _predictions(self, items: Sequence[Any], root: MediaRoot) -> Iterator[Prediction]:
        inputs = self.inputs
        output = self.signature["outputs"][0]["name"]
        columns = column_specs(inputs)
        for start in range(0, len(items), AT_ONCE):
            rows = [as_row(item, columns) for item in items[start : start + AT_ONCE]]
            cells = cells_of_rows(rows, inputs, root.folder, self.signature["targets"]["names"])
            self._check_complete(rows, list(columns))
            values = values_of_rows(rows, cells, inputs, root)
            answers = self.runner(to_arrays(values, inputs, range(len(rows))), [output])[output]
            yield from map(self.prediction, finite(answers, self.path))

    def _check_complete(self, rows: Sequence[Row], columns: Sequence[str]) -> None:
        """Raise InputError for a row that does not name a column, unless the model learned to do without."""
        if any(input_spec["kind"] == PRESENCE for input_spec in self.signature["inputs"]):
            return
        absent = next((name for row in rows for name in columns if name not in row), None)
        if absent is not None:
            raise InputError(f"{absent!r}: expected a cell of each column: {', '.join(columns)}.")

    def prediction(self, outputs: np.ndarray) -> Prediction:
        """One row of the graph's first output, float32 [outputs], as a Prediction."""
        labels = self.signature["labels"]
        words, confidence = decided(self.signature, outputs[None])
        numbers = outputs.tolist()
        if labels:
            return Prediction(words[0], float(confidence[0]), dict(zip(labels, numbers, strict=True)))
        names = self.signature["targets"]["names"]
        return Prediction(words[0], float(confidence[0]), values=dict(zip(names, numbers, strict=True)))

    @missing_named()
    def predict(
        self,
        table: pd.DataFrame | Sequence[Row | str | pd.Series[Any]] | str | Path,
        media_root: str | Path | None = None,
        allow_outside: bool = False,
        log: Log = print,
        **reading: Any,
    ) -> pd.DataFrame:
        """Predict every row of a DataFrame, a list of rows, or a file: a row out for each row in, in its order.

        Returns the columns `prediction`, `probability` and a column for each class; for numbers `prediction`, or
        `prediction NAME` of several. The index is that of the frame. A cell that cannot be read counts as missing, and
        is logged. media_root: as of a call; None: the folder of the file, for a frame the current one. reading: fields
        of `Dialect`, such as `encoding`. Raises InputError for a file or a column that is absent.
        """
        from mmkeras.runtime.tables import predict_table

        return predict_table(self.runner, self.path, table, self.columns, media_root, allow_outside, log, **reading)
