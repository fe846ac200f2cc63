"""The technical half of the multimodal benchmark on next to nothing: parity, latency, memory, waiting."""

from __future__ import annotations

import csv
import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.harness.measure import StepFailed
from benchmarks.multimodal import encoders, folds, latency, memory, parity, waiting
from mmkeras.config.config import Config

PAIR = {"number": "price", "category": "sign"}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table like the bundled example's, whose pictures and clips nobody asks for."""
    folder = tmp_path_factory.mktemp("example")
    words = [(a, b, c, d) for a in ("round", "spiky") for b in ("rising", "falling") for c in "ab" for d in "xy"]
    with (folder / "multimodal.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["note", "photo", "clip", "price", "label"])
        writer.writerows([f"note {k}", f"{k}.png", f"{k}.wav", f"{k}.5", "-".join(words[k % 16])] for k in range(64))
    return folder


@pytest.fixture(scope="module")
def config(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """A training on numbers and categories."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoders, "EXAMPLE", example)
        folder = tmp_path_factory.mktemp("table")
        table = encoders.write_table(folder / "rows.csv")
        return encoders.config_for(encoders.ENCODERS["number"], table, folder)


def test_every_row_is_asked_once() -> None:
    """By a column's values, or in proportion to the classes."""
    table = pd.DataFrame({"label": list("aab" * 5), "speaker": list("xyzzx" * 3)})
    by_speaker = dict(folds.folds(table, "label", "speaker", 0))
    assert {name: set(table["speaker"][rows]) for name, rows in by_speaker.items()} == {s: {s} for s in "xyz"}
    parts = [rows for _, rows in folds.folds(table, "label", None, 5)]
    assert np.sum(parts, axis=0).tolist() == [1] * 15
    assert [sorted(table["label"][rows]) for rows in parts] == [["a", "a", "b"]] * 5


def test_memory_is_that_of_a_process_and_its_children(tmp_path: Path) -> None:
    """Anonymous memory of both at once; a mapped file's pages are none."""
    (tmp_path / "pages").write_bytes(bytes(80 * 2**20))
    child = "import time; x = b'1' * (60 * 2**20); time.sleep(0.6)"
    parent = (
        f"import mmap, subprocess, sys; x = b'1' * (40 * 2**20); f = open({str(tmp_path / 'pages')!r}, 'rb');"
        f"m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ); sum(m[::4096]); subprocess.run([sys.executable, '-c', {child!r}])"
    )
    peaks = memory.watched([sys.executable, "-c", parent], tmp_path / "log", {})
    assert 40 < peaks["anonymous_alone_mib"] < 70
    assert 100 < peaks["anonymous_mib"] < 140
    assert peaks["resident_alone_mib"] > 120
    with pytest.raises(StepFailed, match="it broke"):
        memory.watched([sys.executable, "-c", "raise SystemExit('it broke')"], tmp_path / "log", {})


def test_memory_that_grows_is_told(capsys: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def grown(rows: int, *_: Any) -> dict[str, float]:
        names = ("anonymous_mib", "anonymous_alone_mib", "resident_alone_mib", "features_mib")
        return {"rows": rows, **dict.fromkeys(names, float(rows))}

    monkeypatch.setattr(memory, "measure", grown)
    assert memory.main(["--rows", "100", "120", "--results", str(tmp_path)]) == 0
    assert memory.main(["--rows", "100", "200", "--results", str(tmp_path)]) == 1
    assert "2 times the rows: 2.00 (1.3 at most): TOO MUCH." in capsys.readouterr().out
    assert json.loads((tmp_path / "mm_memory.json").read_text(encoding="utf-8"))["ratio"] == 2


FAKE = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
(folder / "features").mkdir(parents=True)
(folder / "features" / "a.npy").write_bytes(bytes(2**20))
memory = b"1" * (30 * 2**20)
time.sleep(0.3)
"""


def test_memory_of_trainings_whose_runs_replace_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table is made once a size, and each training begins without features of another."""
    (tmp_path / "data").mkdir()
    for script in ("train.py", "data/make_multimodal.py"):
        (tmp_path / script).write_text(FAKE, encoding="utf-8")
    monkeypatch.setattr(memory, "ROOT", tmp_path)
    found = memory.measure(64, 1, tmp_path / "work", {}, repeats=2)
    assert found["features_mib"] == 1
    assert 30 < found["anonymous_mib"] < 60
    assert "1 times the rows" in memory.markdown({"sizes": [found], "ratio": 1.0})


def test_arithmetic_is_counted() -> None:
    import keras

    from benchmarks.multimodal.flops import by_part, flop_by_operation
    from mmkeras.graph import Input

    pixels = keras.Input((8, 8, 3), name="photo")
    x = keras.layers.Conv2D(4, 3, padding="same", name="photo_stem")(pixels)
    x = keras.layers.DepthwiseConv2D(3, 2, padding="same", name="photo_space")(x)  # [b, 4, 4, 4]
    x = keras.layers.Dense(5, name="head")(keras.layers.Flatten()(x))
    model = keras.Model({"photo": pixels}, {"answer": x})
    graph: Any = SimpleNamespace(model=model, inputs=(Input("photo", "photo", "image", "float32", (8, 8, 3)),))
    stem, space, head = 2 * 8 * 8 * 4 * 27, 2 * 4 * 4 * 4 * 9, 2 * 64 * 5
    assert by_part(flop_by_operation(graph), ["photo"]) == {"photo": stem + space, "fusion": head}


@pytest.mark.slow
def test_a_pair_is_exported_and_timed(
    config: Config, example: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The category with one fusion by the command; its graph's files, and the rows that travel with them, by turns."""
    monkeypatch.setattr(encoders, "EXAMPLE", example)
    monkeypatch.setattr(parity, "DOCS", tmp_path / "parity.md")
    kept = {}
    compare = parity.compare

    def keeping(graph: Any, values: Any, inputs: Any, folder: Path) -> Any:
        kept.update(graph=graph, values=values)
        return compare(graph, values, inputs, tmp_path / "exported")

    monkeypatch.setattr(parity, "compare", keeping)
    monkeypatch.setattr(parity, "describe", lambda *_: {})
    flags = ["--encoders", "number", "--fusions", "sum", "--docs", "--results", str(tmp_path)]
    assert parity.main(flags) == 0
    assert "1 pairs" in (tmp_path / "parity.md").read_text(encoding="utf-8")
    pair = json.loads((tmp_path / "mm_parity.json").read_text(encoding="utf-8"))["pairs"]["number"]["sum"]
    assert list(pair["formats"]) == ["savedmodel", "tflite", "onnx"]
    assert pair["rows_differ_by"] > 1e-3

    from mmkeras.verification.samples import Samples, save_samples

    nothing = np.zeros((parity.ROWS, 1), "float32")
    save_samples(Samples(kept["values"], nothing[:, 0], nothing, {}), tmp_path / "exported" / "sample_inputs.npz")
    ways = {name: way for name, way in latency.WAYS.items() if name in ("LiteRT", "ONNX Runtime")}
    monkeypatch.setattr(latency, "WAYS", ways)
    found = latency.measure(tmp_path / "exported", tmp_path, 8, 1, tmp_path)
    assert all(found[size][name]["p50_us"] > 0 for size in latency.SIZES for name in (*ways, latency.MATMUL))
    flops = importlib.import_module("benchmarks.multimodal.flops")
    monkeypatch.setattr(flops, "flop_of", lambda run: {"fusion": 1_000_000})
    low = latency.floor(tmp_path, found)
    assert low["floor_us"] > 0
    table = latency.markdown({"latency": found, "floor": low})
    assert table.count("\n| ") == 3


def test_an_answer_that_is_off_is_told(config: Config) -> None:
    """A difference, a label and ids that are others are in the table's last line."""
    good = {"largest_difference": 1e-7, "labels_identical": True, "ids_identical": True}
    bad = {**good, "largest_difference": 2e-3, "labels_identical": False}
    pairs = {
        "number": {
            fusion: {"formats": {"onnx": found}, "largest_difference": found["largest_difference"], "passed": passed}
            for fusion, found, passed in (("sum", good, True), ("concat", bad, False))
        }
    }
    table = parity.markdown({"pairs": pairs, "left_out": {"text-wordpiece": "no weights"}})
    assert "| number | 1.0e-07 | 2.0e-03 FAILED |" in table
    assert "2.0e-03 (NOT all at most 1e-05); labels NOT identical, token ids identical." in table
    assert "(all-MiniLM-L6-v2): no weights." in table
    assert np.isnan(parity.worst([1.0, float("nan"), 2.0]))


@pytest.mark.slow
def test_waiting(config: Config, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    small = config.replace(batch_size=16)
    monkeypatch.setattr(waiting, "config_for", lambda name, shared: small)
    assert waiting.main(["--sets", "example", "--epochs", "1", "--results", str(tmp_path)]) in (0, 1)
    found = json.loads((tmp_path / "mm_waiting.json").read_text(encoding="utf-8"))["sets"]["example"]
    assert found["steps"] == 4
    assert 0 < found["share"] < 1
    assert waiting.SETS["example"] in capsys.readouterr().out
