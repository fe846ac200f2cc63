"""What a column can hold. A modality is a module named in a literal dict, imported when a column needs it.

Each module has `learn(name, cells, config, folder, say, …)`, which adapts a column on its training rows and returns a
Modality and the Sides of its features, and `load(entry, folder)`, which rebuilds the Modality from a run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

MODALITIES = {
    "text": "mmkeras.modalities.text.column",
    "image": "mmkeras.modalities.image.column",
    "audio": "mmkeras.modalities.audio.column",
    "number": "mmkeras.modalities.tabular.number",
    "category": "mmkeras.modalities.tabular.category",
    "date": "mmkeras.modalities.tabular.date",
}
MEDIA = ("image", "audio")  # kinds whose cells name files


class Modality(Protocol):
    """One input column, adapted on the training rows: all that the graph needs to read, and the model to encode it."""

    name: str

    def entry(self) -> dict[str, Any]:
        """What schema.json keeps of it, beside its name: rule and choices, as JSON."""
        ...

    def save(self, folder: Path) -> None:
        """Write the arrays of its state, where it has any, as folder/<name>…"""
        ...

    def input(self, column: str) -> Any:
        """The raw input, an `inputs.Input`."""
        ...

    def preprocess(self, raw: Any, present: Any) -> dict[str, Any]:
        """Raw input [b, …] and presence [b, 1] -> features by name, by layers that serve the exported graph."""
        ...

    def features(self) -> dict[str, Any]:
        """The same features as Keras inputs of the trained core."""
        ...

    def ids(self, features: dict[str, Any]) -> Any:
        """int32 [b, orders, T], what was recognised, to be compared to the last bit; None where nothing is counted."""
        ...

    def encode(self, features: dict[str, Any], shape: Any) -> Any:
        """Features -> Encoded, tokens of `shape.width`."""
        ...
