"""A model that predicts rows, as Python calls it: a row as a dict, or a file. NumPy alone until a file is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmkeras.data.columns.column import Column
from mmkeras.data.values.raw_cell import read_raw
from mmkeras.errors import BadCell, InputError
from mmkeras.graph import PRESENCE, InputSpec, columns_in
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.answering import finite
from mmkeras.runtime.contract import decided
from mmkeras.runtime.feeds import column_names, columns_of, read_cells, to_arrays, with_tokenizers
from mmkeras.runtime.runners import Runner
from mmkeras.system.packages import missing_named

if TYPE_CHECKING:
    import pandas as pd


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


@dataclass(frozen=True)
class Predictor:
    """A Runner of a model that answers with numbers. path: its artefact; files of tokenizers lie there or above."""

    runner: Runner
    path: Path

    @property
    def signature(self) -> dict[str, Any]:
        """The graph's contract: inputs, outputs, labels, task, target."""
        return self.runner.signature

    @property
    def inputs(self) -> list[InputSpec]:
        """The graph's inputs, with the folders of tokenizers that run before the graph."""
        return with_tokenizers(self.signature["inputs"], [self.path, *self.path.parents[:3]])

    @missing_named()
    def __call__(self, row: Mapping[str, Any], media_root: str = ".", allow_outside: bool = False) -> Prediction:
        """Predict one row: column -> cell, as it would stand in a CSV; numbers may be numbers, None is a missing cell.

        Relative paths of pictures and clips start at `media_root` and may leave it with `allow_outside`.
        Raises InputError for an unknown column, a missing column that the model needs, a cell that cannot be read, or
        an answer that is no number.
        """
        inputs = self.inputs
        columns = dict.fromkeys(column_names(inputs))
        unknown = [name for name in row if name not in columns]
        if unknown:
            raise InputError(f"{unknown[0]!r}: the model has no such column. Columns: {', '.join(columns)}.")
        optional = any(input_spec["kind"] == PRESENCE for input_spec in inputs)
        absent = [name for name in columns if row.get(name) is None]
        if absent and not optional:
            raise InputError(f"{absent[0]!r}: expected a cell of each column: {', '.join(columns)}.")
        cells: dict[str, list[str]] = {}
        for column_spec in (column_spec for spec in columns_of(inputs) for column_spec in columns_in(spec)):
            name = str(column_spec["column"])
            cell = row.get(name)
            try:
                # a number is no text in a notation: 1.234 is not 1,234
                clean = read_raw(cell, Column.read_as(column_spec)) if isinstance(cell, str) else cell
            except BadCell as error:
                raise InputError(f"{name} {cell!r}: {error}") from None
            cells[name] = ["" if clean is None else str(clean)]
        values, faults = read_cells(cells, inputs, MediaRoot(media_root, allow_outside), 1)
        if faults:
            _, column, reason = faults[0]
            raise InputError(f"{column} {str(row[column])!r}: {reason}")
        output = self.signature["outputs"][0]["name"]
        answers = self.runner(to_arrays(values, inputs, [0]), [output])[output]
        return self.prediction(finite(answers, self.path)[0])

    def prediction(self, outputs: np.ndarray) -> Prediction:
        """One row of the graph's first output, float32 [outputs], as a Prediction."""
        labels = self.signature["labels"]
        words, confidence = decided(self.signature, outputs[None])
        numbers = [float(value) for value in outputs]
        if labels:
            return Prediction(words[0], float(confidence[0]), dict(zip(labels, numbers, strict=True)))
        names = self.signature["targets"]["names"]
        return Prediction(words[0], float(confidence[0]), values=dict(zip(names, numbers, strict=True)))

    @missing_named()
    def predict(
        self, csv: str | Path, media_root: str | None = None, allow_outside: bool = False, **reading: Any
    ) -> pd.DataFrame:
        """Predict every row of a CSV or Parquet file: a row out for each row in, as `mmkeras predict` writes them.

        reading: fields of `Dialect`, such as `encoding`. Raises InputError for a file or a column that is absent.
        """
        import pandas as pd

        from mmkeras.data.files.reading import Dialect
        from mmkeras.runtime.predict import as_cells, predict_file

        root = MediaRoot.of(csv, media_root, allow_outside)
        predicted = predict_file(self.runner, self.path, csv, root, dialect=Dialect(**reading))
        header, *rows = as_cells(predicted.predictions, predicted.targets, probabilities=True)
        frame = pd.DataFrame(rows, columns=header)
        numbers = [name for name in header if name != "prediction" or not predicted.targets.labels]
        return frame.astype(dict.fromkeys(numbers, "float64"))
