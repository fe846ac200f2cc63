"""The date modality: the calendar features of a cell, one of which is the standardised distance from the mean day."""

from __future__ import annotations

import functools
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.dates.calendar import ISO, notation_of
from mmkeras.features.column_features import ArrayFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.date.layers import PARTS, DateParts
from mmkeras.modalities.date.serving import read_served
from mmkeras.modalities.date.spec import DateState, adapt_state, served_name
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.number.encoder import encode_number
from mmkeras.modalities.text.cells import encode_cells
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.serving import TEXT_METADATA

CHUNK = 2**14  # cells that are read at once: intermediate arrays take a hundred times the bytes


@dataclass(frozen=True)
class DateColumn:
    """A date column, adapted on its training rows."""

    name: str
    state: DateState
    notation: str = ISO

    bag = max_tokens = cut = None

    def entry(self) -> dict[str, Any]:
        return {"state": asdict(self.state), "notation": self.notation}

    def save(self, folder: Path) -> None:
        """Two numbers stand in schema.json."""

    def input(self, column: str) -> Input:
        notation = notation_of(self.notation)
        metadata = {
            "encoding": TEXT_METADATA["encoding"],
            "notation": notation.name,
            "format": notation.sentence,
            "example": notation.example,
            "max_bytes": notation.max_bytes,
        }
        read = functools.partial(read_served, notation=notation.name)
        serving = Serving(served_name(self.name), "string", read)
        return Input(self.name, column, "date", "uint8", ("n_bytes",), metadata, serving=serving)

    def parts(self) -> DateParts:
        """The layer of the graph, which also makes the features."""
        return DateParts(**asdict(self.state), notation=self.notation, name=f"{self.name}_parts")

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        return {f"{self.name}_calendar": self.parts()(raw, present)}

    def features(self) -> dict[str, Any]:
        name = f"{self.name}_calendar"
        return {name: keras.Input((PARTS,), dtype="float32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> None:
        return None

    def prepared(self, features: dict[str, Tensor], sizes: Sizes) -> tuple[Tensor, None]:
        return features[f"{self.name}_calendar"], None

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        return encode_number(features[f"{self.name}_calendar"], sizes.width, self.name)


def adapt(
    name: str, cells: dict[str, list[str]], spec: str | None, config: Config, folder: Path, log: Any
) -> tuple[DateColumn, dict[str, ArrayFeatures]]:
    """Fit the mean and deviation of the training rows' days; compute the calendar features of every row.

    spec: the column's notation; None or '' for ISO 8601. cells: '' or a date in that notation.
    """
    notation = notation_of(spec or ISO)
    column = DateColumn(name, adapt_state(cells["train"], notation.name), notation.name)
    return column, compute_features(column, cells, folder, log)


def compute_features(
    column: DateColumn, cells: dict[str, list[str]], folder: Path, log: Any
) -> dict[str, ArrayFeatures]:
    """The calendar features of the rows, by the column's state."""
    layer, notation = column.parts(), notation_of(column.notation)
    features = {}
    for split_name, split_cells in cells.items():
        dates = [cell.strip() for cell in split_cells]
        if notation.name == ISO:
            dates = [date[: notation.max_bytes] for date in dates]  # no seconds, so that fewer cells differ
        distinct = {date: k for k, date in enumerate(dict.fromkeys(dates))}
        present = np.array([[bool(date) for date in distinct]], "float32").T  # [1, distinct] -> [distinct, 1]
        chunks = [
            np.asarray(layer(encode_cells(list(distinct)[k : k + CHUNK], notation.max_bytes), present[k : k + CHUNK]))
            for k in range(0, len(distinct), CHUNK)
        ]
        values = np.concatenate([np.zeros((0, PARTS), "float32"), *chunks])  # [distinct, 14]
        features[split_name] = ArrayFeatures({f"{column.name}_calendar": values[[distinct[date] for date in dates]]})
    return features


def load(entry: dict[str, Any], folder: Path) -> DateColumn:
    """Rebuild the column from its entry in schema.json; one without a notation is of ISO 8601."""
    return DateColumn(entry["name"], DateState(**entry["state"]), entry.get("notation") or ISO)
