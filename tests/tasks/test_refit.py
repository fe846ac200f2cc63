"""Fold: the held-out rows are learned after they have measured the model, and never before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import small_runs


def weights(folder: Path) -> np.ndarray:
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph

    core = load_graph(open_run(folder)).model.get_layer("core")
    return np.concatenate([np.asarray(v).ravel() for v in core.trainable_variables])


@pytest.mark.slow
def test_fold_changes_the_model_and_not_its_figures(tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "news.csv", small_runs.news_rows(160))
    with small_runs.working_folder(tmp_path):
        apart = small_runs.main("train", path, *small_runs.FLAGS, "--output", "apart", "--no-fold")
        folded = small_runs.main("train", path, *small_runs.FLAGS, "--output", "folded")
    assert (apart.code, folded.code) == (0, 0), apart.err + folded.err
    assert "then trained on them as well" in folded.out
    assert "then trained on them as well" not in apart.out
    metrics = {name: json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("apart", "folded")}
    assert (metrics["apart"].pop("folded"), metrics["folded"].pop("folded")) == (False, True)
    for name in ("validation", "calibration", "best_epoch"):
        assert metrics["apart"][name] == metrics["folded"][name], "measured before the rows were learned"
    before, after = weights(tmp_path / "apart"), weights(tmp_path / "folded")
    assert before.shape == after.shape
    assert 0 < np.abs(before - after).max() < 1, "moved, but not trained anew"
    assert (tmp_path / "apart/validation.csv").read_text() == (tmp_path / "folded/validation.csv").read_text()
