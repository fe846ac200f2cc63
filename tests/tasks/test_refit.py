"""Refit: the model is trained on the held-out rows after validation, and never before."""

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
def test_the_refit_changes_the_model_and_not_its_figures(tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "news.csv", small_runs.news_rows(160))
    with small_runs.working_folder(tmp_path):
        plain = small_runs.main("train", path, *small_runs.FLAGS, "--output", "apart", "--no-fold")
        refitted = small_runs.main("train", path, *small_runs.FLAGS, "--output", "folded")
    assert (plain.code, refitted.code) == (0, 0), plain.err + refitted.err
    assert "then trained anew on all rows" in refitted.out
    assert "then trained anew on all rows" not in plain.out
    metrics = {name: json.loads((tmp_path / name / "metrics.json").read_text()) for name in ("apart", "folded")}
    assert (metrics["apart"].pop("folded"), metrics["folded"].pop("folded")) == (False, True)
    for name in ("validation", "calibration", "best_epoch"):
        assert metrics["folded"][name], "the figures are those before the refit"
    before, after = weights(tmp_path / "apart"), weights(tmp_path / "folded")
    assert len(before) < len(after), "the held-out rows have words of their own"
