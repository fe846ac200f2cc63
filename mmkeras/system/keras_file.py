"""A run's model.keras: the Keras model of raw inputs, with the core as one of its layers. Weights of its parts."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

CORE: Final = "core"
"""The name of the Keras model features -> logits."""
WEIGHTS: Final = "model.weights.h5"


def holds_core(path: Path) -> bool:
    """Is model.keras the core alone, as runs before 0.3 have it? Read for one release more."""
    with zipfile.ZipFile(path) as archive:
        return bool(json.loads(archive.read("config.json"))["config"]["name"] == CORE)


def load_part(model: Any, path: Path, layer: str, part: str = "") -> None:
    """Load the weights of one layer of model.keras, or of a `part` of it, into a Keras model of the same layers.

    The part of the file is copied to a file of its own, as Keras reads it. Raises KeyError for a layer that is absent.
    """
    import h5py

    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read(WEIGHTS))
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / WEIGHTS
        with h5py.File(content, "r") as file, h5py.File(weights, "w") as copy:
            group = next((g for g in file["layers"].values() if g["vars"].attrs.get("name") == layer), None)
            if group is None:
                raise KeyError(f"it has no layer {layer!r}")
            for name, item in (group[part] if part else group).items():
                copy.copy(item, name)
        model.load_weights(weights)
