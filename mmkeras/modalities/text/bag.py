"""A text as a bag: its features (tokens, pairs, character n-grams) as row numbers, each with a weight."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor, count, look_up, modulo, previous, split_number
from mmkeras.modalities.text.hashing.tokenizer import PRIMES
from mmkeras.system.packed import packed, unpacked

PAIR = np.array([2741, 1597], "float32").reshape(2, 1, 1)  # combines the hashes of two neighbours, modulo each prime
FREQUENT = 2**12  # each row below this has a counter to itself, all other rows share as many counters again
FREQUENT_CHAR_NGRAMS = 2**14  # with character n-grams, of which a text has ten times as many
IDF_UNIT = 2.0**-16  # an inverse document frequency is stored as a whole number of these


@keras.saving.register_keras_serializable("mmkeras")
class Ngrams(keras.layers.Layer):
    """Token hashes [2, B, W] and `used` [B, W] -> those of the features, [2, B, F] and [B, F]: tokens, then pairs.

    F is W for `orders` 1, and 2 W for 2, where entry W + i is the pair of token i and the token before it.
    """

    def __init__(self, orders: int = 2, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.orders = orders

    def call(self, hashes: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        if self.orders == 1:
            return hashes, used
        pairs = modulo(hashes * PAIR + previous(hashes), PRIMES)
        return ops.concatenate([hashes, pairs], axis=2), ops.concatenate([used, used * previous(used)], axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "orders": self.orders}


@keras.saving.register_keras_serializable("mmkeras")
class ByOrder(keras.layers.Layer):
    """Row numbers int32 [B, orders * W] -> [B, orders, W], those of tokens, then of pairs: the output `ids`."""

    def __init__(self, orders: int, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.orders = orders

    def call(self, rows: Tensor) -> Tensor:
        if rows.shape[0] is not None and rows.shape[1] is not None:
            return tf.reshape(rows, (rows.shape[0], self.orders, rows.shape[1] // self.orders))
        return tf.stack(tf.split(rows, self.orders, axis=1), axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "orders": self.orders}


@keras.saving.register_keras_serializable("mmkeras")
class TfIdf(keras.layers.Layer):
    """Row numbers -> weights: square root of the term frequency times inverse document frequency, L2-normalised.

    Call: float32 [B, F] row numbers, 0 for none -> float32 [B, F]. A feature that occurs c times has c entries; each
    gets idf / sqrt(c), so that the entries of a feature sum to idf * sqrt(c), and the squared length of the bag is the
    sum of idf ** 2 over all entries. (1 + log c, the other usual damping, was no more accurate and needs a logarithm.)

    Sorting the rows to count equal ones is slow, so a small table counts them. Rows are ordered by frequency: each of
    the first `frequent` rows, which are those that repeat, has a counter to itself; all others share as many counters,
    row modulo `frequent`, where two different rare features of a text may collide and count as two.
    """

    def __init__(self, idf: np.ndarray, frequent: int = FREQUENT, **kwargs: Any) -> None:
        """idf: float [1 + size], the first entry 0 for row 0, which is "no feature"; frequent: a power of two."""
        super().__init__(**{**kwargs, "trainable": False})
        self.idf = np.round(np.asarray(idf, "float64") / IDF_UNIT).astype("int32")
        self.frequent = frequent

    def call(self, rows: Tensor) -> Tensor:
        rounds, _ = split_number(rows, self.frequent)
        times = count(rows - float(self.frequent) * ops.relu(rounds - 1.0), 2 * self.frequent)
        idf = look_up(self.idf, rows)
        squares = ops.sum(idf * idf, axis=1, keepdims=True)
        return idf / ops.sqrt(times * (squares + 1.0))  # + 1 against 0 / 0; negligible, an idf is at least 1 / IDF_UNIT

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "idf": packed(self.idf), "frequent": self.frequent}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TfIdf:
        return cls(**{**config, "idf": unpacked(config["idf"]) * IDF_UNIT})  # exact: whole numbers of a power of two


@keras.saving.register_keras_serializable("mmkeras")
class Mean(keras.layers.Layer):
    """Row numbers -> weights: 1 / (number of tokens) for each token, 0 elsewhere. float32 [B, F] -> [B, F]."""

    def call(self, rows: Tensor) -> Tensor:
        used = ops.minimum(rows, 1.0)
        return used / ops.maximum(ops.sum(used, axis=1, keepdims=True), 1.0)


@keras.saving.register_keras_serializable("mmkeras")
class DropFeatures(keras.layers.Layer):
    """In training, drop a share `rate` of a text's features and scale the others up: weights [B, F] -> [B, F].

    An embedding table overfits small training sets, rare words first. With dropout every feature must be predictive by
    itself: on 2,900 tweets it gains three points of accuracy (word dropout: Iyyer et al. 2015, section 3).
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        self.rate, self.seed = rate, seed
        self.random = keras.random.SeedGenerator(seed)

    def call(self, weights: Tensor, training: bool = False) -> Tensor:
        return keras.random.dropout(weights, self.rate, seed=self.random) if training and self.rate else weights

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable("mmkeras")
class BagEmbedding(keras.layers.Layer):
    """The weighted sum of table rows: int32 rows [B, F] and float32 weights [B, F] -> float32 [B, dim].

    As `keras.layers.Embedding` and a weighted sum, but the gather has no check for negative rows, and in training each
    row of the batch is gathered once: the gradient is sparse (tf.IndexedSlices) with no row twice, so that an optimiser
    may update the rows of the batch alone, and several threads compute the same sums. XLA does not compile that gather;
    `sparse` False uses the plain one. Sums are float32 whatever the precision of the other layers.
    """

    def __init__(self, rows: int, dim: int, initializer: str = "zeros", sparse: bool = True, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.rows, self.dim, self.initializer, self.sparse = rows, dim, initializer, sparse
        self.supports_jit = not sparse

    def build(self, *shapes: Any) -> None:
        self.table = self.add_weight(shape=(self.rows, self.dim), initializer=self.initializer, name="table")

    def call(self, rows: Tensor, weights: Tensor, training: bool = False) -> Tensor:
        if not training or not self.sparse:
            vectors = tf.gather(self.table, rows)  # [B, F, dim]
            return ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), vectors), 1)  # [B, 1, F] x [B, F, dim]
        shape = tf.shape(rows, out_type="int64")
        unique, index = tf.unique(tf.reshape(rows, (-1,)), out_idx="int64")  # [U], [B * F]
        text = tf.repeat(tf.range(shape[0]), shape[1])  # [B * F]
        bags = tf.SparseTensor(
            tf.stack([text, index], axis=1), tf.reshape(weights, (-1,)), (shape[0], tf.size(unique, out_type=tf.int64))
        )
        return tf.sparse.sparse_dense_matmul(bags, tf.gather(self.table.value, unique))  # [B, U] x [U, dim] -> [B, dim]

    def compute_output_shape(self, rows_shape: Any, weights_shape: Any) -> tuple[Any, ...]:
        return rows_shape[0], self.dim

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rows": self.rows,
            "dim": self.dim,
            "initializer": self.initializer,
            "sparse": self.sparse,
        }
