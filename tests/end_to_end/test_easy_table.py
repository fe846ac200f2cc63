"""A table whose held-out rows are all answered rightly: the temperature is moderate, and the artefacts pass."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import small_runs

from mmkeras.metrics.temperature import TOO_SURE
from mmkeras.verification.samples import load_samples

FLAGS = ("--target", "label", "--number", "score", "--category", "shop", "--width", "16", "--depth", "1")
ROWS = 100


def rows() -> list[dict[str, str]]:
    """The label is the sign of the score, which is never near 0."""
    rng = np.random.default_rng(0)
    scores = np.where(np.arange(ROWS) % 2, 1, -1) * rng.uniform(4, 6, ROWS)
    return [
        {"score": f"{s:.3f}", "shop": "abc"[k % 3], "label": "gain" if s > 0 else "loss"} for k, s in enumerate(scores)
    ]


@pytest.mark.slow
def test_where_every_row_is_right_nothing_is_certain_and_artefacts_pass(tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "easy.csv", rows())
    with small_runs.working_folder(tmp_path):
        training = small_runs.main("train", path, *FLAGS, "--epochs", "12", "--output", "r")
        assert training.code == 0, training.err
        exporting = small_runs.main("export", "r", "--output", "e", "--formats", "onnx")
    assert exporting.code == 0, exporting.out + exporting.err
    metrics = json.loads((tmp_path / "r/metrics.json").read_text(encoding="utf-8"))
    assert metrics["validation"]["accuracy"] == 1.0, "else the table is not easy"
    held_out = metrics["validation"]["rows"]
    assert 0.1 < metrics["calibration"]["temperature"] < 10
    probabilities = load_samples(tmp_path / "e/sample_inputs.npz").answers  # [n, 2]
    supported = (held_out + 1) ** TOO_SURE  # odds that the rows support, beyond which the temperature is applied
    assert 0.8 < probabilities.max(1).mean() <= supported / (supported + 1) + 1e-3
    assert probabilities.max() < 0.9999
    proof = json.loads((tmp_path / "e/verify.json").read_text(encoding="utf-8"))
    (result,) = proof["artefacts"].values()
    assert result["largest_difference"] <= proof["largest_difference_allowed"] == 1e-5
    assert "difference_allowed" not in result
