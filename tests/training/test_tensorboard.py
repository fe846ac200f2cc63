"""Logs for TensorBoard."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_runs


@pytest.mark.slow
def test_tensorboard_writes_logs(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(30))
    with small_runs.working_folder(tmp_path):
        done = small_runs.main("train", path, *small_runs.ONE_COLUMN, "--epochs", "1", "--tensorboard", "--output", "r")
    assert done.code == 0, done.err
    assert list((tmp_path / "r/tensorboard").rglob("*tfevents*"))
