"""Large tables bypass LiteRT's converter: the file has all their rows, and answers as the model does."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from mmkeras.exporting.formats import tflite, tflite_tables
from mmkeras.graph import Graph, Input


@keras.saving.register_keras_serializable("tests")
class Rows(keras.layers.Layer):
    """The sum of a table's rows. counted: the graph also depends on the number of all rows."""

    def __init__(self, counted: bool, **options: Any) -> None:
        super().__init__(**options)
        self.counted = counted
        self.table = self.add_weight(shape=(256, 3), initializer="random_normal", name="table")

    def call(self, x: Any) -> Any:
        table = tf.convert_to_tensor(self.table.value)
        total = tf.reduce_sum(tf.gather(table, tf.cast(x, "int32")), axis=1)  # [batch, 3]
        return total * float(table.shape[0]) if self.counted else total


@pytest.mark.parametrize(("counted", "tables"), [(False, 1), (False, 2), (True, 1)])
def test_tables_are_put_back_whole(counted: bool, tables: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tflite_tables, "LARGE", 256 * 3)
    raw = keras.Input((None,), dtype="uint8", name="text")
    sums = [Rows(counted, name=f"rows_{k}")(raw) for k in range(tables)]
    model = keras.Model({"text": raw}, {"values": sums[0] if tables == 1 else keras.layers.Subtract()(sums)})
    outputs = ({"name": "values", "dtype": "float32", "shape": ["batch", 3], "of": "values"},)
    text = Input("text", "text", "text", "uint8", ("n_bytes",), {"max_bytes": 8})
    graph = Graph("predict", model, (text,), outputs, (), {})
    assert len(tflite_tables.gathered(graph)) == (0 if counted else tables)
    interpreter = Interpreter(model_content=tflite.convert(graph))
    x = np.arange(248, 256, dtype="uint8")[None]
    for name in interpreter.get_signature_list():
        answer = interpreter.get_signature_runner(name)(text=x)["values"]
        np.testing.assert_allclose(answer, model({"text": x})["values"], rtol=1e-5, atol=1e-6)
