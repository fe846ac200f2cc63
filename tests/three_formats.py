"""A model -> what it answers in TensorFlow, LiteRT (builtin ops alone) and ONNX (standard ops alone): for parity tests."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from conftest import Arrays

Run = Callable[[Arrays], np.ndarray]


def shaken(model: keras.Model, scale: float = 0.3) -> keras.Model:
    """The model with random weights that are no longer near zero, so that a wrong answer is far from the right one."""
    rng = np.random.default_rng(5)
    for variable in model.variables:
        if "float" in variable.dtype:
            variable.assign(variable + scale * rng.normal(size=variable.shape))
    return model


def runners(model: keras.Model, output: str) -> dict[str, Run]:
    """Name of a format -> arrays by name to one output of a model, whose inputs and outputs are dicts.

    Shapes are free where the model's inputs leave them so, the batch always.
    """
    import tensorflow as tf

    names = list(model.input)
    specs = [tf.TensorSpec(model.input[name].shape, model.input[name].dtype, name) for name in names]

    def call(*tensors: Any) -> list[Any]:
        return [model(dict(zip(names, tensors, strict=True)), training=False)[output]]

    function = tf.function(call, input_signature=specs)
    return {
        "savedmodel": lambda inputs: function(*(inputs[name] for name in names))[0].numpy(),
        "litert": _litert(model, function, names),
        "onnx": _onnx(function, specs),
    }


def _litert(model: keras.Model, function: Any, names: list[str]) -> Run:
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]
    with tempfile.TemporaryDirectory() as scratch:
        named = tf.function(lambda **inputs: {"answer": function(*(inputs[name] for name in names))[0]})
        specs = {spec.name: spec for spec in function.input_signature}
        tf.saved_model.save(module, scratch, signatures={"answer": named.get_concrete_function(**specs)})
        converter = tf.lite.TFLiteConverter.from_saved_model(scratch, signature_keys=["answer"])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        with contextlib.redirect_stdout(io.StringIO()):
            content = converter.convert()
    run = Interpreter(model_content=content, num_threads=1).get_signature_runner("answer")
    return lambda inputs: run(**{name: inputs[name] for name in names})["answer"]


def _onnx(function: Any, specs: list[Any]) -> Run:
    import onnxruntime
    import tf2onnx

    from mmkeras.export.formats.onnx import check_standard
    from mmkeras.export.formats.onnx_graph import simplify

    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    proto, _ = tf2onnx.convert.from_function(function, input_signature=specs, opset=18)
    simplify(proto.graph)
    check_standard(proto)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, {i.name: inputs[i.name.split(":")[0]] for i in session.get_inputs()})[0]
