"""Ops that a format does not have are named, with the layer that they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

import mmkeras.exporting.formats.onnx
import mmkeras.exporting.formats.savedmodel
import mmkeras.exporting.formats.tflite
from mmkeras.errors import InputError
from mmkeras.graph import Graph, Input
from mmkeras.tasks.assets import Assets


@keras.saving.register_keras_serializable("tests")
class Bessel(keras.layers.Layer):
    """An op that neither LiteRT nor ONNX has."""

    def call(self, x: Any) -> Any:
        return tf.math.special.bessel_i0(keras.ops.cast(x, "float32"))


@pytest.fixture(scope="module")
def odd_graph() -> Graph:
    raw = keras.Input((None,), dtype="uint8", name="text")
    mean = keras.ops.mean(Bessel(name="odd_layer")(raw), axis=1, keepdims=True)
    model = keras.Model({"text": raw}, {"probabilities": mean})
    outputs = ({"name": "probabilities", "dtype": "float32", "shape": ["batch", 1], "of": "labels"},)
    return Graph(
        "predict", model, (Input("text", "text", "text", "uint8", ("n_bytes",), {"max_bytes": 8}),), outputs, ("a",), {}
    )


def test_litert_names_the_op_and_the_layer_it_cannot_convert(odd_graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"BesselI0 \(in layer .*odd_layer.*\)"):
        mmkeras.exporting.formats.tflite.export({"predict": odd_graph}, Assets("numbers"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_onnx_names_the_op_it_cannot_convert(odd_graph: Graph, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"BesselI0 \(in .*odd_layer.*\)"):
        mmkeras.exporting.formats.onnx.export({"predict": odd_graph}, Assets("numbers"), tmp_path)
    assert list(tmp_path.iterdir()) == []
