"""The weighted sum of the rows of a table of 2, 4 or 8 bits: `BagEmbedding`, as it is deployed under a size budget.

The codes are integers in the graph, which no converter touches: gathered, cast, summed. So SavedModel, LiteRT and ONNX
compute the same sums, and are compared with the trained model at the tolerance of float32.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import split_number
from mmkeras.modalities.text.quantisation import LEVELS, QuantisedTable, dequantised, quantise, width_of, zero_of

Tensor = Any


@keras.saving.register_keras_serializable("mmkeras")
class QuantisedBag(keras.layers.Layer):
    """int32 rows [B, F] and float32 weights [B, F] -> the weighted sum of table rows, float32 [B, dim].

    Its variables are those of `QuantisedTable`. The scale of a row is multiplied into the weight of the feature, so
    that a sum over F has one product a code. shifts: as of `quantise`. The codes of a row that may be shifted have no
    zero; their mean is subtracted, so that sums are as near to 0, and as exact, as those of a float table.
    """

    def __init__(self, rows: int, dim: int, bits: int, shifts: bool = False, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs, "trainable": False})
        self.rows, self.dim, self.bits, self.shifts = rows, dim, bits, shifts

    def build(self, *shapes: Any) -> None:
        def numbers(name: str, shape: tuple[int, ...], dtype: str) -> Any:
            return self.add_weight(shape=shape, initializer="zeros", dtype=dtype, trainable=False, name=name)

        self.codes = numbers("codes", (self.rows, width_of(self.dim, self.bits)), "uint8")
        self.scales = numbers("scales", (self.rows,), "uint8")
        self.levels = numbers("levels", (LEVELS,), "float32")

    def call(self, rows: Tensor, weights: Tensor) -> Tensor:
        level = ops.cast(tf.gather(self.scales.value, rows), "int32")  # [B, F]
        scaled = ops.expand_dims(weights * tf.gather(self.levels.value, level), 1)  # [B, 1, F]
        codes = ops.cast(tf.gather(self.codes.value, rows), "float32")  # [B, F, width]
        parts = []
        for _ in range(8 // self.bits - 1):
            codes, part = split_number(codes, 2**self.bits)
            parts.append(part)
        codes = ops.concatenate([*parts, codes], axis=2) if parts else codes  # [B, F, dim]: at most 3 more
        codes = codes if codes.shape[2] == self.dim else codes[:, :, : self.dim]
        codes = codes - (ops.mean(codes, axis=2, keepdims=True) if self.shifts else float(zero_of(self.bits)))
        return ops.squeeze(ops.matmul(scaled, codes), 1)  # [B, 1, F] x [B, F, dim] -> [B, dim]

    def assign(self, table: np.ndarray) -> None:
        """Quantise a float table [rows, dim] into the variables."""
        quantised = quantise(table, self.bits, self.shifts)
        self.codes.assign(quantised.codes)
        self.scales.assign(quantised.scales)
        self.levels.assign(quantised.levels)

    @property
    def table(self) -> np.ndarray:
        """The numbers that the codes stand for, float32 [rows, dim]."""
        quantised = QuantisedTable(np.asarray(self.codes), np.asarray(self.scales), np.asarray(self.levels))
        return dequantised(quantised, self.dim, self.bits, self.shifts)

    def compute_output_shape(self, rows_shape: Any, weights_shape: Any) -> tuple[Any, ...]:
        return rows_shape[0], self.dim

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rows": self.rows, "dim": self.dim, "bits": self.bits, "shifts": self.shifts}
