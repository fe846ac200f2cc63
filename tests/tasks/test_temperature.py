"""The temperature of each task on its held-out rows: of classes, of labels, none of numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mmkeras.data.targets.targets import Targets

ROWS = 40
LABELS = ("a", "b", "c")


def evaluated(task: str, logits: np.ndarray, truth: np.ndarray, encoded: np.ndarray) -> Any:
    """`evaluate_model` of a core whose logits are given."""
    import keras

    from mmkeras.features.column_features import ArrayFeatures
    from mmkeras.models.core import Core
    from mmkeras.tasks.prediction.evaluate import evaluate_model
    from mmkeras.tasks.prediction.material import TrainingData

    x = keras.Input((logits.shape[1],), name="x")
    core = Core(keras.Model({"x": x}, keras.layers.Identity()(x)))
    labels, numbers = (LABELS, ()) if task != "regress" else ((), (0.0,) * 3)
    names = ("y",) if labels else LABELS
    targets = Targets(task, names, labels, numbers, tuple(1.0 for _ in numbers))
    features: Any = {"validation": [ArrayFeatures({"x": logits.astype("float32")})]}
    unused: Any = SimpleNamespace()
    data = TrainingData({}, features, targets, {"validation": encoded.astype("float32")}, unused, [])
    return evaluate_model(core, data, truth, [])


@pytest.mark.parametrize("scale", [0.1, 3.0, 200.0])
def test_classes_that_are_all_right_are_not_certain(scale: float) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, ROWS)
    one_hot = np.eye(3)[truth]
    evaluation = evaluated("classify", scale * (one_hot + 0.05 * rng.normal(size=(ROWS, 3))), truth, one_hot)
    figures = evaluation.figures
    assert figures["validation"]["accuracy"] == 1.0
    assert figures["calibration"]["temperature"] == pytest.approx(scale / 4.4, rel=0.1), "in proportion to the logits"
    assert evaluation.confidence.mean() == pytest.approx((ROWS + 1) / (ROWS + 2), abs=0.02)
    assert figures["calibration"]["after"]["bins"][-1]["confidence"] < 0.99


@pytest.mark.parametrize("scale", [0.1, 3.0, 200.0])
def test_labels_that_are_all_right_are_not_certain(scale: float) -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (ROWS, 3)).astype("float32")
    evaluation = evaluated("multilabel", scale * (2 * truth - 1) * rng.uniform(0.8, 1.2, (ROWS, 3)), truth, truth)
    assert evaluation.figures["validation"]["micro_f1"] == 1.0
    choices = 3 * ROWS
    assert evaluation.predictions.max() < 1 - 0.1 / choices
    assert np.abs(evaluation.predictions - 0.5).mean() == pytest.approx(0.5 - 1 / (choices + 2), abs=0.01)
    np.testing.assert_array_equal(evaluation.predictions > 0.5, truth > 0)


def test_numbers_have_no_temperature() -> None:
    numbers = np.random.default_rng(0).normal(size=(ROWS, 3))
    evaluation = evaluated("regress", numbers, numbers, numbers)
    assert "calibration" not in evaluation.figures
    np.testing.assert_allclose(evaluation.predictions, numbers, rtol=1e-6)
