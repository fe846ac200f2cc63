"""The file of `mmkeras predict`: standard output, cells that a spreadsheet would run, two commands at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import small_runs

# `mmkeras predict` with a model of made-up answers, which waits for a line where the last word is `wait`
PREDICT = """
import sys
import numpy as np
import mmkeras.tasks.opening
from mmkeras.cli.main import main
class Runner:
    signature = {
        "inputs": [{"name": "text", "column": "text", "kind": "text", "dtype": "uint8", "shape": [None], "max_bytes": 64}],
        "outputs": [{"name": "probabilities"}],
        "targets": {"task": "classify", "names": ["label"], "labels": ["=cmd|' /C calc'!A0", "-1", "早"], "mean": [], "deviation": []},
    }
    def __call__(self, arrays, outputs):
        if sys.argv[-1] == "wait":
            print("started", flush=True)
            sys.stdin.readline()
        rows = len(next(iter(arrays.values())))
        return {"probabilities": np.eye(3, dtype="float32")[np.arange(rows) % 3]}
mmkeras.tasks.opening.open_model = lambda *_, **__: Runner()
sys.exit(main(["predict", "m.tflite", "t.csv", *[word for word in sys.argv[1:] if word != "wait"]]))
"""
CELLS = ["'=cmd|' /C calc'!A0", "-1", "早"]
NOTE = "1 cell begins like a formula of a spreadsheet: a ' is written before (--raw-cells leaves them)"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "t.csv").write_text("text\na\nb\nc\n")
    return tmp_path


def predict(place: Path, *words: str) -> small_runs.Done:
    return small_runs.process("-c", PREDICT, *words, cwd=place)


def test_formulas_are_marked(place: Path) -> None:
    done = predict(place)
    assert done.code == 0, done.err
    assert NOTE in done.lines
    assert [row["prediction"] for row in small_runs.read_csv(place / "predictions.csv")] == CELLS
    done = predict(place, "--overwrite", "--raw-cells")
    assert NOTE not in done.lines
    assert [row["prediction"] for row in small_runs.read_csv(place / "predictions.csv")] == [CELLS[0][1:], *CELLS[1:]]


def test_class_names_in_the_header_too(place: Path) -> None:
    done = predict(place, "--probabilities")
    assert "2 cells begin like a formula" in done.out
    rows = small_runs.read_csv(place / "predictions.csv")
    assert list(rows[0]) == ["line", "prediction", "probability", *CELLS]


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output(name: str, place: Path) -> None:
    for flags in ([], ["--overwrite"]):
        done = predict(place, "--output", name, *flags)
        assert done.code == 0, done.err
        assert done.lines == [
            "line,prediction,probability",
            *(f"{k},{cell},1.000000" for k, cell in enumerate(CELLS, 2)),
        ]
        assert done.err.splitlines() == [NOTE, "3 predictions: standard output"]
    assert os.path.lexists("/dev/stdout")
    assert os.listdir(place) == ["t.csv"]


def test_standard_output_that_is_closed(place: Path) -> None:
    command = [sys.executable, "-c", PREDICT, "--output", "-"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=place, env=small_runs.environment(), **pipes) as child:
        assert child.stdout is not None
        child.stdout.close()
        _, err = child.communicate()
    assert b"Traceback" not in err
    assert b"Exception" not in err


def test_two_into_one_file_and_what_a_killed_one_leaves(place: Path) -> None:
    command = [sys.executable, "-c", PREDICT, "--output", "p.csv", "wait"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=place, env=small_runs.environment(), **pipes) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        done = predict(place, "--output", "p.csv", "--overwrite")
        assert done.code == 2
        assert f"p.csv: another mmkeras process (pid {child.pid}) is writing it" in done.err
        os.kill(child.pid, signal.SIGKILL)
    (place / f".p.csv.{child.pid}-00000000.partial.csv").write_text("half")
    assert predict(place, "--output", "p.csv").code == 0
    assert sorted(os.listdir(place)) == ["p.csv", "t.csv"]
