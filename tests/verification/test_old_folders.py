"""Folders exported before signature.json had one form are still verified and answered, for one release."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import small_runs
from made_up_samples import SIGNATURE
from small_texts import write_pairs

from mmkeras.graph import Artefact, Signature
from mmkeras.runtime.exported import read_signature

GRAPH = {"inputs": [{"name": "piece", "kind": "piece"}], "outputs": [{"name": "log_probabilities"}], "labels": []}


def old_form(new: dict[str, Any]) -> dict[str, Any]:
    """A signature as it was written before: of one graph its keys at the top, and a list of paths for `artefacts`."""
    paths = [path for artefact in new["artefacts"].values() for path in dict.fromkeys(artefact["paths"].values())]
    if new["answers"] == "texts":
        held_out = {key: value for key, value in new["held_out"].items() if key != "learned_since"}
        kept = {key: value for key, value in new.items() if key not in ("answers", "labels", "files", "sha256")}
        return {**kept, "artefacts": paths, "held_out": held_out}
    (graph,) = new["graphs"].values()
    return {**graph, "artefacts": paths, "held_out": new["held_out"]}


def make_old(folder: Path) -> None:
    """Rewrite the signature of an exported folder as it was before."""
    path = folder / "signature.json"
    old = old_form(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(json.dumps(old), encoding="utf-8")


def test_one_graph_at_the_top() -> None:
    paths = ["savedmodel/1", "predict.tflite", "predict.onnx"]
    signature = Signature.from_json({**SIGNATURE, "target": "topic", "artefacts": paths})
    assert (signature.answers, signature.task, signature.target) == ("numbers", "classify", "topic")
    assert list(signature.graphs) == ["predict"]
    assert [artefact.name for artefact in signature.artefacts.values()] == paths
    assert signature.artefacts["tflite"] == Artefact("tflite", {"predict": "predict.tflite"})
    assert signature.metadata["targets"]["names"] == ["topic"]


def test_several_graphs() -> None:
    graphs = {name: {"graph": name, **GRAPH, "task": "language_model"} for name in ("decode_step", "score")}
    paths = ["savedmodel/1", "decode_step.tflite", "score.tflite"]
    old = {"task": "language_model", "target": "text", "graphs": graphs, "artefacts": paths, "sample_longest": 24}
    signature = Signature.from_json({**old, "held_out": {"perplexity": 9.0}})
    assert signature.answers == "texts"
    assert signature.artefacts["savedmodel"].paths == {"decode_step": "savedmodel/1", "score": "savedmodel/1"}
    assert signature.artefacts["tflite"].paths == {"decode_step": "decode_step.tflite", "score": "score.tflite"}
    assert [artefact.name for artefact in signature.artefacts.values()] == ["savedmodel", "tflite"]
    assert signature.metadata["sample_longest"] == 24


def test_the_new_form_survives_its_file() -> None:
    old = Signature.from_json({**SIGNATURE, "artefacts": ["predict.onnx"]})
    assert Signature.from_json(json.loads(json.dumps(old.to_json()))) == old


@pytest.mark.slow
def test_an_old_folder_of_numbers(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = small_runs.exported_run(tmp_path_factory.getbasetemp())
    folder = tmp_path / "e"
    shutil.copytree(run.exported, folder)
    before = small_runs.proof(folder)
    make_old(folder)
    shutil.rmtree(folder / "savedmodel/1/assets.extra")  # there were no digests
    inside = folder / "savedmodel/1/assets/signature.json"  # one graph's, without its name in front
    inside.write_text(json.dumps(json.loads(inside.read_text(encoding="utf-8"))["graphs"]["predict"]), encoding="utf-8")
    assert read_signature(folder).artefacts["onnx"].callables == {}, "they were not listed"
    done = small_runs.main("verify", folder)
    assert done.code == 0, done.out + done.err
    report = small_runs.proof(folder)
    for name, result in report["artefacts"].items():
        for key in ("accuracy", "rows", "ids_identical", "labels_identical", "largest_difference"):
            assert result[key] == before["artefacts"][name][key], (name, key)
    tables = []
    for place in (run.exported, folder):
        output = tmp_path / "p.csv"
        done = small_runs.main("predict", place / "savedmodel/1", run.csv, "--output", output, "--overwrite")
        assert done.code == 0, done.err
        tables.append(output.read_text(encoding="utf-8"))
    assert tables[0] == tables[1]


@pytest.mark.slow
def test_an_old_folder_of_texts(tmp_path: Path) -> None:
    flags = ("--task", "generate", "--text", "en", "--target", "de", "--pieces", "word", "--epochs", "1")
    small = ("--width", "32", "--depth", "1", "--max-target", "16", "--max-tokens", "16")
    trained = small_runs.main(
        "train", write_pairs(tmp_path / "pairs.csv"), *flags, *small, "--output", tmp_path / "run"
    )
    assert trained.code == 0, trained.err
    folder = tmp_path / "e"
    done = small_runs.main("export", tmp_path / "run", "--formats", "tflite", "--output", folder)
    assert done.code == 0, done.out + done.err
    written = small_runs.main("generate", folder, "the old dog likes a tree").out
    make_old(folder)
    assert "answers" not in json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    assert small_runs.main("verify", folder).code == 0
    assert small_runs.main("generate", folder, "the old dog likes a tree").out == written
