"""Bags of made-up row numbers, and the cores of text classifiers that read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmkeras.config.config import Config
from mmkeras.features.ragged import Ragged

CLASSES = 3


def random_bags(rows: int, seed: int = 0, longest: int = 9, size: int = 50) -> Ragged:
    """Bags of up to `longest` different row numbers from 1 to size - 1, some of them empty."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, longest + 1, rows)
    bags = [rng.choice(np.arange(1, size), n, replace=False) for n in lengths]
    starts = np.r_[0, np.cumsum(lengths)]
    return Ragged(starts, (np.concatenate(bags).astype("int32"), rng.random(starts[-1]).astype("float32")))


def dense(bags: Ragged, size: int) -> np.ndarray:
    """Bags -> float64 [n, size], the weight of each row number."""
    result = np.zeros((len(bags), size))
    np.add.at(result, (bags.row_numbers(), bags.columns[0]), bags.columns[1])
    return result


def one_hot(numbers: np.ndarray, classes: int = CLASSES) -> np.ndarray:
    return np.eye(classes, dtype="float32")[numbers]


def compiled(config: Config, size: int = 50, dims: dict[str, int] | None = None, steps: int = 10) -> tuple[Any, Any]:
    """A recipe and its core for two text columns, `a` and `b`, compiled; the default one where none is named."""
    import importlib

    import keras

    from mmkeras.models import MODELS

    keras.utils.set_random_seed(3)
    recipe = importlib.import_module(MODELS["wide_deep" if config.model.model == "auto" else config.model.model])
    core = recipe.build({"a": size, "b": size}, CLASSES, config.text, config.training, dims or {})
    recipe.compile_model(core, config.training, steps)
    return recipe, core


def randomise(core: Any, scale: float = 1.0) -> None:
    rng = np.random.default_rng(0)
    core.set_weights([rng.normal(0, scale, v.shape).astype("float32") for v in core.get_weights()])


def feed(bags: dict[str, Ragged]) -> dict[str, np.ndarray]:
    inputs = {}
    for name, rows in bags.items():
        inputs[f"{name}_rows"], inputs[f"{name}_weights"] = rows.padded()
    return inputs


def weights_of(core: Any) -> dict[str, np.ndarray]:
    return {w.path: np.asarray(w.value, "float64") for w in core.weights}
