"""What counts of the training rows say before a linear model is trained: where it starts, and how fast it moves."""

from __future__ import annotations

from typing import Final

import numpy as np

from mmkeras.data.targets.one_hot import Encoded
from mmkeras.features.ragged import Ragged, release

SMOOTHED: Final = 1.0  # rows that are added to the counts of `scales_of`
SHARE: Final = 0.5  # of the log-ratios in a scale; the rest is 1
AT_ONCE: Final = 2**22  # features of texts that are counted at once
ROWS_AT_ONCE: Final = 2**16  # whose one-hot targets are made at once
LARGEST_SCALE: Final = 3.0  # a step of SGD grows with its square


def scales_of(bags: Ragged, truth: Encoded, n_rows: int) -> np.ndarray:
    """float32 [n_rows, classes]: how fast each weight of a table is to move, 1 on average.

    Half of it is 1, half the size of the log-ratio of naive Bayes: how much more, or less, frequent a feature is in
    rows of the class than in all others. (Wang & Manning 2012 scale the features by it, and mix it in likewise.)

    bags: rows of training texts; truth: float32 [n, classes], one-hot.
    """
    n_classes = truth.shape[1]
    classes = truth.argmax(axis=1)
    inside = counts_of(bags, classes, n_rows, n_classes)
    rows = np.bincount(classes, minlength=n_classes).astype("float32")  # [classes]
    outside = inside.sum(axis=1, keepdims=True) - inside
    ratio = (rows + 2 * SMOOTHED) / (rows.sum() - rows + 2 * SMOOTHED)
    sizes = np.abs(np.log((inside + SMOOTHED) / (outside + SMOOTHED) / ratio), dtype="float32")
    seen = sizes[1:] if n_rows > 1 else sizes  # row 0 is no feature
    mean = max(float(np.sqrt(np.mean(seen * seen))), 1e-6)
    return np.minimum(np.float32(1 - SHARE) + sizes * np.float32(SHARE / mean), np.float32(LARGEST_SCALE))


def counts_of(bags: Ragged, classes: np.ndarray, n_rows: int, n_classes: int) -> np.ndarray:
    """float32 [n_rows, n_classes]: in how many texts of each class a feature occurs. classes: int [n]."""
    counts = np.zeros(n_rows * n_classes, "float32")
    first = 0
    while first < len(bags):  # some texts at a time: the bags of many texts do not fit into memory
        last = max(first + 1, int(np.searchsorted(bags.starts, bags.starts[first] + AT_ONCE, "right")) - 1)
        entries = np.asarray(bags.columns[0][bags.starts[first] : bags.starts[last]]).astype("int64")
        of_entry = np.repeat(classes[first:last], bags.lengths[first:last])
        counts += np.bincount(entries * n_classes + of_entry, minlength=len(counts))
        release(bags.columns[0])
        first = last
    return counts.reshape(n_rows, n_classes)


def priors_of(truth: Encoded, weights: np.ndarray) -> np.ndarray:
    """float32 [classes]: the logits with the smallest one-vs-rest hinge before anything is learned, 2 P(class) - 1.

    truth: float32 [n, classes], one-hot; weights: float32 [n], of the rows.
    """
    parts = range(0, len(truth), ROWS_AT_ONCE)
    weighed = np.sum([weights[a : a + ROWS_AT_ONCE] @ truth[a : a + ROWS_AT_ONCE] for a in parts], axis=0)
    share = weighed / max(float(weights.sum()), 1e-6)
    return (2.0 * share - 1.0).astype("float32")
