"""A column of texts -> bags of features or sequences; the adapted state; the column's layers in the graph."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.features.cache import KEY_BYTES
from mmkeras.features.ragged import Ragged, concatenate, from_mask
from mmkeras.modalities.text.bag import FREQUENT, FREQUENT_CHAR_NGRAMS, Mean, Ngrams, TfIdf
from mmkeras.modalities.text.cells import pad, truncate
from mmkeras.modalities.text.document_frequency import DocumentFrequencies
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.hashing.char_ngrams import CharacterRuns
from mmkeras.modalities.text.hashing.characters import character_table
from mmkeras.modalities.text.hashing.tokenizer import ByteTokenizer
from mmkeras.modalities.text.hashing.vocabulary import LookUp, Vocabulary, build_vocabulary
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.modalities.text.version2.compact import CompactRows
from mmkeras.modalities.text.version2.displacing import build_vocabulary as displaced
from mmkeras.modalities.text.version2.keys import FeatureKeys
from mmkeras.modalities.text.version2.rule import character_table as version2_table
from mmkeras.modalities.text.version2.vocabulary import PRINT_BITS, Displaced, FindRows
from mmkeras.modalities.text.version2.weights import WeighedRows
from mmkeras.system.arrays import reading_arrays

BATCH_BYTES = 2**18  # padded bytes of a batch to tokenise: large enough for the cores, small enough for the caches
BATCH_TEXTS = 512
LOOKED_AT = 2000  # cells that tell how many tokens are unknown


@dataclass(frozen=True)
class TextState:
    """The adapted state of a text column. table: of characters, int32; idf: float32, one for each row, row 0 too."""

    spec: TextSpec
    table: np.ndarray
    vocabulary: Any  # Vocabulary, in version 2 Displaced
    idf: np.ndarray

    @property
    def n_rows(self) -> int:
        """Rows of an embedding table for this column: row 0 for no feature, the unknown buckets, the vocabulary."""
        return 1 + self.spec.unknown_buckets + len(self.vocabulary.keys)


def feature_hasher(spec: TextSpec, table: np.ndarray, prefix: str = "") -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """Layers of version 1 from bytes, uint8 [B, N], to feature hashes, float32 [2, B, F], and 1.0 where used, [B, F].

    Tokens come first, then pairs, then character n-grams, as far as the spec has them.
    """
    spread = bool(spec.char_ngrams)
    tokenizer = ByteTokenizer(spec.mode, spec.max_tokens, table, spread, name=f"{prefix}tokens")
    ngrams = Ngrams(spec.orders, name=f"{prefix}ngrams")
    if not spread:
        return lambda data: ngrams(*tokenizer(data))
    char_ngrams = CharacterRuns(spec.mode, spec.char_ngrams, table, name=f"{prefix}runs")

    def hash_all(data: Tensor) -> tuple[Tensor, Tensor]:
        token_hashes, token_used = ngrams(*tokenizer(data))
        char_hashes, char_used = char_ngrams(data)
        return ops.concatenate([token_hashes, char_hashes], axis=2), ops.concatenate([token_used, char_used], axis=1)

    return hash_all


class TextLayers:
    """The layers of a text column, from bytes to a bag; they compute the features on disk and the exported graph."""

    def __init__(self, state: TextState, name: str) -> None:
        spec = state.spec
        self.version = spec.version
        frequent = FREQUENT_CHAR_NGRAMS if spec.char_ngrams else FREQUENT
        buckets, is_mean = spec.unknown_buckets, spec.weighting == "mean"
        if spec.version == 1:
            self.hashes: Any = feature_hasher(spec, state.table, f"{name}_")
            self.look_up: Any = LookUp(state.vocabulary, buckets, name=f"{name}_rows")
            self.weigh: Any = None if is_mean else TfIdf(state.idf, frequent, name=f"{name}_weights")
        else:
            self.hashes = feature_keys(spec, state.table, f"{name}_keys")
            self.look_up = FindRows(state.vocabulary, buckets, name=f"{name}_rows") if is_mean else None
            weighed = WeighedRows if state.vocabulary.print_bits == PRINT_BITS else CompactRows
            self.weigh = weighed(state.vocabulary, state.idf, 2 * frequent, name=f"{name}_weights")
        if is_mean:
            self.weigh = Mean(name=f"{name}_mean")

    def weighed(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Keys of version 2, int32 [B, F] -> row numbers and weights."""
        if self.look_up is None:
            rows, weights = self.weigh(keys)
            return rows, weights
        rows = self.look_up(keys)
        return rows, self.weigh(ops.cast(rows, "float32"))

    def first_weighed(self, hashes: Tensor, used: Tensor) -> tuple[Tensor, Tensor]:
        """Hashes of version 1, float32 [2, B, F], and `used` [B, F] -> row numbers and weights."""
        rows = self.look_up(hashes, used)
        return ops.cast(rows, "int32"), self.weigh(rows)

    def __call__(self, data: Tensor) -> tuple[Tensor, Tensor]:
        """Uint8 [B, N] -> row numbers, int32 [B, F], and weights, float32 [B, F]."""
        return self.first_weighed(*self.hashes(data)) if self.version == 1 else self.weighed(self.hashes(data))


def feature_keys(spec: TextSpec, table: np.ndarray, name: str | None = None) -> FeatureKeys:
    """The layer of version 2 from bytes to feature keys."""
    return FeatureKeys(spec.mode, spec.orders, spec.char_ngrams, spec.max_tokens, table, name=name)


def length_batches(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Indices of texts in batches of similar length, at most BATCH_TEXTS and, when padded, BATCH_BYTES."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    if not len(order):
        yield order  # no texts: one empty batch, so that the features have dtypes and shapes
    while start < len(order):
        end = start + 1
        last = min(start + BATCH_TEXTS, len(order))
        while end < last and (end + 1 - start) * lengths[order[end]] <= BATCH_BYTES:
            end += 1
        yield order[start:end]
        start = end


@dataclass(frozen=True)
class HashedTexts:
    """The feature hashes of a column's rows, so that texts are tokenised once. keys: one uint32 an occurrence."""

    keys: Ragged
    n_truncated: int  # texts that were longer than max_bytes


def text_hasher(spec: TextSpec, table: np.ndarray) -> Any:
    """The graph's layers from bytes to feature keys, traced once: uint8 [B, N] -> int32 and bool [B, F], is it used?"""
    hashes = feature_hasher(spec, table) if spec.version == 1 else feature_keys(spec, table)

    def keys_of(data: Tensor) -> tuple[Tensor, Tensor]:
        if spec.version > 1:
            keys = hashes(data)
            return keys, tf.not_equal(keys, 0)
        both, used = hashes(data)
        return ops.cast(both[0] * 4096.0 + both[1], "int32"), used > 0

    return tf.function(keys_of, input_signature=[tf.TensorSpec((None, None), tf.uint8)])


def hash_texts(cells: Sequence[str | bytes], spec: TextSpec, table: np.ndarray, hasher: Any = None) -> HashedTexts:
    """Tokenise every cell with the graph's layers, in batches of texts of similar length.

    hasher: of `text_hasher`, for more than one call: tracing takes longer than a thousand texts.
    """
    hasher = hasher or text_hasher(spec, table)
    texts = [cell if isinstance(cell, bytes) else cell.encode("utf-8", "replace") for cell in cells]
    truncated = [truncate(text, spec.max_bytes) for text in texts]
    parts, order = [], []
    for batch in length_batches(np.array([len(text) for text in truncated])):
        keys, used = (x.numpy() for x in hasher(pad([truncated[i] for i in batch])))
        parts.append(from_mask(used, keys.view("uint32")))
        order.append(batch)
    keys = concatenate(parts).take(np.argsort(np.concatenate(order)))
    return HashedTexts(keys, sum(len(short) < len(text) for short, text in zip(truncated, texts, strict=True)))


def state_of(counted: DocumentFrequencies, spec: TextSpec, table: np.ndarray) -> TextState:
    """The state with the most frequent of the counted features as its vocabulary."""
    keys, frequency = counted.most_frequent(spec.max_features, spec.min_rows)
    vocabulary: Any = (build_vocabulary if spec.version == 1 else displaced)(keys)
    rows = np.zeros(len(vocabulary.keys), "int64")
    if len(keys):
        order = np.argsort(keys)
        rows = frequency[order[np.searchsorted(keys, vocabulary.keys, sorter=order).clip(0, len(keys) - 1)]]
    # scikit-learn's smoothed form: as if one more row held every feature
    idf = np.log((1 + counted.texts) / (1 + rows)) + 1
    if spec.version > 1:
        idf[vocabulary.keys == 0] = 0.0  # rows without a feature
    return TextState(spec, table, vocabulary, np.r_[0.0, idf].astype("float32"))


def new_table(spec: TextSpec) -> np.ndarray:
    """The character table of this Python's Unicode version."""
    mode = spec.mode if spec.mode != "byte" else "mixed"
    return character_table(mode) if spec.version == 1 else version2_table(mode, spec.punctuation)


def unknown_tokens(cells: Sequence[str], state: TextState) -> float:
    """The share of the tokens that the vocabulary does not have, without pairs and n-grams of characters.

    Of many cells, LOOKED_AT evenly spaced ones are read.
    """
    some = [cells[k] for k in np.linspace(0, len(cells) - 1, min(len(cells), LOOKED_AT)).astype(int)]
    (keys,) = hash_texts(some, replace(state.spec, orders=1, char_ngrams=0), state.table).keys.columns
    return float(np.mean(~np.isin(keys, state.vocabulary.keys))) if len(keys) else 0.0


def state_digest(state: TextState) -> str:
    """A hash of the state's arrays: features that other states have made are others."""
    vocabulary, digest = state.vocabulary, hashlib.blake2b(digest_size=KEY_BYTES)
    for array in (state.table, *vocabulary.arrays().values(), state.idf):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def save_state(state: TextState, path: Path) -> None:
    """Write the state as one .npz of plain arrays (the spec is in schema.json)."""
    arrays: dict[str, Any] = {"table": state.table, **state.vocabulary.arrays(), "idf": state.idf}
    np.savez(path, **arrays)


def load_state(path: Path, spec: TextSpec) -> TextState:
    """Read the file that `save_state` wrote."""
    with reading_arrays(path, "Train again.") as data:
        vocabulary: Any = (
            Vocabulary(data["cells"], data["keys"], int(data["bits"]))
            if spec.version == 1
            else Displaced.from_arrays(data)
        )
        return TextState(spec, data["table"], vocabulary, data["idf"])
