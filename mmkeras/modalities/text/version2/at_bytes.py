"""The keys of tokens as `FeatureKeys.token_keys`, in fewer operations: characters stay where their first byte is.

Only classes are moved together, to find where tokens start. What looks up the powers of each slot, a gather, costs
LiteRT more than the slices of tables that it saves; ONNX Runtime pays for each node.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.hashing.tokenizer import LONGEST
from mmkeras.modalities.text.version2.numbers import before, character_kinds, decode_utf8, gathered, scatter, size
from mmkeras.modalities.text.version2.powers import MIX, powers
from mmkeras.modalities.text.version2.rule import FIRST_SINGLE, OFFSETS, SEPARATOR, VANISHES


def classes_of(offsets: np.ndarray) -> np.ndarray:
    """Int32 [kinds], entries of `rule.character_table` -> 1 for WORD characters, -1 for SINGLE ones, 0 for others."""
    is_token = offsets > OFFSETS[SEPARATOR] // 2
    return np.where(is_token, np.where(offsets > FIRST_SINGLE // 2, -1, 1), 0).astype("int32")


def token_keys_at_bytes(data: Tensor, table: np.ndarray, max_tokens: int) -> Tensor:
    """Bytes [B, N] -> int32 [B, W + 2], the tokens' keys from entry 1 on; 0 in front and behind."""
    code = decode_utf8(data)
    kind, offsets = character_kinds(code, table)
    number = ops.cast(ops.relu(code + tf.gather(offsets.astype("float32"), kind)), "int32")  # 0 for separators
    slot = ops.cumsum(tf.gather((offsets != OFFSETS[VANISHES]).astype("int32"), kind), axis=1)  # [B, N], from 1 on
    class_ = tf.gather(classes_of(offsets), kind)
    n_bytes, n_rows = size(class_, 1), size(class_, 0)  # of int32 as what is scattered: its zeros are made of this
    in_order = scatter(slot, class_, n_bytes + 2, n_rows)  # [B, N + 2]
    # a WORD character after another: min(1, 1 - 1) = 0; after none: min(1, 1 - 0) or min(1, 1 + 1) = 1; SINGLE: -1
    starts = tf.minimum(in_order, 1 - before(in_order))
    start = gathered(starts, slot) * class_  # [B, N]: 1 at the first byte of a token
    token, n_entries = ops.cumsum(start, axis=1), n_bytes + 2
    if max_tokens < LONGEST:
        is_read = ops.cast(token <= max_tokens, "int32")
        token, start, number = token * is_read, start * is_read, number * is_read
        n_entries = tf.minimum(n_bytes, max_tokens) + 2
    sums = scatter(token, number * tf.gather(powers(1, 1, LONGEST + 2), slot), n_entries, n_rows)
    return sums * scatter(token, start * tf.gather(powers(MIX, -1, LONGEST + 2), slot), n_entries, n_rows)
