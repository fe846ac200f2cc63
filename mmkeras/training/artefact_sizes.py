"""The sizes of the artefacts of a model that is not trained yet: measured on files, which are written and deleted."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.targets.targets import Targets
from mmkeras.exporting.formats import load_exporter
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.quantisation import width_of
from mmkeras.models.core import build_core
from mmkeras.models.quantised import quantised
from mmkeras.system.noise import native_noise_muted
from mmkeras.tasks.assets import Assets
from mmkeras.tasks.prediction.graph import predict_graph
from mmkeras.tasks.prediction.material import TrainingData

FILES: Final = ("tflite", "onnx")
"""The formats that the budget is for: one file each, as it is copied to a device."""
BITS_MEASURED: Final = 4


def sizes_of(
    columns: Mapping[str, Any],
    config: Config,
    data: TrainingData,
    metadata: Mapping[str, Any],
    formats: Sequence[str] = FILES,
) -> dict[str, int]:
    """Format -> bytes of its artefact, for the columns and a model with random weights.

    metadata: versions and seed, as they are written into the artefacts.
    """
    core = build_core(dict(columns), data.targets.outputs, config)
    random = np.random.default_rng(0)
    for layer in core.model.layers:
        if isinstance(layer, BagEmbedding):  # zeros may be stored once for all
            layer.table.assign(random.normal(size=layer.table.shape))
    table = {spec["name"]: Column.read_as(spec) for spec in data.inputs}
    targets: Targets = data.targets
    graph = predict_graph(quantised(core, columns), dict(columns), table, targets, dict(metadata))
    sizes = {}
    for name in formats:
        with tempfile.TemporaryDirectory() as scratch, native_noise_muted():
            path = load_exporter(name).export({graph.name: graph}, Assets("numbers", targets.labels), Path(scratch))
            sizes[name] = bytes_of(path[graph.name])
    return sizes


def bytes_of(path: Path) -> int:
    """The size of a file, or of all files of a folder."""
    paths = [path] if path.is_file() else [part for part in path.rglob("*") if part.is_file()]
    return sum(part.stat().st_size for part in paths)


@dataclass(frozen=True)
class SizeLine:
    """How large the larger artefact gets with a number of features: a line through measured sizes.

    Each table has a fixed number of bytes a feature, so two measures tell the rest. fixed: bytes without features;
    a_feature: bytes of one whose codes have BITS_MEASURED; outputs: numbers of a feature in the tables.
    """

    fixed: float
    a_feature: float
    outputs: int

    @classmethod
    def through(cls, measured: Mapping[int, int], outputs: int) -> SizeLine:
        """The line through two measures, number of features -> bytes."""
        (few, small), (many, large) = sorted(measured.items())
        slope = (large - small) / (many - few)
        return cls(small - slope * few, slope, outputs)

    def slope(self, bits: int) -> float:
        """Bytes of a feature."""
        return self.a_feature + width_of(self.outputs, bits) - width_of(self.outputs, BITS_MEASURED)

    def __call__(self, count: int, bits: int) -> int:
        """Bytes of a model."""
        return round(self.fixed + self.slope(bits) * count)

    def most(self, budget: int, bits: int, limit: int) -> int:
        """The largest number of features, of at most `limit`, that should fit."""
        return max(1, min(limit, int((budget - self.fixed) / self.slope(bits))))
