"""The byte tokenizer against the golden tokens and an independent tokenizer."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import pytest
import reference_tokenizer as reference
import tensorflow as tf
from hostile_texts import fuzz, fuzzed_texts
from hypothesis import given, settings

from mmkeras.modalities.text.cells import pad
from mmkeras.modalities.text.hashing import tokenizer
from mmkeras.modalities.text.hashing.characters import BMP, GONE, MODES, VANISHING, character_table, fold, python_tokens
from mmkeras.modalities.text.hashing.tokenizer import BASES, LONGEST, ByteTokenizer, python_hash

PRIMES = tuple(tokenizer.PRIMES.ravel().astype(int).tolist())
Hashes = list[tuple[int, int]]
GOLDEN = reference.golden()
# bytes at which the rules of UTF-8 change
EDGES = b"\0A\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc2\xdf\xe0\xed\xef\xf0\xf4\xf5"
needs_golden = pytest.mark.skipif(not GOLDEN, reason=f"{reference.GOLDEN} is not there")


@functools.cache
def graph_tokenizer(mode: str, max_tokens: int = LONGEST) -> Callable[[np.ndarray], Any]:
    """The layer as a traced function of any batch and length."""
    layer = ByteTokenizer(mode, max_tokens)
    return tf.function(layer, input_signature=[tf.TensorSpec((None, None), tf.uint8)])


def graph_hashes(texts: Sequence[bytes], mode: str = "mixed", max_tokens: int = LONGEST) -> list[Hashes]:
    """The hashes of each text's tokens as the graph computes them, in batches of similar length."""
    result: list[Hashes] = [[]] * len(texts)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    start = 0
    while start < len(order):
        longest = len(texts[order[min(start + 512, len(order)) - 1]])
        index = order[start : start + max(1, min(512, 2**19 // (longest + 1)))]
        hashes, used = (x.numpy() for x in graph_tokenizer(mode, max_tokens)(pad([texts[i] for i in index])))
        assert set(np.unique(used)) <= {0.0, 1.0}
        assert (np.diff(used, axis=1) <= 0).all()  # the tokens stand in front, without gaps
        for i, (h1, h2), n in zip(index, hashes.swapaxes(0, 1), used.sum(axis=1).astype(int), strict=True):
            result[i] = list(zip(h1[:n].tolist(), h2[:n].tolist(), strict=True))
        start += len(index)
    return result


def assert_read_alike(texts: Sequence[bytes], mode: str = "mixed") -> None:
    """The graph's hashes are those of the reference's tokens."""
    for text, hashes in zip(texts, graph_hashes(texts, mode), strict=True):
        expected = reference.token_hashes(text, mode)
        assert hashes == expected, f"{mode}: {text[:200]!r}: {reference.tokens(text, mode)[:20]}"


def hostile(longest: int = LONGEST) -> list[bytes]:
    return [text[:longest] for text in reference.HOSTILE_TEXTS]


# ---------------------------------------------------------------- exact numbers


def test_the_running_hash_stays_exact_at_the_longest_text() -> None:
    assert (LONGEST + 1) * (max(PRIMES) - 1) < 2**24
    assert max(PRIMES) <= 4096
    text = b"\xef\xbf\x9c" * (LONGEST // 3)  # one word; its characters' hashes are as large as they get
    worst = max(range(0x21, 0x7F), key=lambda c: min(c % p for p in PRIMES))
    assert_read_alike([text, bytes([worst]) * LONGEST, b"~" * LONGEST])


# ---------------------------------------------------------------- the rule


@needs_golden
def test_golden_tokens_in_python() -> None:
    assert len(GOLDEN) == reference.GOLDEN_TEXTS
    wrong = [(text, python_tokens(text)) for text, expected in GOLDEN if python_tokens(text) != expected]
    assert wrong == []
    wrong = [(t, e) for t, e in GOLDEN if python_tokens(t.encode()) != e or reference.tokens(t.encode()) != e]
    assert wrong == []


@needs_golden
def test_golden_tokens_in_the_graph() -> None:
    hashes = graph_hashes([text.encode() for text, _ in GOLDEN])
    wrong = [
        (text, tokens)
        for (text, tokens), text_hashes in zip(GOLDEN, hashes, strict=True)
        if text_hashes != [python_hash(token) for token in tokens]
    ]
    assert wrong == []


@pytest.mark.parametrize("mode", MODES)
def test_hostile_texts(mode: str) -> None:
    texts = hostile()
    assert len(texts) >= 60
    for text in texts:
        assert python_tokens(text, mode) == reference.tokens(text, mode)
    assert_read_alike(texts, mode)
    assert_read_alike([text[:n] for n in (2, 5, 33) for text in texts], mode)


@pytest.mark.parametrize("mode", MODES)
def test_python_tokens_of_strings_are_those_of_their_bytes(mode: str) -> None:
    for raw in reference.HOSTILE_TEXTS:
        text = raw.decode("utf-8", "replace")
        assert python_tokens(text, mode) == python_tokens(text.encode(), mode)


@pytest.mark.parametrize("mode", MODES)
def test_a_lone_surrogate_in_a_string_is_read_as_the_bytes_a_client_sends(mode: str) -> None:
    text = "a\ud83d b\udc00c"
    assert python_tokens(text, mode) == python_tokens(text.encode("utf-8", "replace"), mode)


def every_bmp_character() -> Iterator[bytes]:
    """Each in a word, at its ends and alone; surrogates in the three bytes that some programs write."""
    for code in range(1, 0x10000):
        char = chr(code).encode("utf-8", "surrogatepass")
        yield b"x%by%b %b" % (char, char, char)


def test_every_character_of_the_bmp() -> None:
    assert_read_alike(reference.bmp_texts())


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["mixed", "word", "character"])
def test_every_character_of_the_bmp_in_every_mode(mode: str) -> None:
    assert_read_alike(list(every_bmp_character()), mode)


def test_characters_beyond_the_bmp() -> None:
    codes = np.random.default_rng(0).integers(0x10000, 0x110000, 4000).tolist()
    edges = [plane * 0x10000 + at for plane in range(1, 17) for at in (0, 1, 0xFFFE, 0xFFFF)]
    assert_read_alike([f"x{chr(c)}y {chr(c)}{chr(c)}".encode() for c in [*codes, *edges, *range(0x1F300, 0x1FB00)]])


def test_ill_formed_sequences() -> None:
    assert_read_alike([bytes([x, y]) + b"b" for x in range(128, 256, 2) for y in range(0, 256, 3)])
    sequences = itertools.product((0xE0, 0xED, 0xF0, 0xF4), EDGES, EDGES, EDGES[::5])
    assert_read_alike([bytes(sequence) + b"b" for sequence in sequences])


@pytest.mark.slow
def test_every_sequence_at_the_edges_of_utf8() -> None:
    sequences = itertools.product(range(0xC0, 0x100, 5), EDGES, EDGES, EDGES)
    assert_read_alike([bytes(sequence) + b"b" for sequence in sequences])


@settings(fuzz, max_examples=4)
@given(fuzzed_texts())
def test_fuzzed_texts(texts: list[bytes]) -> None:
    for mode in MODES:
        assert_read_alike(texts, mode)


@pytest.mark.slow
def test_ten_thousand_fuzzed_texts() -> None:
    read = 0

    @settings(fuzz, max_examples=250)
    @given(fuzzed_texts())
    def check(texts: list[bytes]) -> None:
        nonlocal read
        read += len(texts)
        for text in texts:
            assert python_tokens(text) == reference.tokens(text)
        for mode in ("mixed", MODES[read % 4]):
            assert_read_alike(texts, mode)

    check()
    assert read >= 10_000


@pytest.mark.parametrize("mode", ["word", "character"])
def test_modes_agree_with_keras_on_ascii(mode: str) -> None:
    texts = ["the cat sat", "  Word   after word ", "UPPER lower 123", "a", "it's 2 o'clock", "tab\tand\nline"]
    split = "whitespace" if mode == "word" else "character"
    layer = keras.layers.TextVectorization(standardize="lower_and_strip_punctuation", split=split)
    layer.adapt(texts)
    words = layer.get_vocabulary()
    for text in texts:
        expected = [words[i] for i in layer([text]).numpy()[0] if i and not words[i].isspace()]
        assert python_tokens(text, mode) == expected
        assert graph_hashes([text.encode()], mode) == [[python_hash(word) for word in expected]]


# ---------------------------------------------------------------- the layer


def test_constants_are_those_of_the_reference() -> None:
    """The golden hashes are part of the format: vocabularies on disk hold them."""
    assert (PRIMES, BASES) == (reference.PRIMES, reference.BASES)
    assert python_hash("") == (0, 0)
    assert python_hash("a") == (97, 97)
    assert (
        python_hash("中文")
        == reference.token_hash("中文")
        == (
            (0x4E2D + 0x6587 * 257) % 4079,
            (0x4E2D + 0x6587 * 1031) % 3989,
        )
    )


def test_tables_are_small_whole_numbers() -> None:
    for mode in ("mixed", "word", "character"):
        table = character_table(mode)
        assert table.shape == (65537,)
        assert table.dtype == np.int32
        assert abs(table[:BMP]).max() < BMP
        assert abs(table[BMP]) == BMP
        gone = np.flatnonzero(table == GONE).tolist()
        assert gone == [code for code in range(BMP) if fold(code) in VANISHING]
        assert table[1] == 0, "what is GONE would be taken for it"


@pytest.mark.parametrize("mode", MODES)
def test_padding_changes_nothing(mode: str) -> None:
    texts = hostile(100)[::3]
    alone = [graph_hashes([text], mode)[0] for text in texts]
    function = graph_tokenizer(mode)
    for n_bytes in (100, 101, 257, LONGEST):
        hashes, used = (x.numpy().astype(int) for x in function(pad(texts, n_bytes)))
        for i, expected in enumerate(alone):
            assert list(zip(*hashes[:, i, : used[i].sum()].tolist(), strict=True)) == expected


@pytest.mark.parametrize(("mode", "max_tokens"), [*zip(MODES, (3, 1, 40, 7), strict=True)])
def test_tokens_after_max_tokens_are_left_out(mode: str, max_tokens: int) -> None:
    texts = hostile(600)
    for text, hashes in zip(texts, graph_hashes(texts, mode, max_tokens), strict=True):
        assert hashes == reference.token_hashes(text, mode, max_tokens)


@pytest.mark.parametrize("mode", MODES)
def test_as_many_tokens_as_can_be(mode: str) -> None:
    """Token after token: W must hold them all, at even and odd lengths."""
    for n in (1, 2, 3, 7, 8, LONGEST - 1, LONGEST):
        texts = [
            (b"a " * n)[:n],
            b"a" * n,
            ("中" * n).encode()[: n // 3 * 3],
            ("a中" * n).encode()[:n],
            b" a" * (n // 2),
        ]
        assert_read_alike(texts, mode)


@pytest.mark.parametrize("mode", ["mixed", "byte"])
def test_fixed_and_free_lengths_are_read_alike(mode: str) -> None:
    texts = [text.ljust(64, b"\0") for text in hostile(64)]
    data = pad(texts)
    layer = ByteTokenizer(mode)
    free = graph_tokenizer(mode)(data)
    fixed = tf.function(layer, input_signature=[tf.TensorSpec((len(texts), 64), tf.uint8)])(data)
    symbolic = keras.Input((64,), dtype="uint8")
    model = keras.Model(symbolic, layer(symbolic))(data)
    for a, b, c in zip(free, fixed, model, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)


def test_the_layer_is_rebuilt_from_its_config() -> None:
    changed = character_table().copy()
    changed[ord("a")] = 0  # a frozen table, of another Unicode version say
    for layer, expected in ((ByteTokenizer("word", 5), "banana"), (ByteTokenizer(table=changed), "b")):
        again = ByteTokenizer.from_config(layer.get_config())
        hashes, used = (x.numpy() for x in again(pad([b"banana"])))
        assert tuple(hashes[:, 0, 0]) == python_hash(expected)
        assert used.sum() == {"banana": 1, "b": 3}[expected]  # b, n, n


def test_the_inverse_powers() -> None:
    for prime, power, inverses in zip(PRIMES, *tokenizer.power_tables(LONGEST + 1), strict=True):
        np.testing.assert_array_equal(power[1:].astype("int64") * inverses[:-1] % prime, 1)
