"""Optimisers with few passes over memory: one updates only the table rows of the batch, one clips in the update."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

LEARNING_RATE = 0.002
WEIGHT_DECAY = 0.01
PRIOR_RATE = 0.02  # Adagrad's, of the classes' priors
LEARNING_RATE_OF_TABLES = 0.08
WARM_UP = 0.1  # share of the steps in which the rate rises

Tensor = Any


class RowAdagrad(keras.optimizers.Optimizer):
    """Adagrad with one accumulator a row for tables, or SGD; Adam for all other variables.

    Keras' own Adagrad and Adam keep state as large as the table and touch all of it at every step, which for a table
    of 200,000 rows costs many times the step itself. A gathered table's gradient is sparse (tf.IndexedSlices): here
    the row's squared gradient, averaged over its columns, is added to one number, and the row moves by
    rate * gradient / sqrt(number). (Duchi, Hazan & Singer 2011, with one accumulator a row.)

    heads: the columns of a wide table are the classes of the first head, then those of the second, …; each head is
    learned by its own method and rate (`models.heads`). None: one head of Adagrad; with heads
    `learning_rate` is a factor of their rates.
    learning_rate: of the tables, a number or a schedule; vector_rate, dense_rate: factors of it for tables of vectors
    and for the Adam of the other variables; decay: pulls the rows of the batch towards zero (Adagrad alone).
    sparse: a table's gradient has each row once, as BagEmbedding's has; False for XLA, whose gradients are dense.

    `scales`: path of a wide table -> float32 [rows, classes], how fast each weight moves (`prediction.starts`). A
    weight is learned as scale * u by the slope of u: what a count says about a class is learned in fewer steps and is
    less regularised (Wang & Manning 2012).
    """

    def __init__(
        self,
        learning_rate: Any = LEARNING_RATE_OF_TABLES,
        vector_rate: float = 0.3,
        dense_rate: float = 0.02,
        decay: float = 1e-3,
        epsilon: float = 1e-4,
        sparse: bool = True,
        heads: Sequence[tuple[str, float]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate=learning_rate, **options)
        self.vector_rate, self.dense_rate, self.decay, self.epsilon = vector_rate, dense_rate, decay, epsilon
        self.sparse, self.heads = sparse, heads
        self.scales: dict[str, Tensor] = {}

    def build(self, variables: list[Any]) -> None:
        if self.built:
            return
        super().build(variables)
        self.paths = [v.path for v in variables]
        self.squares = [self.add_variable(self._squares_shape(v), name=f"{v.name}_squares") for v in variables]
        self.means = [
            self.add_variable((0,) if v.path.endswith("/table") else v.shape, name=f"{v.name}_mean") for v in variables
        ]

    def _squares_shape(self, variable: Any) -> tuple[int, ...]:
        if not variable.path.endswith("/table"):
            return tuple(variable.shape)
        many = self.heads is not None and len(self.heads) > 1 and "_vectors/" not in variable.path
        return (variable.shape[0], len(self.heads)) if many else (variable.shape[0],)  # type: ignore[arg-type]

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        squares, mean = self.squares[index].value, self.means[index].value
        if self.paths[index].endswith("/table"):
            self._update_table(gradient, variable, squares, learning_rate, self.paths[index])
            return
        if self.paths[index].endswith("/prior"):  # [classes], or [heads, classes]: as one row of a table
            slope = (len(self.heads) if self.heads else 1) * gradient
            squares.assign_add(tf.reduce_mean(slope * slope, axis=-1, keepdims=True) * tf.ones_like(slope))
            rate = learning_rate * (PRIOR_RATE if self.heads else PRIOR_RATE / LEARNING_RATE_OF_TABLES)
            self.assign_sub(variable, rate * slope / (tf.sqrt(squares) + self.epsilon))
            return
        # Kingma & Ba 2015, algorithm 1
        time = tf.cast(self.iterations + 1, "float32")
        mean.assign(0.9 * mean + 0.1 * gradient)
        squares.assign(0.999 * squares + 0.001 * gradient * gradient)
        direction = mean / (1 - 0.9**time) / (tf.sqrt(squares / (1 - 0.999**time)) + 1e-7)
        self.assign_sub(variable, learning_rate * self.dense_rate * direction)

    def _update_table(self, gradient: Tensor, variable: Any, squares: Any, rate: Tensor, path: str) -> None:
        is_vectors = "_vectors/" in path
        heads = [("adagrad", self.vector_rate if is_vectors else 1.0)] if is_vectors or not self.heads else self.heads
        if "_sentence/" in path:  # by Adagrad in every head: a step of SGD overshoots where the vectors are alike
            heads = [("adagrad", rate if method == "adagrad" else LEARNING_RATE_OF_TABLES) for method, rate in heads]
        scale = self.scales.get(path)
        if not (self.sparse and isinstance(gradient, tf.IndexedSlices)):  # slices without `sparse` may have a row twice
            # the same update for every row; one with a slope of 0 stays
            slope = tf.convert_to_tensor(gradient)  # [rows, heads * classes]
            touched = tf.cast(tf.reduce_any(slope != 0.0, axis=-1), "float32")  # [rows]
            step, total = self._steps(slope, squares, variable, scale, heads)
            squares.assign(total)
            self.assign_sub(variable, rate * touched[:, None] * step)
            return
        rows, slope = gradient.indices, tf.cast(gradient.values, "float32")  # [U], [U, heads * classes]
        scale = None if scale is None else tf.gather(scale, rows)
        step, total = self._steps(slope, tf.gather(squares, rows), tf.gather(variable, rows), scale, heads)
        squares.scatter_update(tf.IndexedSlices(total, rows))
        self.assign_sub(variable, tf.IndexedSlices(rate * step, rows))

    def _steps(
        self, slope: Tensor, squares: Tensor, weights: Tensor, scale: Tensor | None, heads: Sequence[tuple[str, float]]
    ) -> tuple[Tensor, Tensor]:
        """Steps of some rows at a learning rate of 1, and their new sums of squares.

        slope, weights: float32 [U, heads * classes]; squares: [U], or [U, heads]; scale: [U, classes] or None.
        """
        n, shape = len(heads), tf.shape(slope)
        parted = (shape[0], n, slope.shape[1] // n)
        slope = n * tf.reshape(slope, parted)  # [U, heads, classes]; the loss is the mean over the heads
        if scale is not None:
            slope *= scale[:, None, :]
        total = tf.reshape(squares, parted[:2]) + tf.reduce_mean(slope * slope, axis=-1)  # [U, heads]
        adagrad = np.array([method == "adagrad" for method, _ in heads], "float32")  # [heads]
        rates = np.array([rate for _, rate in heads], "float32")
        # a row without any slope so far has a sum of 0, by which its decay would be divided: no decay for it
        pull = self.decay * adagrad * tf.cast(total > 0.0, "float32")  # [U, heads]
        size = rates / (adagrad * (tf.sqrt(total) + self.epsilon) + (1.0 - adagrad))  # [U, heads]
        step = slope if scale is None else slope * scale[:, None, :]
        step = size[:, :, None] * (step + pull[:, :, None] * tf.reshape(weights, parted))
        return tf.reshape(step, shape), tf.reshape(total, tf.shape(squares))

    def get_config(self) -> dict[str, Any]:
        rates = {"vector_rate": self.vector_rate, "dense_rate": self.dense_rate, "decay": self.decay}
        return {**super().get_config(), **rates, "epsilon": self.epsilon, "sparse": self.sparse, "heads": self.heads}


class ClippedSGD(keras.optimizers.SGD):
    """SGD with gradients clipped by their global norm: the same numbers as Keras' SGD with `global_clipnorm`.

    Keras writes the squares, the clipped gradients and the steps into memory. Here the norm is one pass, and the
    clipping factor is part of the rate: 1.8 ms against 3.9 for a table of 10,000 x 200.
    """

    def __init__(self, learning_rate: Any, clip: float, **options: Any) -> None:
        super().__init__(learning_rate, **options)
        self.clip = clip

    def apply(self, grads: list[Tensor], trainable_variables: Any = None) -> None:
        dense = [tf.convert_to_tensor(gradient) for gradient in grads]
        norm = tf.sqrt(2.0 * tf.add_n([tf.nn.l2_loss(gradient) for gradient in dense]))
        self.share = self.clip / tf.maximum(norm, self.clip)
        super().apply(dense, trainable_variables)

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        rate = learning_rate * self.share
        tf.raw_ops.ResourceApplyGradientDescent(var=variable.handle, alpha=rate, delta=gradient)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "clip": self.clip}


class WarmUpCosine(keras.optimizers.schedules.LearningRateSchedule):
    """A rate that rises linearly over the first steps and falls to 0 along half a cosine (Loshchilov & Hutter 2017)."""

    def __init__(self, rate: float, steps: int) -> None:
        self.rate, self.steps = rate, steps

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "float32")
        warm_up = max(1.0, WARM_UP * self.steps)
        done = keras.ops.clip((step - warm_up) / max(1.0, self.steps - warm_up), 0.0, 1.0)
        falling = 0.5 * (1.0 + keras.ops.cos(math.pi * done))
        return self.rate * keras.ops.minimum((step + 1.0) / warm_up, falling)

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "steps": self.steps}
