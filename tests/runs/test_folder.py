"""The run folder: nothing is replaced without a flag, and what is replaced comes back where nothing came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import small_runs
from report_pages import make_run, some_rows
from small_runs import SmallRun

import mmkeras.training.train
from mmkeras.errors import InputError
from mmkeras.runs.run import FINISHED
from mmkeras.system import program


def finished(folder: Path) -> tuple[Path, Path]:
    """A CSV, and a run that has ended, with folders in it."""
    path = small_runs.write_rows(folder / "news.csv", small_runs.news_rows(60))
    run = make_run(folder / "r", some_rows(["a", "b"]), ["a", "b"])
    (run / "state").mkdir()
    (run / "state/body.npz").write_bytes(b"arrays")
    return path, run


def test_a_finished_run_advises_no_resume(tmp_path: Path) -> None:
    path, run = finished(tmp_path)
    for command in (["train", path], ["train", "--resume"]):
        refused = small_runs.main(*command, "--output", run)
        assert refused.code == 2
        assert "--resume" not in refused.err
    assert program.call("export", run) in refused.err
    assert "--continue-from" in refused.err
    (run / FINISHED).unlink()
    refused = small_runs.main("train", path, "--output", run)
    assert program.call("train", "--resume", "--output", run) in refused.err


@pytest.mark.slow
def test_nothing_is_overwritten_without_a_flag(run: SmallRun) -> None:
    """Neither the run, nor the exported folder, nor predictions."""
    folder = run.csv.parent
    output = folder / "predictions.csv"
    output.write_text("mine")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    commands = [
        ["train", "news.csv", *small_runs.FLAGS],
        ["export", "runs/news"],
        ["predict", "exported/news/predict.tflite", "news.csv"],
    ]
    with small_runs.working_folder(folder):
        for command in commands:
            done = small_runs.main(*command)
            assert done.code == 2
            assert "--overwrite" in done.err
            assert "already" in done.err
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    output.unlink()


def test_overwrite_replaces_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mmkeras.training.train, "fit_and_evaluate", interrupted)
    path, run = finished(tmp_path)
    (run / "stale.txt").write_text("old")
    assert small_runs.main("train", path, *small_runs.FLAGS, "--output", run, "--overwrite").code == 130
    left = sorted(p.name for p in run.iterdir())
    assert left == ["config.json", "environment.json"], "all that stands before media are checked and rows split"


def test_a_run_comes_back_when_the_one_that_replaces_it_comes_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise InputError("v.txt: damaged")

    monkeypatch.setattr(mmkeras.training.train, "fit_and_evaluate", refused)
    path, run = finished(tmp_path)
    before = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert small_runs.main("train", path, *small_runs.FLAGS, "--output", run, "--overwrite").code == 2
    assert {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
