"""A run is made small: the files of its export are within the budget, and all that a run can do works as before."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import small_runs

import mmkeras
from mmkeras.config.sizes import size_of


def test_a_run_is_made_small(run: small_runs.SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.csv.parent)  # the run's table is named from there
    refused = small_runs.main("shrink", run.folder, "--size-budget", "1kB", "--output", tmp_path / "tiny")
    smallest = re.search(r"--size-budget 1kB: the smallest possible .* Give (.+) or more", refused.err)
    assert refused.code == 2
    assert smallest
    assert not (tmp_path / "tiny").exists()
    budget = smallest[1].replace(" ", "")

    done = small_runs.main("shrink", run.folder, "--size-budget", budget, "--output", tmp_path / "small")
    assert done.code == 0, done.err
    price = next(line for line in done.lines if " features, int" in line and "accuracy on" in line)
    assert re.search(r"predict\.tflite [\d.]+ kB, predict\.onnx [\d.]+ kB.* % -> [\d.]+ %$", price)
    assert 'id="size"' in (tmp_path / "small" / "report.html").read_text(encoding="utf-8")

    formats = ("tflite", "onnx")
    exported = mmkeras.export(tmp_path / "small", formats, tmp_path / "x", log=lambda _: None)
    assert exported.passed
    for name in ("predict.tflite", "predict.onnx"):
        assert (tmp_path / "x" / name).stat().st_size <= size_of(budget)
    row = {small_runs.COLUMNS[0]: "茶", small_runs.COLUMNS[1]: "tea and rice"}
    answers = [mmkeras.load(path)(row) for path in (tmp_path / "small", tmp_path / "x")]
    assert answers[0].label == answers[1].label == "food, drink"
    assert (tmp_path / "small" / "features").is_dir()
    assert not (tmp_path / "small" / "features" / "fewer").exists()

    again = small_runs.main("train", run.csv, "--continue-from", tmp_path / "small", "--output", tmp_path / "more")
    assert again.code == 2
    assert "was made small" in again.err


def test_what_cannot_be_made_small_is_told(
    run: small_runs.SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(mmkeras.InputError, match="is gone, and a smaller model is trained again on its rows"):
        mmkeras.shrink(run.folder, "1MB")
    Path(run.csv.name).write_bytes(run.csv.read_bytes() + b"\n")
    with pytest.raises(mmkeras.InputError, match="has changed since the run"):
        mmkeras.shrink(run.folder, "1MB")
    with pytest.raises(mmkeras.InputError, match="expected a size"):
        mmkeras.shrink(run.folder, "1 XB")
    with pytest.raises(mmkeras.InputError, match="it is the run that gets smaller"):
        mmkeras.shrink(run.folder, "1MB", run.folder)
    flags = ("--size-budget", "1MB", "--model", "mlp", "--output", tmp_path / "mlp")
    done = small_runs.main("train", run.csv, *small_runs.FLAGS, *flags)
    assert done.code == 2
    assert "--size-budget 1MB: it is for the model wide_deep" in done.err
