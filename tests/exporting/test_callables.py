"""signature.json lists what clients can call in each artefact, as it was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from parity import Exported
from small_runs import MAX_BYTES, SmallRun

from mmkeras.exporting.export import callables_of
from mmkeras.exporting.formats import onnx, savedmodel, tflite
from mmkeras.graph import CallableSignature
from mmkeras.runtime.exported import read_signature

TEXT = {"name": "body", "dtype": "uint8", "shape": [None, None], "max_bytes": 96}
STRING = {"name": "body", "dtype": "string", "shape": [None], "max_bytes": 96}


def callables(small: Exported, exporter: Any, path: str) -> dict[str, CallableSignature]:
    return callables_of(exporter, {"predict": small.graph}, {"predict": small.folder / path}, small.folder)


def test_of_a_saved_model(small: Exported) -> None:
    signatures = callables(small, savedmodel, "savedmodel/1")
    assert list(signatures) == ["serving_default", "tensors"]
    assert signatures["serving_default"].inputs == (STRING,)
    assert signatures["serving_default"].outputs == (
        {"name": "prediction", "dtype": "string", "shape": [None]},
        {"name": "probabilities", "dtype": "float32", "shape": [None, 3]},
    )
    assert signatures["tensors"].inputs == (TEXT,)
    assert signatures["tensors"].path == "savedmodel/1"


def test_of_a_tflite_file(small: Exported) -> None:
    signatures = callables(small, tflite, "predict.tflite")
    assert list(signatures) == ["predict", "predict_64", "predict_80", "predict_96"]
    assert signatures["predict"].inputs == (TEXT,)
    assert signatures["predict_80"].inputs == ({**TEXT, "shape": [1, 80], "max_bytes": 80},)
    assert signatures["predict_80"].outputs[1] == {"name": "probabilities", "dtype": "float32", "shape": [1, 3]}


def test_of_an_onnx_file(small: Exported) -> None:
    signatures = callables(small, onnx, "predict.onnx")
    assert list(signatures) == ["predict"]
    assert signatures["predict"].inputs == (TEXT,)
    assert {input_spec["name"] for input_spec in signatures["predict"].outputs} == {"body_ids", "probabilities"}


@pytest.mark.slow
def test_a_client_can_call_what_is_listed(tmp_path_factory: pytest.TempPathFactory) -> None:
    """With nothing but signature.json: zeros, or empty strings, of the listed types and shapes."""
    run = small_runs.exported_run(tmp_path_factory.getbasetemp())
    signature = read_signature(run.exported)
    names = {artefact.name: list(artefact.callables) for artefact in signature.artefacts.values()}
    assert names == {
        "savedmodel/1": ["serving_default", "tensors"],
        "predict.tflite": sorted(["predict", "predict_64", "predict_80", f"predict_{MAX_BYTES}"]),
        "predict.onnx": ["predict"],
    }
    for artefact in signature.artefacts.values():
        for name, listed in artefact.callables.items():
            assert all(input_spec["max_bytes"] <= MAX_BYTES for input_spec in listed.inputs)
            arrays = {input_spec["name"]: zeros(input_spec) for input_spec in listed.inputs}
            outputs = call_of(run, listed.path, name)(arrays)
            assert {input_spec["name"] for input_spec in listed.outputs} == outputs.keys()
            for input_spec in listed.outputs:
                rank = input_spec["shape"]
                assert rank is None or len(rank) == outputs[input_spec["name"]].ndim, (name, input_spec)


def zeros(input_spec: dict[str, Any]) -> np.ndarray:
    """One row."""
    sizes = [size or 1 for size in input_spec["shape"]]
    return np.full(sizes, b"", object) if input_spec["dtype"] == "string" else np.zeros(sizes, input_spec["dtype"])


def call_of(run: SmallRun, path: str, name: str) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """The runtime's own call of that name."""
    from mmkeras.runtime.runners import OnnxRunner, open_artefact

    runner: Any = open_artefact(Path(run.exported) / path, threads=1)
    if isinstance(runner, OnnxRunner):
        return lambda arrays: dict(zip(runner.outputs, runner.session.run(None, arrays), strict=True))
    endpoint: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]] = runner.endpoint(name)
    return endpoint
