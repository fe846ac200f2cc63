"""Several linear models in one table: each head has its own method and rate, all see the same rows in the same `fit`.

How strongly a linear model must be regularised depends on the table. One training of several heads costs little more
than one of one head, since reading, gathering and the steps themselves are shared; the held-out rows choose a head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import keras
from keras import ops

STRENGTHS: Final = (0.6, 0.3, 1.25)
"""C of the SGD heads, as in a support vector machine: large for little regularisation. The first one is the default."""
RATES: Final = (0.08, 0.04, 0.16)
"""Learning rates of the Adagrad heads. The first one is the default."""
HIGHEST_RATE: Final = 8.0  # of SGD: above it a step may overshoot where rows of a batch are alike
MOST_WEIGHTS: Final = 2**25  # of all heads' tables: 128 MiB


@dataclass(frozen=True)
class Head:
    """method and learning rate of a head; the rate falls linearly to 0 over the training."""

    method: Literal["adagrad", "sgd"]
    rate: float

    def __str__(self) -> str:
        return f"{self.method} {self.rate:.3g}"


def heads_of(n_weights: int, epochs: int, batch_size: int) -> tuple[Head, ...]:
    """The heads of a small table, the default first; fewer where a head has many weights.

    SGD that ends early is regularised like a support vector machine of C = epochs * rate / (2 * batch size): with a
    rate that falls to 0, a row moves the weights by about C in all epochs together.
    """
    most = min(HIGHEST_RATE, batch_size / 4)
    sgd = [Head("sgd", min(most, 2 * batch_size * c / epochs)) for c in STRENGTHS]
    adagrad = [Head("adagrad", rate) for rate in RATES]
    by_importance = [head for pair in zip(sgd, adagrad, strict=True) for head in pair]
    distinct = list(dict.fromkeys(by_importance))
    return tuple(distinct[: max(1, MOST_WEIGHTS // max(1, n_weights))])


def pairs_of(heads: Sequence[Head]) -> list[tuple[str, float]]:
    """The heads as the optimiser takes them."""
    return [(head.method, head.rate) for head in heads]


class HeadsLoss(keras.losses.Loss):
    """The mean of a loss over the heads: y_pred [b, heads, classes], y_true [b, classes].

    Each head learns by its own part alone: the optimiser multiplies a slope by the number of heads.
    """

    def __init__(self, loss: Any, **options: Any) -> None:
        super().__init__(name="heads", **options)
        self.loss = loss

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(self.loss.call(ops.expand_dims(y_true, 1), y_pred), axis=-1)  # [b]


class HeadsAccuracy(keras.metrics.Mean):
    """The mean accuracy of the heads."""

    def __init__(self, **options: Any) -> None:
        super().__init__(name="accuracy", **options)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        right = ops.equal(ops.argmax(y_pred, axis=-1), ops.argmax(y_true, axis=-1)[:, None])  # [b, heads]
        super().update_state(ops.mean(ops.cast(right, "float32"), axis=1), sample_weight)
