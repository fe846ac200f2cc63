"""Keras' LSTM, whose training takes two loops that hold nothing but what cannot be done at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from keras import layers

Tensor = Any
PARTS = 2  # of a batch, whose loops run side by side


class LSTM(layers.LSTM):
    """Keras' layer with the same weights and answers (Hochreiter & Schmidhuber 1997), for sequences without a mask.

    Call: float32 [b, T, width], initial_state [h, c], float32 [b, units] each -> [b, T, units], h, c.

    Why not Keras' own: on a CPU its loop multiplies each step's input by itself, and its gradient adds up a kernel's
    gradient at every step. Here inputs meet their kernel in one product before the loop, and both kernels' gradients
    are one product each behind it. Rows know nothing of each other, so both halves of a batch go through loops of their
    own at the same time: a step's product alone is too small for two processors. On a GPU Keras' own call stays, which
    is cuDNN's.
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
    rows = x.shape[0] or h.shape[0]  # None where it is not known
    given = tf.reshape(tf.matmul(inputs, kernel) + bias, (steps, rows or -1, 4 * units))  # [T, b, 4u]
    h, c = (tf.ensure_shape(state, (rows, units)) for state in (h, c))
    n = PARTS if rows and rows % PARTS == 0 else 1
    starts = list(zip(tf.split(h, n), tf.split(c, n), strict=True))
    runs = [forth(some, recurrent, *start) for some, start in zip(tf.split(given, n, axis=1), starts, strict=True)]
    states, cells = (tf.concat(some, axis=1) for some in list(zip(*runs, strict=True))[:2])  # [T, b, u]

    def gradient(d_outputs: Tensor, d_h: Tensor, d_c: Tensor) -> Any:
        d_h, d_c = (tf.ensure_shape(state, (rows, units)) for state in (d_h, d_c))
        by_step = tf.transpose(d_outputs, (1, 0, 2))  # [T, b, u]
        above = zip(tf.split(by_step, n, axis=1), tf.split(d_h, n), tf.split(d_c, n), strict=True)
        found = [
            back(recurrent, cell, run[1], run[2], *some)
            for (_, cell), run, some in zip(starts, runs, above, strict=True)
        ]
        d_given, d_h, d_c = (
            tf.concat(some, axis) for some, axis in zip(zip(*found, strict=True), (1, 0, 0), strict=True)
        )
        flat = tf.reshape(d_given, (-1, 4 * units))  # [T * b, 4u]
        before = tf.reshape(tf.concat([h[None], states[:-1]], axis=0), (-1, units))  # [T * b, u]
        d_x = tf.reshape(tf.matmul(flat, kernel, transpose_b=True), (steps, -1, width))
        both = tf.matmul(tf.concat([inputs, before], axis=1), flat, transpose_a=True)  # [width + u, 4u]
        return tf.transpose(d_x, (1, 0, 2)), both[:width], both[width:], tf.reduce_sum(flat, axis=0), d_h, d_c

    return (tf.transpose(states, (1, 0, 2)), states[-1], cells[-1]), gradient


@tf.function(jit_compile=True)
def forth(given: Tensor, recurrent: Tensor, h: Tensor, c: Tensor) -> Any:
    """given: the inputs' part of the gates, [T, b, 4u].

    -> states and cells [T, b, u], and gates [T, b, 4u] in Keras' order: input, forget, new, output.
    """
    steps = tf.shape(given)[0]

    def step(t: Tensor, h: Tensor, c: Tensor, states: Any, cells: Any, gates: Any) -> Any:
        i, f, g, o = tf.split(given[t] + tf.matmul(h, recurrent), 4, axis=1)  # [b, u] each
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * c + i * g
        h = o * tf.tanh(c)
        return t + 1, h, c, states.write(t, h), cells.write(t, c), gates.write(t, tf.concat([i, f, g, o], axis=1))

    arrays = [tf.TensorArray(given.dtype, steps) for _ in range(3)]
    *_, states, cells, gates = tf.while_loop(lambda t, *_: t < steps, step, (0, h, c, *arrays))
    return states.stack(), cells.stack(), gates.stack()


@tf.function(jit_compile=True)
def back(
    recurrent: Tensor, c: Tensor, cells: Tensor, gates: Tensor, d_outputs: Tensor, d_h: Tensor, d_c: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """c: the cells before the first step; cells, gates: of `forth`; d_outputs [T, b, u], d_h, d_c: what is above.

    -> the gradient of `given` [T, b, 4u], and of the states before the first step.
    """
    steps = tf.shape(gates)[0]
    before, turned = tf.concat([c[None], cells[:-1]], axis=0), tf.transpose(recurrent)

    def step(k: Tensor, d_h: Tensor, d_c: Tensor, d_given: Any) -> Any:
        t = steps - 1 - k
        i, f, g, o = tf.split(gates[t], 4, axis=1)
        shown = tf.tanh(cells[t])
        d_h = d_h + d_outputs[t]
        d_c = d_c + d_h * o * (1 - shown * shown)
        of_gates = (
            d_c * g * i * (1 - i),
            d_c * before[t] * f * (1 - f),
            d_c * i * (1 - g * g),
            d_h * shown * o * (1 - o),
        )
        d_gates = tf.concat(of_gates, axis=1)  # [b, 4u]
        return k + 1, tf.matmul(d_gates, turned), d_c * f, d_given.write(t, d_gates)

    start = (0, d_h, d_c, tf.TensorArray(gates.dtype, steps))
    _, d_h, d_c, d_given = tf.while_loop(lambda k, *_: k < steps, step, start)
    return d_given.stack(), d_h, d_c
