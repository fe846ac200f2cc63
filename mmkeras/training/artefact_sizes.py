"""The sizes of the artefacts of a model that is not trained yet: measured on files, which are written and deleted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.targets.targets import Targets
from mmkeras.exporting.formats import load_exporter
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.models.core import build_core
from mmkeras.models.quantised import quantised
from mmkeras.system.noise import native_noise_muted
from mmkeras.tasks.assets import Assets
from mmkeras.tasks.prediction.graph import predict_graph
from mmkeras.tasks.prediction.material import TrainingData

FILES: Final = ("tflite", "onnx")
"""The formats that the budget is for: one file each, as it is copied to a device."""
TRIES: Final = 6
ENOUGH: Final = 0.98  # of the budget: a measure that fills so much of it is the last one
FILLED: Final = 0.995  # of the budget: what is aimed at


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


@dataclass
class SizeModel:
    """How large the larger artefact gets with a number of features: a line through measured sizes.

    measure: number of features -> bytes. budget: bytes. measured: number -> bytes, of all that was measured.
    """

    measure: Callable[[int], int]
    budget: int
    measured: dict[int, int] = field(default_factory=dict)

    def __call__(self, count: int) -> int:
        """The measured size."""
        if count not in self.measured:
            self.measured[count] = self.measure(count)
        return self.measured[count]

    @property
    def largest(self) -> int:
        """The largest number of features that was measured and fits; 0 for none."""
        return max((count for count, size in self.measured.items() if size <= self.budget), default=0)

    def expected(self, count: int) -> float:
        """The size by the two measures that are nearest to a number."""
        near = sorted(self.measured, key=lambda n: abs(n - count))[:2]
        if count in near or len(near) < 2:
            return float(self.measured[near[0]])
        a, b = near
        return self.measured[a] + (self.measured[b] - self.measured[a]) * (count - a) / (b - a)

    def fill(self, least: int, limit: int, a_feature: float) -> int:
        """Measure until a number of features, of at most `limit`, fills the budget. Returns `largest`.

        least: the number that is measured first. a_feature: its bytes, as they are guessed before any is measured.
        """
        if self(least) > self.budget:
            return 0
        for _ in range(TRIES):
            fits = self.largest
            over = min((count for count in self.measured if count > fits), default=limit + 1)
            if self(fits) >= ENOUGH * self.budget or fits + 1 >= over:
                break
            if over <= limit:
                slope = (self(over) - self(fits)) / (over - fits)
            else:
                slope = (self(fits) - self(least)) / (fits - least) if fits > least else a_feature
            step = int((FILLED * self.budget - self(fits)) / max(slope, 1e-3))
            self(min(max(fits + step, fits + 1), over - 1))
        return self.largest
