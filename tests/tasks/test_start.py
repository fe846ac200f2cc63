"""Whoever loads a task loads Keras, and none of its start-up noise reaches the user."""

from __future__ import annotations

from pathlib import Path

import small_runs


def test_loading_a_task_is_silent(tmp_path: Path) -> None:
    done = small_runs.process("-c", "from mmkeras.tasks import load_task; load_task('classify')", cwd=tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "")
