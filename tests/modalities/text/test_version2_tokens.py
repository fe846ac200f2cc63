"""Version 2 of tokens: the graph's keys are those of an independent reference, whatever the bytes and the padding."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import reference_tokenizer
import reference_version2 as reference
import tensorflow as tf

from mmkeras.modalities.text.cells import pad
from mmkeras.modalities.text.hashing.characters import MODES
from mmkeras.modalities.text.hashing.tokenizer import LONGEST
from mmkeras.modalities.text.ngram_names import names_of_ngrams
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.modalities.text.version2 import powers as second
from mmkeras.modalities.text.version2.few_nodes import few_nodes
from mmkeras.modalities.text.version2.keys import FeatureKeys
from mmkeras.modalities.text.version2.rule import N_ENTRIES, character_table, python_tokens

GOLDEN = reference.golden_texts()
HOSTILE = [text[:LONGEST] for text in reference_tokenizer.HOSTILE_TEXTS]


def layer_of(
    mode: str = "mixed", orders: int = 2, longest: int = 0, punctuation: bool = True, most: int = LONGEST
) -> Any:
    table = character_table("mixed" if mode == "byte" else mode, punctuation)
    return FeatureKeys(mode, orders, longest, most, table)


@functools.cache
def traced(*options: Any) -> Callable[[np.ndarray], Any]:
    return tf.function(layer_of(*options), input_signature=[tf.TensorSpec((None, None), tf.uint8)])


def assert_read_alike(texts: Sequence[bytes], *options: Any, n_bytes: int | None = None, batch: int = 512) -> None:
    """The graph's keys are those of the reference, each kind in its own part, zeros behind."""
    mode, orders, longest, punctuation, most = (*options, *("mixed", 2, 0, True, LONGEST)[len(options) :])
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(order), batch):
        chunk = [texts[i] for i in order[start : start + batch]]
        keys = traced(*options)(pad(chunk, n_bytes)).numpy().view("uint32")
        kinds = np.split(keys, orders + max(0, longest - 1), axis=1)
        for row, text in enumerate(chunk):
            expected = reference.feature_keys(text, mode, orders, longest, punctuation, most)
            for kind, of_kind in zip(kinds, expected, strict=True):
                assert kind[row, : len(of_kind)].tolist() == of_kind, (options, text[:100])
                assert not kind[row, len(of_kind) :].any()


@pytest.mark.parametrize("most", [LONGEST, 3])
@pytest.mark.parametrize("large_tables", [False, True])
def test_few_nodes_compute_the_same(large_tables: bool, most: int) -> None:
    """As in an .onnx: ill-formed bytes, characters that vanish, texts that end within a character, many rows at once."""
    layer = layer_of(most=most)
    specs = [tf.TensorSpec((None, None), tf.uint8)]
    texts = [*HOSTILE, *GOLDEN[::9], bytes(range(256)), *(bytes([first, 0x41]) for first in range(128, 256))]
    data = pad([text if isinstance(text, bytes) else text.encode() for text in texts if len(text) < 500])
    plain = tf.function(lambda x: layer(x), input_signature=specs)(data)
    with few_nodes(large_tables):
        found = tf.function(lambda x: layer(x), input_signature=specs)(data)
    np.testing.assert_array_equal(found, plain)


def test_the_constants_are_part_of_the_format() -> None:
    """Vocabularies on disk hold keys: whoever changes these makes a version 3."""
    names = ("BASE", "MIX", "PAIR", "RUN")
    assert [getattr(second, name) for name in names] == [getattr(reference, name) for name in names]
    assert all(getattr(second, name) % 2 for name in names)
    assert character_table().shape == (N_ENTRIES,)


def test_tokens_are_what_the_rule_says() -> None:
    assert python_tokens("Don't STOP, e-mail me@x.org: $5 (50%)") == [
        *("don", "'", "t", "stop", ",", "e", "-", "mail", "me", "@", "x", ".", "org", ":", "$", "5"),
        *("(", "50", "%", ")"),
    ]
    assert python_tokens("iPhone15在中国，ＡＢ１！😀") == ["iphone15", "在", "中", "国", ",", "ab1", "!", "😀"]
    assert python_tokens("Don't 😀 + ©", punctuation=False) == ["don", "t", "😀"]
    assert python_tokens("co\u00adop\u200d x", "mixed") == ["coop", "x"]
    assert python_tokens("中文 a!", "word") == ["中文", "a", "!"]
    assert python_tokens("ab!", "character") == ["a", "b", "!"]


@pytest.mark.skipif(not GOLDEN, reason=f"{reference.GOLDEN} is not there")
def test_the_golden_texts() -> None:
    assert len(GOLDEN) == 4974
    raw = [text.encode() for text in GOLDEN]
    assert [python_tokens(text) for text in raw] == [reference.strings(text) for text in raw]
    assert [python_tokens(text) for text in GOLDEN] == [reference.strings(text) for text in raw]
    assert_read_alike(raw)


@pytest.mark.parametrize("mode", MODES)
def test_hostile_texts(mode: str) -> None:
    for text in HOSTILE:
        assert python_tokens(text, mode) == reference.strings(text, mode)
    assert_read_alike(HOSTILE, mode, 2, 0, batch=16)
    assert_read_alike([text[:n] for n in (1, 2, 5, 33) for text in HOSTILE], mode, 2, 4)
    assert_read_alike([text[:200] for text in HOSTILE], mode, 1, 0, False)


def test_every_character_of_the_bmp() -> None:
    assert_read_alike(reference_tokenizer.bmp_texts())
    codes = [*range(0x10000, 0x10FFFF, 997), *range(0x1F300, 0x1FB00)]
    assert_read_alike([f"x{chr(code)}y {chr(code)}".encode() for code in codes])


def test_padding_changes_nothing() -> None:
    texts = [text[:100] for text in HOSTILE][::3]
    for n_bytes in (100, 101, 318, 319, 1000, LONGEST):
        assert_read_alike(texts, "mixed", 2, 3, n_bytes=n_bytes)


@pytest.mark.parametrize("n_bytes", [64, 318, 512])
def test_fixed_and_free_lengths_are_read_alike(n_bytes: int) -> None:
    texts = [text[:n_bytes] for text in HOSTILE]
    for options in (("mixed", 2, 3), ("byte", 2, 0)):
        free, layer = traced(*options)(pad(texts, n_bytes)).numpy(), layer_of(*options)
        fixed = tf.function(layer, input_signature=[tf.TensorSpec((1, n_bytes), tf.uint8)])
        for text, expected in zip(texts, free, strict=True):
            np.testing.assert_array_equal(fixed(pad([text], n_bytes)).numpy()[0], expected)


def test_as_many_tokens_as_bytes_and_no_more_than_allowed() -> None:
    for n in (1, 2, 63, 64, LONGEST - 1, LONGEST):
        assert_read_alike([b"!" * n, (b"a." * n)[:n], ("中" * n).encode()[: n // 3 * 3], b"w" * n, b" " * n])
    assert_read_alike([text[:600] for text in HOSTILE], "mixed", 2, 0, True, 7)
    assert_read_alike([text[:600] for text in HOSTILE], "byte", 1, 0, True, 1)


@pytest.mark.slow
def test_a_hundred_thousand_random_byte_strings() -> None:
    rng = np.random.default_rng(0)
    letters = np.frombuffer(
        b"\0Aaz .'\x7f\x80\x8f\x90\x9f\xa0\xb8\xbf\xc0\xc2\xdf\xe0\xe4\xed\xef\xf0\xf4\xf5\xff", "uint8"
    )
    for k in range(100):
        alphabet = letters if k % 2 else np.arange(256, dtype="uint8")
        texts = [rng.choice(alphabet, rng.integers(0, 60)).tobytes() for _ in range(1000)]
        assert_read_alike([text.rstrip(b"\0") for text in texts], MODES[k % 4], 2, 3 * (k % 5 == 0), k % 3 > 0)


def test_the_layer_is_rebuilt_from_its_config() -> None:
    changed = character_table().copy()
    changed[ord("a") + 1] = -(2**22)  # a separator, as in another Unicode version
    layer = FeatureKeys("mixed", 1, 0, 5, changed)
    again = FeatureKeys.from_config(layer.get_config())
    keys = again(pad([b"banana bandana"])).numpy().view("uint32")[0]
    assert keys[keys > 0].tolist() == [reference.key(tuple(part)) for part in (b"b", b"n", b"n", b"b", b"nd")]


SPECS = [
    TextSpec(max_bytes=200, version=2),
    TextSpec(mode="word", max_bytes=64, version=2, punctuation=False),
    TextSpec(mode="byte", char_ngrams=3, max_bytes=48, version=2),
    TextSpec(char_ngrams=4, max_bytes=96, version=2),
]


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_every_feature_of_a_text_has_its_name_and_no_other(spec: TextSpec) -> None:
    from mmkeras.modalities.text.features import hash_texts, new_table

    keys = hash_texts(HOSTILE, spec, new_table(spec)).keys
    for k, text in enumerate(HOSTILE):
        of_graph = set(keys.columns[0][keys.starts[k] : keys.starts[k + 1]].tolist())
        assert {*names_of_ngrams(text, spec)} == of_graph, text


def test_names_are_what_a_person_reads() -> None:
    assert [*names_of_ngrams("What's 中文!", TextSpec(version=2)).values()] == [
        *("what", "'", "s", "中", "文", "!"),
        *("<s> what", "what '", "' s", "s 中", "中文", "文 !", "! </s>"),
    ]
    assert names_of_ngrams(" ", TextSpec(version=2)) == {}
    names = [*names_of_ngrams("a b", TextSpec(orders=1, char_ngrams=2, version=2)).values()]
    assert names == ["a", "b", "‹␣a›", "‹a␣›", "‹␣b›", "‹b␣›"]
