"""Trainings that compute in another precision, or by XLA."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import small_runs


@pytest.fixture
def full_precision_again() -> Iterator[None]:
    """Keras' policy is global: a training that changes it must not reach the tests behind it."""
    import keras

    before = keras.config.dtype_policy()
    yield
    after = keras.config.dtype_policy()
    keras.config.set_dtype_policy(before)
    assert after == before, "a training has changed Keras for whoever comes next"


@pytest.mark.slow
@pytest.mark.usefixtures("full_precision_again")
@pytest.mark.parametrize(
    ("model", "flag"), [("wide_deep", "--xla"), ("wide_deep", "--mixed-precision"), ("mlp", "--mixed-precision")]
)
def test_faster_arithmetic_trains_the_same_classifier(model: str, flag: str, tmp_path: Path) -> None:
    """It learns, and what is rebuilt from the run answers what was measured at the end of the training."""
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(160))
    # as many rows a batch as there are: XLA compiles once
    recipe = ["--model", model, "--epochs", "25", "--batch-size", "128", "--no-fold"]
    rate = ["--learning-rate", "0.02" if model == "mlp" else "0.5"]
    with small_runs.working_folder(tmp_path):
        trained = small_runs.main("train", path, *small_runs.ONE_COLUMN, *recipe, *rate, flag, "--output", "r")
        assert trained.code == 0, trained.err
        predicted = small_runs.main("predict", "r", "r/validation.csv", "--output", "p.csv")
        assert predicted.code == 0, predicted.err
    metrics = json.loads((tmp_path / "r/metrics.json").read_text(encoding="utf-8"))
    held_out = small_runs.read_csv(tmp_path / "r/validation.csv")
    predictions = small_runs.read_csv(tmp_path / "p.csv")
    assert len(held_out) == len(predictions) == metrics["rows"]["validation"]
    pairs = list(zip(held_out, predictions, strict=True))
    apart = [abs(float(a["mmkeras:probability"]) - float(b["probability"])) for a, b in pairs]
    assert metrics["validation"]["accuracy"] > 0.5, "a third would be chance"
    assert np.mean([a["mmkeras:prediction"] == b["prediction"] for a, b in pairs]) > 0.9
    assert max(apart) < (0.05 if flag == "--mixed-precision" else 1e-4)
