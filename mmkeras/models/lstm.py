"""Keras' LSTM with a faster training: all that does not depend on the step before is computed outside the loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import layers

Tensor = Any
PARTS = 2  # parts of a batch, whose loops run in parallel


@keras.saving.register_keras_serializable("mmkeras")
class LSTM(layers.LSTM):
    """Keras' layer with the same weights and answers (Hochreiter & Schmidhuber 1997), for sequences without a mask.

    Call: float32 [b, T, width], initial_state [h, c], float32 [b, units] each -> [b, T, units], h, c.

    Why not Keras' layer: on a CPU its loop multiplies each step's input separately, and its gradient adds up the
    kernels' gradients at every step. Here one product before the loop multiplies all inputs by their kernel, and one
    product after the loop gives the gradients of both kernels. The rows of a batch are independent, so two loops run in
    parallel, each over half of the batch: the product of a single step is too small for two processors. On a GPU Keras'
    call stays, which uses cuDNN.
    """

    def call(
        self,
        sequences: Tensor,
        initial_state: Sequence[Tensor] | None = None,
        mask: Tensor = None,
        training: Any = None,
    ) -> Any:
        if mask is not None or initial_state is None or tf.config.list_physical_devices("GPU"):
            return super().call(sequences, initial_state=initial_state, mask=mask, training=training)
        weights = [tf.convert_to_tensor(v) for v in (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)]
        return differentiable(sequences, *weights, *initial_state)


@tf.custom_gradient
def differentiable(x: Tensor, kernel: Tensor, recurrent: Tensor, bias: Tensor, h: Tensor, c: Tensor) -> Any:
    """x [b, T, width], kernels [width, 4u] and [u, 4u], bias [4u], h and c [b, u] -> outputs [b, T, u], h, c."""
    steps, width, units = tf.shape(x)[1], x.shape[2], recurrent.shape[0]
    inputs = tf.reshape(tf.transpose(x, (1, 0, 2)), (-1, width))  # [b, T, width] -> [T * b, width]
    rows = x.shape[0] or h.shape[0]  # None if unknown
    projected = tf.reshape(tf.matmul(inputs, kernel) + bias, (steps, rows or -1, 4 * units))  # [T, b, 4u]
    h, c = (tf.ensure_shape(state, (rows, units)) for state in (h, c))
    n = PARTS if rows and rows % PARTS == 0 else 1
    starts = list(zip(tf.split(h, n), tf.split(c, n), strict=True))
    parts = zip(tf.split(projected, n, axis=1), starts, strict=True)
    runs = [forward(part, recurrent, *start) for part, start in parts]
    states, cells = (tf.concat(arrays, axis=1) for arrays in list(zip(*runs, strict=True))[:2])  # [T, b, u]

    def gradient(d_outputs: Tensor, d_h: Tensor, d_c: Tensor) -> Any:
        d_h, d_c = (tf.ensure_shape(state, (rows, units)) for state in (d_h, d_c))
        by_step = tf.transpose(d_outputs, (1, 0, 2))  # [T, b, u]
        upstream = zip(tf.split(by_step, n, axis=1), tf.split(d_h, n), tf.split(d_c, n), strict=True)
        gradients = [
            backward(recurrent, cell, run[1], run[2], *slopes)
            for (_, cell), run, slopes in zip(starts, runs, upstream, strict=True)
        ]
        d_projected, d_h, d_c = (
            tf.concat(arrays, axis) for arrays, axis in zip(zip(*gradients, strict=True), (1, 0, 0), strict=True)
        )
        flat = tf.reshape(d_projected, (-1, 4 * units))  # [T * b, 4u]
        before = tf.reshape(tf.concat([h[None], states[:-1]], axis=0), (-1, units))  # [T * b, u]
        d_x = tf.reshape(tf.matmul(flat, kernel, transpose_b=True), (steps, -1, width))
        d_kernels = tf.matmul(tf.concat([inputs, before], axis=1), flat, transpose_a=True)  # [width + u, 4u]
        return tf.transpose(d_x, (1, 0, 2)), d_kernels[:width], d_kernels[width:], tf.reduce_sum(flat, axis=0), d_h, d_c

    return (tf.transpose(states, (1, 0, 2)), states[-1], cells[-1]), gradient


@tf.function(jit_compile=True)
def forward(projected: Tensor, recurrent: Tensor, h: Tensor, c: Tensor) -> Any:
    """projected: the inputs' part of the gates, [T, b, 4u].

    -> states and cells [T, b, u], and gates [T, b, 4u] in Keras' order: input, forget, new, output.
    """
    steps = tf.shape(projected)[0]

    def step(t: Tensor, h: Tensor, c: Tensor, states: Any, cells: Any, gates: Any) -> Any:
        i, f, g, o = tf.split(projected[t] + tf.matmul(h, recurrent), 4, axis=1)  # [b, u] each
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * c + i * g
        h = o * tf.tanh(c)
        return t + 1, h, c, states.write(t, h), cells.write(t, c), gates.write(t, tf.concat([i, f, g, o], axis=1))

    arrays = [tf.TensorArray(projected.dtype, steps) for _ in range(3)]
    *_, states, cells, gates = tf.while_loop(lambda t, *_: t < steps, step, (0, h, c, *arrays))
    return states.stack(), cells.stack(), gates.stack()


@tf.function(jit_compile=True)
def backward(
    recurrent: Tensor, c: Tensor, cells: Tensor, gates: Tensor, d_outputs: Tensor, d_h: Tensor, d_c: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """c: the cells before the first step; cells, gates: of `forward`; d_outputs [T, b, u], d_h, d_c: from above.

    -> the gradients of `projected` [T, b, 4u] and of the states before the first step.
    """
    steps = tf.shape(gates)[0]
    before, transposed = tf.concat([c[None], cells[:-1]], axis=0), tf.transpose(recurrent)

    def step(k: Tensor, d_h: Tensor, d_c: Tensor, d_projected: Any) -> Any:
        t = steps - 1 - k
        i, f, g, o = tf.split(gates[t], 4, axis=1)
        activated = tf.tanh(cells[t])
        d_h = d_h + d_outputs[t]
        d_c = d_c + d_h * o * (1 - activated * activated)
        slopes = (
            d_c * g * i * (1 - i),
            d_c * before[t] * f * (1 - f),
            d_c * i * (1 - g * g),
            d_h * activated * o * (1 - o),
        )
        d_gates = tf.concat(slopes, axis=1)  # [b, 4u]
        return k + 1, tf.matmul(d_gates, transposed), d_c * f, d_projected.write(t, d_gates)

    start = (0, d_h, d_c, tf.TensorArray(gates.dtype, steps))
    _, d_h, d_c, d_projected = tf.while_loop(lambda k, *_: k < steps, step, start)
    return d_projected.stack(), d_h, d_c
