"""Cells -> bytes: NumPy's clients and the SavedModel's own string input must cut alike."""

from __future__ import annotations

import numpy as np
import pytest
import reference_tokenizer as reference
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkeras.modalities.text.cells import encode_cell, encode_cells, pad, truncate
from mmkeras.modalities.text.serving import text_bytes

ASSORTED = (
    *reference.HOSTILE_TEXTS,
    *("x" * k + "aé中😀" * 30 for k in range(4)),
    b"\x80" * 200,
    b"\xbf\xff" * 100,
    b"a" + b"\x80" * 100,
)
RAW = [text if isinstance(text, bytes) else text.encode() for text in ASSORTED]


def test_cut_leaves_short_text_alone() -> None:
    for raw in RAW:
        assert truncate(raw, len(raw)) == raw
        assert truncate(raw, len(raw) + 1) == raw
    assert truncate("中".encode(), 3) == "中".encode()


def test_cut_never_ends_inside_a_character() -> None:
    text = "aé中😀\U0010ffff𐐀ß" * 3
    raw = text.encode()
    for max_bytes in range(len(raw) + 2):
        kept = truncate(raw, max_bytes)
        longest = next(k for k in range(len(text), -1, -1) if len(text[:k].encode()) <= max_bytes)
        assert kept == text[:longest].encode()


@pytest.mark.parametrize(
    ("raw", "max_bytes", "kept"),
    [
        (b"", 5, b""),
        (b"abc", 2, b"ab"),
        (b"abc", 0, b""),
        ("é".encode(), 1, b""),
        ("😀".encode(), 3, b""),
        ("a😀".encode(), 4, b"a"),
        ("a😀".encode(), 1, b"a"),
        (b"ab\x80\x80\x80\x80", 2, b"a"),  # ill-formed: what looks like a character's rest goes with it
        (b"\x80" * 10, 8, b"\x80" * 5),  # but never more than three bytes
        (b"\x80" * 10, 2, b""),
        (b"\xff" * 10, 8, b"\xff" * 8),
    ],
)
def test_cut(raw: bytes, max_bytes: int, kept: bytes) -> None:
    assert truncate(raw, max_bytes) == kept


@given(st.one_of(st.text().map(str.encode), st.binary()), st.integers(0, 40))
def test_cut_is_the_longest_start_that_may_be(raw: bytes, max_bytes: int) -> None:
    kept = truncate(raw, max_bytes)
    assert raw.startswith(kept)
    assert len(kept) <= max_bytes
    if len(raw) <= max_bytes:
        assert kept == raw
    else:
        dropped = raw[len(kept) : max_bytes]
        assert len(dropped) <= 3
        assert dropped[1:].strip(bytes(range(0x80, 0xC0))) == b""
        assert raw[len(kept)] & 0xC0 != 0x80 or len(dropped) == min(3, max_bytes)


def test_encode_cell() -> None:
    assert encode_cell("aé", 10) == b"a\xc3\xa9"
    assert encode_cell(b"\xff\x00a", 10) == b"\xff\x00a"
    assert encode_cell("a\ud800b", 10) == b"a?b"
    assert encode_cell("中文", 5) == "中".encode()


def test_pad() -> None:
    np.testing.assert_array_equal(pad([b"ab", b"", b"c"]), [[97, 98], [0, 0], [99, 0]])
    assert pad([b"ab"]).dtype == np.uint8
    assert pad([b"", b""]).shape == (2, 1)
    assert pad([]).shape == (0, 1)
    assert pad([b"ab"], 5).tolist() == [[97, 98, 0, 0, 0]]
    assert encode_cells(["中文", b"abcdefgh"], 5).tolist() == [[0xE4, 0xB8, 0xAD, 0, 0], [97, 98, 99, 100, 101]]


def test_pad_refuses_a_text_that_is_too_long() -> None:
    with pytest.raises(ValueError, match="reshape"):
        pad([b"abc", b"d"], 2)


def assert_cut_alike(texts: list[bytes], max_bytes: int) -> None:
    """The SavedModel's strings -> bytes are NumPy's, whatever else is in the batch."""
    expected = [truncate(text, max_bytes) for text in texts]
    data = text_bytes(tf.constant(texts, tf.string), max_bytes).numpy()
    assert data.dtype == np.uint8
    assert 1 <= data.shape[1] <= max_bytes
    np.testing.assert_array_equal(data, pad(expected, data.shape[1]))


@pytest.mark.parametrize("max_bytes", [1, 2, 3, 4, 5, 7, 64, 97, 4096])
def test_saved_model_cuts_as_numpy_does(max_bytes: int) -> None:
    assert_cut_alike(RAW, max_bytes)
    for longest in (max_bytes - 1, max_bytes, max_bytes + 1, max_bytes + 2):
        assert_cut_alike([raw[:longest] for raw in RAW], max_bytes)


def test_saved_model_cuts_every_way_bytes_can_fall() -> None:
    """A text that ends in any of these bytes, cut at any place."""
    kinds = [b"a", b"\x80", b"\xc3", b"\xe4", b"\xf0", b"\xff", b"\0"]
    tails = [a + b + c + d + e for a in kinds for b in kinds for c in kinds for d in kinds for e in (b"\x80", b"a")]
    for max_bytes in (1, 2, 3, 4):
        assert_cut_alike(tails, max_bytes)
    assert_cut_alike([b"xyz" + tail for tail in tails], 7)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.one_of(st.text(max_size=20).map(str.encode), st.binary(max_size=20)), max_size=20), st.integers(1, 24)
)
def test_saved_model_cuts_whatever_comes(texts: list[bytes], max_bytes: int) -> None:
    assert_cut_alike(texts, max_bytes)
