"""The layers that cut texts inside the graph cut where a Python client does."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkeras.modalities.any_length import CutBytes, CutTokens
from mmkeras.modalities.text.cells import pad, truncate

KINDS = [b"a", b"\x80", b"\xc3", b"\xe4", b"\xf0", b"\xff", b"\0"]
TAILS = [a + b + c + d + e for a in KINDS for b in KINDS for c in KINDS for d in KINDS for e in (b"\x80", b"a")]


def assert_cut_alike(texts: list[bytes], max_bytes: int) -> None:
    """As `truncate`, with zeros behind, and at least a byte."""
    cut = np.asarray(CutBytes(max_bytes)(pad(texts, None)))
    whole = pad(texts)
    assert 1 <= cut.shape[1] <= max_bytes
    assert cut.shape[1] == whole.shape[1] or cut.shape[1] == max_bytes
    np.testing.assert_array_equal(cut, pad([truncate(text, max_bytes) for text in texts], cut.shape[1]))


@pytest.mark.parametrize("max_bytes", [1, 2, 3, 4, 7])
def test_every_way_bytes_can_fall(max_bytes: int) -> None:
    """A text that ends in any of these bytes, cut at any place."""
    free = tf.function(CutBytes(max_bytes), input_signature=[tf.TensorSpec((None, None), tf.uint8)])
    texts = [b"xyz"[: max(max_bytes - 4, 0)] + tail for tail in TAILS]
    cut = np.asarray(free(pad(texts)))
    np.testing.assert_array_equal(cut, pad([truncate(text, max_bytes) for text in texts], cut.shape[1]))


@settings(deadline=None, max_examples=80)
@given(
    st.lists(st.one_of(st.text(max_size=20).map(str.encode), st.binary(max_size=20)), min_size=1, max_size=20),
    st.integers(1, 24),
)
def test_whatever_comes(texts: list[bytes], max_bytes: int) -> None:
    assert_cut_alike(texts, max_bytes)


def test_free_lengths_and_fixed_ones() -> None:
    free = tf.function(CutBytes(8), input_signature=[tf.TensorSpec((None, None), tf.uint8)])
    assert free(np.zeros((2, 0), "uint8")).shape == (2, 1)
    assert free(np.zeros((0, 5), "uint8")).shape == (0, 6)
    assert free(np.zeros((1, 8), "uint8")).shape == free(np.zeros((1, 20), "uint8")).shape == (1, 8)
    fixed = tf.function(CutBytes(8), input_signature=[tf.TensorSpec((1, 8), tf.uint8)]).get_concrete_function()
    assert {op.type for op in fixed.graph.get_operations()} <= {"Placeholder", "Identity", "NoOp"}


@pytest.mark.parametrize("end", [None, 2])
def test_ids(end: int | None) -> None:
    layer = CutTokens(4, -1, end)
    free = tf.function(layer, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    rows = [[0, 5, 6, 7, 8, 2], [0, 5, 6, 2, -1, -1], [0, 5, 2, -1, -1, -1], [-1] * 6]
    expected = [[0, 5, 6, 7 if end is None else end], [0, 5, 6, 2], [0, 5, 2, -1], [-1] * 4]
    assert free(rows).numpy().tolist() == expected
    assert free([row[:4] for row in rows[1:]]).numpy().tolist() == expected[1:]
    assert free([[5, 2], [2, -1]]).numpy().tolist() == [[5, 2], [2, -1]]
    assert free(np.zeros((3, 0), "int32")).numpy().tolist() == [[-1]] * 3


def test_ids_without_a_limit() -> None:
    free = tf.function(CutTokens(None, 0), input_signature=[tf.TensorSpec((None, None), tf.int32)])
    assert free([[3, 4, 5]]).numpy().tolist() == [[3, 4, 5]]
    assert free(np.zeros((2, 0), "int32")).numpy().tolist() == [[0], [0]]


def test_the_layers_survive_their_configuration() -> None:
    for layer in (CutBytes(9), CutTokens(4, -1, 2), CutTokens(None, 0)):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        assert isinstance(again, keras.layers.Layer)
