"""A new task is one module (tests/support/toy_task.py) and two lines: trained, exported, verified, answered."""

from __future__ import annotations

import json
from pathlib import Path

import new_lines
import pytest
import small_mixtures as mixtures
import small_runs

LINES = (
    ("mmkeras.tasks:TASKS", "quantile", "'toy_task'"),
    ("mmkeras.config.tasks:TARGET_KINDS", "quantile", "'number'"),
)


@pytest.mark.slow
def test_a_new_task_is_trained_exported_verified_and_answered(tmp_path: Path) -> None:
    columns = ("--number", "price", "--category", "brand", "--target", "width", "--fusion", "concat")
    mixtures.write(tmp_path, 40)
    with new_lines.added(tmp_path, *LINES), small_runs.working_folder(tmp_path):
        for task in ("regress", "quantile"):
            training = small_runs.main(
                *("train", "mix.csv", *columns, "--task", task, "--width", "16", "--epochs", "40", "--output", task)
            )
            assert training.code == 0, training.err
        exporting = small_runs.main("export", "quantile", "--formats", "tflite", "onnx")
        assert exporting.code == 0, exporting.out + exporting.err
        report = small_runs.proof(Path("exported/quantile"))
        assert report["passed"] is True
        assert all(0 <= result["largest_difference"] <= 1e-5 for result in report["artefacts"].values())
        assert "R²" in Path("quantile/report.html").read_text(encoding="utf-8")
        answering = small_runs.main("predict", "exported/quantile/predict.onnx", "mix.csv")
        assert answering.code == 0, answering.err
        assert "R²" in answering.out
        assert json.loads(Path("exported/quantile/signature.json").read_text(encoding="utf-8"))["task"] == "quantile"
        below = {}
        for task in ("regress", "quantile"):
            rows = small_runs.read_csv(Path(task) / "validation.csv")
            below[task] = sum(float(row["width"]) < float(row["mmkeras:prediction"]) for row in rows)
    assert below["quantile"] > below["regress"], "the loss of the new task asks for answers that rows stay below"
    refused = small_runs.main("train", tmp_path / "mix.csv", "--task", "quantile")
    assert refused.code == 2
    assert "--task quantile: expected auto, classify" in refused.err
