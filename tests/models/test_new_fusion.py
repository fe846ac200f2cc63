"""A new fusion is one function (tests/support/toy_fusion.py) and one line: learned, exported, verified."""

from __future__ import annotations

import json
from pathlib import Path

import new_lines
import pytest
import small_mixtures as mixtures
import small_runs

LINE = ("mmkeras.config.fusions:FUSIONS", "max", "Fusion('toy_fusion:largest')")


@pytest.mark.slow
def test_a_new_fusion_is_learned_exported_and_verified(tmp_path: Path) -> None:
    columns = ("--number", "price", "--category", "brand", "--text", "note", "--target", "label")
    flags = (*columns, "--fusion", "max", "--width", "16", "--max-bytes", "96", "--min-rows", "1", "--epochs", "8")
    mixtures.write(tmp_path, 40)
    with new_lines.added(tmp_path, LINE), small_runs.working_folder(tmp_path):
        training = small_runs.main("train", "mix.csv", *flags)
        assert training.code == 0, training.err
        exporting = small_runs.main("export", "runs/mix", "--formats", "tflite", "onnx")
        assert exporting.code == 0, exporting.out + exporting.err
        refused = small_runs.main("train", "mix.csv", *flags, "--task", "generate", "--output", "no")
    assert small_runs.proof(tmp_path / "exported/mix")["passed"] is True
    assert json.loads((tmp_path / "runs/mix/metrics.json").read_text(encoding="utf-8"))["validation"]["accuracy"] > 0.9
    assert refused.code == 2
    assert "--fusion max: a text is written by one decoder. Give attention, concat or sum." in refused.err


def test_without_its_line_it_is_refused(tmp_path: Path) -> None:
    done = small_runs.main("train", tmp_path / "mix.csv", "--fusion", "max")
    assert done.code == 2
    assert "--fusion max: expected attention, concat, sum or decision." in done.err


def test_a_line_is_valid_at_once(tmp_path: Path) -> None:
    with new_lines.added(tmp_path, LINE):
        done = small_runs.main("train", tmp_path / "mix.csv", "--fusion", "largest")
    assert "--fusion largest: expected attention, concat, sum, decision or max." in done.err
