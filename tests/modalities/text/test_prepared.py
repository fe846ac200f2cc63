"""Features on disk: the graph's, computed in NumPy, in parts, in memory that does not grow with the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_tokenizer as reference
from small_bags import CORPUS, adapted, assert_close, dictionaries

from mmkeras.features import ragged
from mmkeras.features.appended import AppendedArray
from mmkeras.modalities.text import hashed_files
from mmkeras.modalities.text.document_frequency import DocumentFrequencies
from mmkeras.modalities.text.features import hash_texts, load_state, new_table
from mmkeras.modalities.text.hashing.on_arrays import supports
from mmkeras.modalities.text.row_index import RowIndex
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.modalities.text.written_features import write_features


def hostile_texts() -> list[str | bytes]:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, 40).astype("uint8").tobytes() for _ in range(60)]
    wide = ["".join(map(chr, rng.integers(1, high, 40))) for high in (0x80, 0x3000, 0xD800, 0x20000) for _ in range(9)]
    return [*reference.HOSTILE_TEXTS, *(text for text, _ in reference.golden()), *noise, *wide, "é" * 3000, "a" * 5000]


@pytest.mark.parametrize(
    "spec",
    [
        TextSpec(),
        TextSpec(mode="word", max_bytes=64),
        TextSpec(mode="character", orders=1, max_tokens=9, max_bytes=99),
        TextSpec(version=2),
        TextSpec(mode="word", max_tokens=5, max_bytes=64, version=2),
        TextSpec(mode="character", orders=1, punctuation=False, version=2),
    ],
    ids=str,
)
def test_keys_are_the_graphs(spec: TextSpec) -> None:
    texts = hostile_texts()
    assert supports(spec)
    hashed = hash_texts(texts, spec, new_table(spec))
    part = hashed_files.hash_part(texts, hashed_files.key_hasher(spec, new_table(spec)), ordered=True)
    assert part.n_truncated == hashed.n_truncated
    np.testing.assert_array_equal(part.lengths, hashed.keys.lengths)
    np.testing.assert_array_equal(part.keys, hashed.keys.columns[0])


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"orders": 1, "weighting": "mean", "unknown_buckets": 16},
        {"mode": "byte", "weighting": "mean"},
        {"version": 2, "min_rows": 1},
        {"version": 2, "orders": 1, "weighting": "mean", "unknown_buckets": 16, "punctuation": False},
    ],
    ids=str,
)
def test_bags_are_the_graphs(spec: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*CORPUS, *hostile_texts()]
    monkeypatch.setattr(hashed_files, "PART", 300)  # many parts
    state, expected = adapted(texts, **spec)
    write_features({"train": texts, "validation": texts[:1]}, state.spec, tmp_path, "average", 0)  # type: ignore[dict-item]
    again = load_state(tmp_path / "state.npz", state.spec)
    np.testing.assert_array_equal(again.vocabulary.keys, state.vocabulary.keys)
    np.testing.assert_array_equal(again.idf, state.idf)
    for mine, graphs in zip(dictionaries(ragged.load(tmp_path / "train")), dictionaries(expected), strict=True):
        assert_close(mine, graphs, 1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.json", "state.npz", "train", "validation"]


@pytest.mark.parametrize("at_once", [7, 1000])
def test_the_most_frequent_features_are_counted_in_parts(at_once: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    texts = [np.unique(rng.zipf(1.3, 20) * 2654435761 % 2**32).astype("uint32") for _ in range(90)]
    keys, counts = np.unique(np.concatenate(texts), return_counts=True)
    order = np.lexsort((keys, -counts))
    order = order[counts[order] >= 2]
    for at_most in (5, 1000):
        counted = DocumentFrequencies(tmp_path, at_once)
        for k in range(0, 90, 4):
            counted.add(np.concatenate(texts[k : k + 4]), len(texts[k : k + 4]))
        found = counted.most_frequent(at_most, 2)
        np.testing.assert_array_equal(found, [keys[order][:at_most], counts[order][:at_most]])
        assert counted.texts == 90
    assert not list(tmp_path.iterdir())


def test_rows_of_keys() -> None:
    rng = np.random.default_rng(2)
    known = rng.permutation(np.unique(rng.integers(0, 2**32, 5000, dtype="uint32")))
    others = np.setdiff1d(rng.integers(0, 2**32, 5000, dtype="uint32"), known)
    index = RowIndex(known)
    np.testing.assert_array_equal(index(known), np.arange(1, len(known) + 1))
    assert not index(others).any()
    assert not RowIndex(np.zeros(0, "int64"))(others).any()


def test_an_array_that_grows_on_disk(tmp_path: Path) -> None:
    with AppendedArray(tmp_path / "a.npy", "int32") as array:
        for part in ([], [1, 2], [3] * 10_000):
            array.append(np.array(part))
    assert np.load(tmp_path / "a.npy").tolist() == [1, 2, *[3] * 10_000]
