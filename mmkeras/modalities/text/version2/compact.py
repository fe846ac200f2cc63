"""Keys -> rows and TF-IDF weights of a small model: two bytes a feature for its key and its idf."""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.version2.vocabulary import PRINT_BITS, Displaced
from mmkeras.modalities.text.version2.weights import IDF_UNIT, WeighedRows

KEY_BITS: Final = 12  # of a key, by which a feature is known
N_LEVELS: Final = 2 ** (PRINT_BITS - KEY_BITS)  # different idf, the 0 of unused rows among them


def rounded_idf(idf: np.ndarray) -> np.ndarray:
    """float [n] -> float32 [n]: each idf above 0 at the nearest of 15 in geometric progression, whole units each."""
    idf = np.asarray(idf, "float64")
    used = idf > 0
    if not used.any():
        return np.zeros(len(idf), "float32")
    levels = np.geomspace(idf[used].min(), idf[used].max(), N_LEVELS - 1)
    levels = np.maximum(np.round(levels / IDF_UNIT), 1) * IDF_UNIT
    nearest = np.searchsorted(np.sqrt(levels[1:] * levels[:-1]), idf)
    return np.where(used, levels[nearest], 0).astype("float32")


@keras.saving.register_keras_serializable("mmkeras")
class CompactRows(WeighedRows):
    """`WeighedRows` of a vocabulary whose prints have KEY_BITS, and of at most N_LEVELS different idf.

    A row is one number of 16 bits: the print, and below it the number of its idf. Less the print of the key that is
    looked up, it is that number where the print is the key's, and else negative or too large.
    """

    def __init__(self, vocabulary: Displaced, idf: np.ndarray, counters: int, **kwargs: Any) -> None:
        super().__init__(vocabulary, idf, counters, **kwargs)
        levels, number = np.unique(np.r_[self.units, 0], return_inverse=True)
        if len(levels) > N_LEVELS or vocabulary.print_bits != KEY_BITS:
            raise ValueError(f"{len(levels)} different idf, prints of {vocabulary.print_bits} bits")
        self.both = vocabulary.prints | number.astype("int16")  # [n_rows + 1]
        self.levels = np.zeros(N_LEVELS + 2, "float32")  # the first and the last one are those of unknown keys
        self.levels[1 : 1 + len(levels)] = levels * 2.0**PRINT_BITS

    @property
    def idf(self) -> np.ndarray:
        """Float32 [n_rows]: the idf of each row, in units of IDF_UNIT / 2**16."""
        return self.units * np.float32(2.0**PRINT_BITS)

    def idf_of(self, keys: Tensor, slot: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and their slots, int32 [B, F] -> the idf, 0 for an unknown key, and 1.0 for a known one."""
        print_ = tf.cast(keys * N_LEVELS, "int16")
        number = ops.cast(tf.gather(self.shared_both(), slot), "int32") - ops.cast(print_, "int32")
        idf = tf.gather(self.levels, ops.clip(number + 1, 0, N_LEVELS + 1))
        return idf, ops.minimum(idf, 1.0)
