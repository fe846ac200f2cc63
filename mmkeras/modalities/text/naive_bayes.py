"""What the features of a text say of its class by counting alone (multinomial naive Bayes), no gradient.

As Rennie et al. 2003 have it: of TF-IDF weights of texts of length 1, not of bare counts.
"""

from __future__ import annotations

import numpy as np

from mmkeras.ragged import Ragged

SMOOTHING = 0.3  # what each feature is counted beforehand, of each class; see docs/multimodal.md


def log_likelihoods(bags: Ragged, classes: np.ndarray, n_rows: int, n_classes: int) -> np.ndarray:
    """log P(feature | class), float32 [n_rows, n_classes], without what is the same for all classes; row 0 is none.

    bags: row numbers and weights of the texts to count; classes: int [n], theirs.
    """
    rows, weights = bags.columns
    place = rows.astype("int64") * n_classes + classes[bags.row_numbers()]
    counts = np.bincount(place, weights, n_rows * n_classes).reshape(n_rows, n_classes) + SMOOTHING
    log = np.log(counts / counts[1:].sum(axis=0))
    log -= log.mean(axis=1, keepdims=True)
    log[0] = 0.0
    return log.astype("float32")


def votes(bags: Ragged, table: np.ndarray) -> np.ndarray:
    """A text's log-likelihoods, float64 [n, n_classes]: those of its features, each by its weight."""
    rows, weights = bags.columns
    text = bags.row_numbers()
    return np.stack([np.bincount(text, weights * table[rows, k], len(bags)) for k in range(table.shape[1])], axis=1)
