"""A .tflite file without names and empty buffers: smaller, with the same functions and answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from tensorflow.lite.python import schema_py_generated as schema

from mmkeras.exporting.formats.tflite_slim import slimmed


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two functions with constants of several types, large enough that their alignment counts."""
    table = np.arange(3000, dtype="uint8").reshape(1000, 3)
    weights = np.random.default_rng(0).normal(size=(3, 7)).astype("float32")

    class Both(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, "rows")])
        def looked_up(self, rows: Any) -> dict[str, Any]:
            return {"values": tf.nn.relu(tf.cast(tf.gather(table, rows), tf.float32) @ weights)}

        @tf.function(input_signature=[tf.TensorSpec([2, 3], tf.float32, "x")])
        def doubled(self, x: Any) -> dict[str, Any]:
            return {"y": x * 2.0 + tf.constant([1.0, 2.0, 3.0])}

    module, folder = Both(), str(tmp_path_factory.mktemp("both"))
    tf.saved_model.save(module, folder, signatures={"looked_up": module.looked_up, "doubled": module.doubled})
    converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["looked_up", "doubled"])
    return bytes(converter.convert())


def test_the_answers_are_the_same(model: bytes, tmp_path: Path) -> None:
    small = slimmed(model)
    assert len(small) < len(model)
    before, after = Interpreter(model_content=model), Interpreter(model_content=small)
    assert after.get_signature_list() == before.get_signature_list()
    rows, x = np.array([0, 7, 999], "int32"), np.ones((2, 3), "float32")
    for name, given in (("looked_up", {"rows": rows}), ("doubled", {"x": x})):
        found = [interpreter.get_signature_runner(name)(**given) for interpreter in (before, after)]
        assert found[0].keys() == found[1].keys()
        for output, values in found[0].items():
            np.testing.assert_array_equal(found[1][output], values)


def test_constants_are_aligned_and_inputs_keep_their_names(model: bytes) -> None:
    root = schema.Model.GetRootAs(slimmed(model), 0)
    for buffer in (root.Buffers(k) for k in range(root.BuffersLength())):
        if buffer.DataLength():
            assert buffer._tab.Vector(buffer._tab.Offset(4)) % 16 == 0
    for graph in (root.Subgraphs(k) for k in range(root.SubgraphsLength())):
        named = {*graph.InputsAsNumpy().tolist(), *graph.OutputsAsNumpy().tolist()}
        for k in range(graph.TensorsLength()):
            assert bool(graph.Tensors(k).Name()) == (k in named)
