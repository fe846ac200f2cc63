"""A signature that answers otherwise is caught in the real runtimes, though all that a runner calls is as it was."""

from __future__ import annotations

import dataclasses
import shutil
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_runs
from small_runs import LABELS, MAX_BYTES, SmallRun, copy, proof

from mmkeras.tasks.assets import Assets


@pytest.fixture(scope="session")
def graph(run: SmallRun) -> Any:
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph

    return load_graph(open_run(run.folder))


def mismatches(folder: Path, name: str) -> list[str]:
    """What is said of the only artefact of a folder, which must fail."""
    done = small_runs.main("verify", folder)
    assert done.code == 1, done.out
    assert not (folder / name).exists()
    report = proof(folder)
    assert report["passed"] is False
    figures = report["artefacts"][name]
    assert figures["largest_difference"] < 1e-5, "what the runner calls answers as ever"
    for breach in figures["breaches"]:
        assert f"REJECTED {name}: {breach}" in done.lines
    return list(figures["breaches"])


# of a SavedModel


def other_cut(n_bytes: int) -> Callable[[pytest.MonkeyPatch], None]:
    """As if the graph's cut and the client's had come apart. No held-out row is long enough to tell.

    A cut too late would do no harm: the graph cuts its arrays too.
    """

    def tamper(patch: pytest.MonkeyPatch) -> None:
        from mmkeras.modalities.text import serving

        text_bytes = serving.text_bytes
        patch.setattr(serving, "text_bytes", lambda text, _: text_bytes(text, n_bytes))

    return tamper


def other_words(patch: pytest.MonkeyPatch) -> None:
    from mmkeras.exporting.serving import predict

    serving = predict.serving_function

    def function(module: Any) -> Any:
        return serving(types.SimpleNamespace(graph=dataclasses.replace(module.graph, labels=LABELS[::-1])))

    patch.setattr(predict, "serving_function", function)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (other_cut(MAX_BYTES - 8), "probabilities"),
        (other_words, "labels"),
    ],
    ids=["a cut too early", "labels in another order"],
)
def test_strings_answered_otherwise_are_caught(
    tamper: Any, reason: str, run: SmallRun, graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmkeras.exporting.formats import savedmodel

    folder = copy(run, tmp_path / "e", "savedmodel/1")
    shutil.rmtree(folder / "savedmodel")
    tamper(monkeypatch)
    savedmodel.export({"predict": graph}, Assets("numbers", graph.labels), folder)
    found = mismatches(folder, "savedmodel/1")
    assert all(b.startswith("its signature serving_default: ") for b in found)
    assert any(b.startswith(f"its signature serving_default: {reason} differ") for b in found)


# of a .tflite


@pytest.mark.slow
@pytest.mark.parametrize("n_bytes", [8, MAX_BYTES], ids=["shorter than any row", "longer than any row"])
def test_a_length_answered_otherwise_is_caught(
    n_bytes: int, run: SmallRun, graph: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It loses its last bytes; the other lengths do not."""
    from mmkeras.exporting.formats import tflite

    function = tflite.GraphModule.function

    def losing(module: Any, batch: int | None = None, length: int | None = None, **options: Any) -> Any:
        if length != n_bytes:
            return function(module, batch, length, **options)

        def model(inputs: dict[str, Any], training: bool) -> Any:
            return graph.model({name: text[:, :-6] for name, text in inputs.items()}, training=training)

        whole, module.graph = module.graph, dataclasses.replace(graph, model=model)
        try:
            return function(module, batch, length, **options)
        finally:
            module.graph = whole

    monkeypatch.setattr(tflite, "LENGTHS", (8, 64))
    monkeypatch.setattr(tflite.GraphModule, "function", losing)
    folder = copy(run, tmp_path / "e", "predict.tflite")
    tflite.export({"predict": graph}, Assets("numbers", graph.labels), folder)
    found = mismatches(folder, "predict.tflite")
    assert found
    assert all(b.startswith(f"its signature predict_{n_bytes}: ") for b in found), found
    assert f"its signature predict_{n_bytes}: ids differ" in found


# and of sound ones


@pytest.mark.slow
def test_every_signature_was_run(run: SmallRun) -> None:
    checked = {name: r["signatures_checked"] for name, r in proof(run.exported)["artefacts"].items()}
    assert {name: list(found) for name, found in checked.items()} == {
        "savedmodel/1": ["serving_default"],
        "predict.tflite": ["predict", "predict_64", "predict_80", f"predict_{MAX_BYTES}"],
        "predict.onnx": [],
    }
    for found in checked.values():
        for figures in found.values():
            assert figures["texts"] >= 3
            assert figures["labels_identical"] is True
            assert figures["largest_difference"] <= 1e-5
