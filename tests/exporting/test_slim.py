"""`--slim`: artefacts without the outputs that answer no client; their proof says what it did not compare."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import small_runs
from parity import Exported
from small_runs import SmallRun, proof

from mmkeras.graph import internal_outputs
from mmkeras.runtime.runners import open_artefact


def test_internal_outputs_are_marked() -> None:
    old = [{"name": "probabilities"}, {"name": "a_ids"}]
    assert internal_outputs(old) == ["a_ids"]  # before 0.3
    assert internal_outputs([{"name": "probabilities"}, {"name": "seen", "internal": True}]) == ["seen"]


def test_a_slim_graph_answers_the_same(small: Exported) -> None:
    from mmkeras.exporting.slim import without_internal_outputs

    assert [o["name"] for o in small.graph.outputs if o.get("internal")] == ["body_ids"]
    graph = without_internal_outputs(small.graph)
    assert [o["name"] for o in graph.outputs] == ["probabilities"]
    assert without_internal_outputs(graph) is graph
    data = {"body": np.frombuffer(b"a text of some words", "uint8")[None]}
    outputs = graph.model(data)
    assert list(outputs) == ["probabilities"]
    np.testing.assert_array_equal(outputs["probabilities"], small.graph.model(data)["probabilities"])


@pytest.mark.slow
def test_a_slim_folder_and_its_proof(run: SmallRun, tmp_path: Path) -> None:
    folder = tmp_path / "e"
    done = small_runs.main("export", run.folder, "--output", folder, "--slim", "--formats", "onnx", "savedmodel")
    assert done.code == 0, done.out + done.err
    assert "slim artefacts have no token ids: these were not compared, the answers were" in done.lines
    signature = json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    assert signature["slim"] is True
    assert [o["name"] for o in signature["graphs"]["predict"]["outputs"]] == ["probabilities"]
    for artefact in signature["artefacts"].values():
        outputs = {o["name"] for callable_ in artefact["callables"].values() for o in callable_["outputs"]}
        assert outputs <= {"probabilities", "prediction"}
    for figures in proof(folder)["artefacts"].values():
        assert figures["ids_identical"] is None
        assert figures["any_length"]["largest_difference"] <= 1e-5
    full = proof(run.exported)["artefacts"]["predict.onnx"]
    assert full["ids_identical"] is full["any_length"]["ids_identical"] is True
    assert (
        list(open_artefact(folder / "predict.onnx").signature["outputs"]) == signature["graphs"]["predict"]["outputs"]
    )
    assert small_runs.main("verify", folder).code == 0
