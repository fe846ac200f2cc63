"""Word vectors from files: every format, the vectors that are loaded, and frozen vectors stay unchanged."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs

from mmkeras.errors import InputError

CHUNK = 500
TEXTS = [
    "the tea is good",
    "The phone is good",
    "tea and rice",
    "phone and 手机",
    "手机 和 茶",
    "the goal",
    "café goal",
]
DIM = 4
# beside words of the texts: two that are not in them, one of two tokens, and one that repeats "the"
WORDS = ["the", "tea", "zebra", "phone", "New-York", "The", "goal", "café", "手", "ｚ"]


def vectors(words: Sequence[str] = WORDS, dim: int = DIM) -> list[tuple[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [(word, rng.normal(size=dim).astype("float32")) for word in words]


def glove(entries: list[tuple[str, np.ndarray]]) -> bytes:
    return b"".join(f"{word} {' '.join(f'{x:.9g}' for x in vector)}\n".encode() for word, vector in entries)


def word2vec_text(entries: list[tuple[str, np.ndarray]]) -> bytes:
    # the original program leaves a blank at the end of each line
    head = f"{len(entries)} {len(entries[0][1])}\n".encode()
    return head + glove(entries).replace(b"\n", b" \n")


def word2vec_binary(entries: list[tuple[str, np.ndarray]], line_ends: bool = True) -> bytes:
    end = b"\n" if line_ends else b""
    body = b"".join(word.encode() + b" " + vector.astype("<f4").tobytes() + end for word, vector in entries)
    return f"{len(entries)} {len(entries[0][1])}\n".encode() + body


def binary_as_gensim_writes_it(entries: list[tuple[str, np.ndarray]]) -> bytes:
    return word2vec_binary(entries, line_ends=False)


WRITERS = {
    "glove.txt": glove,
    "word2vec.vec": word2vec_text,
    "word2vec.bin": word2vec_binary,
    "gensim.bin": binary_as_gensim_writes_it,
}


def state(orders: int = 1, unknown_buckets: int = 0, char_ngrams: int = 0) -> Any:
    """A column whose vocabulary has every token of TEXTS."""
    from small_bags import adapt_state

    from mmkeras.modalities.text.features import TextSpec, hash_texts, new_table

    weighting = "mean" if unknown_buckets else "tfidf"
    kinds = {"orders": orders, "unknown_buckets": unknown_buckets, "char_ngrams": char_ngrams}
    spec = TextSpec(weighting=weighting, min_rows=1, max_bytes=64, **kinds)
    table = new_table(spec)
    return adapt_state(hash_texts(TEXTS, spec, table), spec, table)


def rows_of(column: Any, word: str) -> list[int]:
    """The row numbers of a word's tokens, as the exported graph finds them."""
    from mmkeras.modalities.text.cells import encode_cells
    from mmkeras.modalities.text.features import TextLayers

    rows, _ = TextLayers(column, "t")(encode_cells([word], 64))
    return [int(row) for row in np.asarray(rows)[0] if row]


def load(path: Path, column: Any) -> tuple[np.ndarray, int]:
    from mmkeras.modalities.text.word_vectors import load_word_vectors

    return load_word_vectors(path, column)


# "ｚ" and zebra are unknown, "New-York" is no one token, and "The" is "the" again
FOUND = {word: vector for word, vector in vectors() if word in ("the", "tea", "phone", "goal", "café", "手")}


def place(folder: Path, name: str, content: bytes, packed: bool = False) -> Path:
    path = folder / (f"{name}.gz" if packed else name)
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def test_runs_of_characters_have_none(tmp_path: Path) -> None:
    column = state(char_ngrams=3)
    table, n_matched = load(place(tmp_path, "glove.txt", glove(vectors())), column)
    assert n_matched == len(FOUND)
    assert rows_of(column, "tea")[0] in np.flatnonzero(np.isclose(table[:, 0], FOUND["tea"][0]))


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("name", WRITERS)
def test_each_format_gives_the_words_of_the_vocabulary_their_vectors(name: str, packed: bool, tmp_path: Path) -> None:
    column = state()
    table, n_matched = load(place(tmp_path, name, WRITERS[name](vectors()), packed), column)
    assert n_matched == len(FOUND)
    assert (table.shape, table.dtype) == ((column.n_rows, DIM), np.float32)
    for word, vector in FOUND.items():
        (row,) = rows_of(column, word)
        np.testing.assert_allclose(table[row], vector, rtol=1e-6, err_msg=word)


def test_gzip_is_told_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "glove.txt"
    path.write_bytes(gzip.compress(glove(vectors())))
    assert load(path, state())[1] == len(FOUND)


def test_words_with_blanks_as_glove_840b_has_them(tmp_path: Path) -> None:
    column = state()
    entries = vectors(["the", ". . .", "at name@domain.com", "goal", "2 3"])
    table, n_matched = load(place(tmp_path, "v.txt", glove(entries)), column)
    assert n_matched == 2
    for word, vector in entries[0], entries[3]:
        np.testing.assert_allclose(table[rows_of(column, word)[0]], vector, rtol=1e-6)


def test_the_first_of_several_spellings_counts(tmp_path: Path) -> None:
    """Files are ordered by frequency: "the" stands before "The", and both are one token here."""
    column = state()
    (row,) = rows_of(column, "the")
    for order in (["the", "The", "THE"], ["THE", "the", "The"]):
        entries = vectors(order)
        table, n_matched = load(place(tmp_path, "v.txt", glove(entries)), column)
        assert n_matched == 1
        np.testing.assert_allclose(table[row], entries[0][1], rtol=1e-6)


def test_rows_without_a_vector_are_zero(tmp_path: Path) -> None:
    column = state()
    table, _ = load(place(tmp_path, "v.txt", glove(vectors())), column)
    known = sorted(row for word in FOUND for row in rows_of(column, word))
    unknown = np.setdiff1d(np.arange(column.n_rows), known)
    assert len(unknown) > 5
    assert not table[unknown].any()
    assert table[known].all(axis=1).all()


def test_with_unknown_buckets_rows_are_shifted(tmp_path: Path) -> None:
    column = state(unknown_buckets=16)
    table, n_matched = load(place(tmp_path, "v.txt", glove(vectors())), column)
    assert n_matched == len(FOUND)
    assert table.shape == (column.n_rows, DIM)
    for word, vector in FOUND.items():
        (row,) = rows_of(column, word)
        assert row > 16
        np.testing.assert_allclose(table[row], vector, rtol=1e-6)


def test_pairs_of_words_get_no_vector_of_a_word(tmp_path: Path) -> None:
    column = state(orders=2)
    table, n_matched = load(place(tmp_path, "v.txt", glove(vectors())), column)
    assert n_matched == len(FOUND)
    for word, vector in FOUND.items():
        np.testing.assert_allclose(table[rows_of(column, word)[0]], vector, rtol=1e-6)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read in chunks: what ten take at most is what two take."""
    from mmkeras.modalities.text import word_vectors

    monkeypatch.setattr(word_vectors, "CHUNK", CHUNK)
    column, numbers = state(), " ".join(["0.25"] * 50)
    peaks = []
    for chunks in (2, 2, 10):  # the first time also loads what is loaded once
        path = tmp_path / f"{chunks}.txt"
        path.write_text("".join(f"word{i} {numbers}\n" for i in range(chunks * CHUNK)) + f"tea {numbers}\n")
        tracemalloc.start()
        table, n_matched = load(path, column)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert (n_matched, table.shape[1]) == (1, 50)
    assert peaks[1] > CHUNK * 50 * 4, "nothing was measured"
    assert peaks[2] < 1.2 * peaks[1]


GOOD = vectors()
MALFORMED = {
    "another language": ("v.txt", glove(vectors(["chien", "chat"])), ("none of its words", "another language")),
    "empty": ("v.txt", b"", ("v.txt",)),
    "no numbers": ("v.txt", b"the quick brown fox jumps\n", ("v.txt, line 1", "expected a word and numbers", "the")),
    "a word only": ("v.txt", b"2 4\nthe\n", ("v.txt, line 2", "0 numbers")),
    "a short line": ("v.txt", glove(GOOD) + b"rice 1 2 3\n", ("line 11", "3 numbers", "have 4")),
    "header of other dimensions": ("v.txt", b"2 5\n" + glove(GOOD), ("v.txt, line 2", "4 numbers", "have 5")),
    "not a number": ("v.txt", glove(GOOD[:2]) + b"rice nan inf 1 2\n", ("v.txt, line 3", "not finite")),
    "cut in a number": ("v.txt", glove(GOOD) + b"rice 1 2 3 4e", ("line 11", "expected a word and numbers")),
    "binary named text": ("v.txt", word2vec_binary(GOOD), ("v.txt, line 2",)),
    "text named binary": ("v.bin", glove(GOOD), ("v.bin", "word2vec binary", "first line")),
    "cut binary": ("v.bin", word2vec_binary(GOOD)[:-9], ("v.bin", "ends at word 10 of 10", "cut short")),
    "binary without an end": ("v.bin", b"1000000 4\n" + b"x" * 50_000, ("v.bin", "word 1 ", "cut short")),
    "negative sizes": ("v.bin", b"-3 4\n", ("v.bin", "first line")),
    "cut gzip": ("v.txt.gz", gzip.compress(glove(GOOD * 500))[:-20], ("v.txt.gz", "cut short")),
    "not gzip inside": ("v.bin.gz", b"\x1f\x8b\x08\0" + bytes(30), ("v.bin.gz",)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_files_are_named_with_the_line(name: str, tmp_path: Path) -> None:
    file, content, expected = MALFORMED[name]
    (tmp_path / file).write_bytes(content)
    with pytest.raises(InputError) as error:
        load(tmp_path / file, state())
    assert str(tmp_path / file) in str(error.value)
    for piece in expected:
        assert piece in str(error.value)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere.txt"):
        load(tmp_path / "nowhere.txt", state())


# in a training


def trained_vectors(folder: Path, *flags: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Train on the small CSV with vectors for some of its words. word -> (as in the file, as in the trained model)."""
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph

    entries = vectors(["tea", "phone", "goal", "球", "müller"], 8)
    path = small_runs.write_rows(folder / "n.csv", small_runs.news_rows(90))
    (folder / "v.txt").write_bytes(glove(entries))
    arguments = [path, *small_runs.ONE_COLUMN, "--epochs", "2", "--word-vectors", folder / "v.txt", *flags]
    done = small_runs.main("train", *arguments, "--output", folder / "run")
    assert done.code == 0, done.err
    assert f"{small_runs.COLUMNS[1]}: 5 of" in done.out
    run = open_run(folder / "run")
    graph = load_graph(run)
    core = graph.model.get_layer("core")
    from mmkeras.modalities.text.features import load_state
    from mmkeras.modalities.text.spec import TextSpec

    (entry,) = run.inputs
    column = load_state(run.folder / "state" / f"{entry['name']}.npz", TextSpec(**entry["rule"]))
    table = np.asarray(core.get_layer(f"{entry['name']}_vectors").table)
    return {word: (vector, table[rows_of(column, word)[0]]) for word, vector in entries}


@pytest.mark.slow
def test_frozen_vectors_do_not_move(tmp_path: Path) -> None:
    for word, (before, after) in trained_vectors(tmp_path, "--model", "mlp", "--freeze-word-vectors").items():
        np.testing.assert_allclose(after, before, rtol=1e-6, err_msg=word)


@pytest.mark.slow
def test_other_vectors_are_learned_further(tmp_path: Path) -> None:
    for word, (before, after) in trained_vectors(tmp_path).items():
        assert 1e-4 < np.abs(after - before).max() < 1, word


@pytest.mark.slow
def test_a_malformed_file_leaves_no_half_written_run(tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(30))
    (tmp_path / "v.txt").write_text("tea 1 2\nphone 1\n")
    flags = ["--word-vectors", tmp_path / "v.txt", "--output", tmp_path / "run"]
    done = small_runs.main("train", path, *small_runs.ONE_COLUMN, *flags)
    assert done.code == 2
    assert done.err.startswith(f"error: {tmp_path / 'v.txt'}, line 2: ")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["n.csv", "v.txt"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("line.txt", b"a" * 2**23),
        ("word.bin", b"5 2\n" + b"a" * 2**23),
        ("size.bin", b"5 99999999999\n" + b"a" * 2**20),
    ],
)
def test_a_packed_file_without_an_end_is_not_read_to_it(name: str, content: bytes, tmp_path: Path) -> None:
    path = place(tmp_path, name, content, packed=True)
    with pytest.raises(InputError, match=r"(line 1|word 1 of 5|expected word2vec)"):
        load(path, state())
