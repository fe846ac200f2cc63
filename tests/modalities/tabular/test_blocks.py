"""Blocks: many columns as one input. Features, rows of categories and values equal those of single columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.folding import MOST_ALIKE, fold_columns, fold_notes
from mmkeras.graph import columns_in
from mmkeras.modalities import block_of, column_of
from mmkeras.modalities.blocks import BLOCKS, MOST_SINGLE, flat_values, graph_columns, rows_of
from mmkeras.modalities.category.block_layers import adapt_block
from mmkeras.modalities.column_tokens import MOST_TOKENS, POOLED, PerColumn, encode_numbers
from mmkeras.modalities.encoded import Sizes
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import bytes_in, fill_missing_inputs, read_cells, to_arrays
from mmkeras.tasks.prediction.relevance import relevance
from mmkeras.verification.samples import pack, unpack

CELLS = {
    "number": ["1", "", "-2.5", "1e3", "7", "0"],
    "category": ["red", "", "blue", "red", "blue", "red"],
    "date": ["2026-11-26", "", "2001-02-03 04:05", "1999-12-31", "2026-11-26", "2020-02-29"],
}


def columns_of_kind(kind: str, count: int) -> list[Column]:
    return [Column(f"{kind} {k}", kind, "input") for k in range(count)]


def adapted(kind: str, count: int, tmp_path: Path) -> tuple[Any, Any, list[list[str]]]:
    """A block, its features of the training rows, and the cells of each column, rotated so that columns differ."""
    cells = [CELLS[kind][k % 6 :] + CELLS[kind][: k % 6] for k in range(count)]
    both = {"train": cells, "validation": cells}
    block, features = block_of(kind).adapt(
        BLOCKS[kind], columns_of_kind(kind, count), both, Config().replace(min_rows=1), tmp_path, lambda line: None
    )
    (array,) = features["train"].arrays.values()
    return block, array, cells


def test_few_columns_stay_single_and_more_become_a_block() -> None:
    few = columns_of_kind("number", MOST_SINGLE)
    assert [(g.name, g.block) for g in graph_columns(few)] == [(f"number_{k}", False) for k in range(MOST_SINGLE)]
    table = [Column("numbers", "text", "input"), *columns_of_kind("number", 9), *columns_of_kind("date", 2)]
    found = graph_columns(table)
    assert [(g.name, g.kind, g.block) for g in found] == [
        ("numbers", "text", False),
        ("date_0", "date", False),
        ("date_1", "date", False),
        ("numbers_", "number", True),
    ]
    assert found[-1].title == "9 number columns"
    assert [c.name for c in found[-1].columns] == [f"number {k}" for k in range(9)]


@pytest.mark.parametrize("kind", ["number", "date"])
def test_the_features_of_a_block_are_those_of_its_columns(kind: str, tmp_path: Path) -> None:
    _, features, cells = adapted(kind, 10, tmp_path)
    for k, column in enumerate(cells):
        both = {"train": column, "validation": column}
        _, alone = column_of(kind).adapt("one", both, None, Config(), tmp_path, print)
        (array,) = alone["train"].arrays.values()
        np.testing.assert_allclose(features[:, k], array, atol=1e-6)


def test_the_same_value_of_two_columns_has_two_rows(tmp_path: Path) -> None:
    block, rows, cells = adapted("category", 10, tmp_path)
    assert rows.shape == (6, 10)
    names = [{cell: int(row) for cell, row in zip(cells[k], rows[:, k], strict=True)} for k in range(10)]
    assert all(name[""] == 0 for name in names)
    known = [row for name in names for cell, row in name.items() if cell]
    assert sorted(known) == [*range(2, 22)]
    assert block.values == (("red", "blue"),) * 10


def test_no_key_is_shared_by_the_columns_of_a_large_block() -> None:
    cells = [[f"{k}-{value}" for value in range(400) for _ in range(2)] for k in range(40)]
    vocabulary, values = adapt_block(cells, min_rows=2)
    assert sum(map(len, values)) == 16_000
    assert vocabulary.vocabulary.size >= 15_990  # a few get no cell


@pytest.mark.parametrize("kind", sorted(BLOCKS))
def test_a_block_is_rebuilt_from_its_entry_and_reads_raw_inputs(kind: str, tmp_path: Path) -> None:
    block, features, cells = adapted(kind, 12, tmp_path)
    block.save(tmp_path)
    again = block_of(kind).load({"name": block.name, "kind": kind, **block.entry()}, tmp_path)
    assert again.entry() == block.entry()
    spec = again.input("12 columns").spec()
    assert [part["column"] for part in columns_in(spec)] == [f"{kind} {k}" for k in range(12)]
    by_name = {f"{kind} {k}": column for k, column in enumerate(cells)}
    presence = {"name": "there", "of": block.name, "kind": "presence", "shape": ["batch", 12]}
    values, faults = read_cells(by_name, [spec, presence], MediaRoot("."), 6)
    assert not faults
    assert unpack(pack(values[block.name])) == values[block.name]
    arrays = to_arrays(values, [spec, presence], range(6))
    assert arrays["there"].tolist() == [[float(bool(column[i])) for column in cells] for i in range(6)]
    (made,) = again.preprocess(keras.ops.convert_to_tensor(arrays[block.name]), arrays["there"]).values()
    np.testing.assert_allclose(np.asarray(made), features, atol=1e-6)
    filled = fill_missing_inputs({block.name: arrays[block.name]}, {"inputs": [spec, presence]})
    assert filled["there"].shape == (6, 12)
    assert filled["there"].all()


def test_values_are_flattened_and_back() -> None:
    rows: list[tuple[Any, ...] | None] = [(1.0, None), None, (b"ab", b"abc")]
    flat = flat_values(rows, 2)
    assert flat == [1.0, None, None, None, b"ab", b"abc"]
    assert rows_of(flat, 2) == [(1.0, None), (None, None), (b"ab", b"abc")]
    assert bytes_in(rows_of(flat, 2)[2]) == 3


def test_columns_have_weights_of_their_own() -> None:
    layer = PerColumn(5)
    x = np.random.default_rng(0).normal(size=(4, 3, 2)).astype("float32")
    y = np.asarray(layer(x))
    kernel, bias = np.asarray(layer.kernel), np.asarray(layer.bias)
    np.testing.assert_allclose(y, np.einsum("bnf,nfw->bnw", x, kernel) + bias, atol=1e-6)
    assert np.asarray(PerColumn.from_config(layer.get_config())(x)).shape == (4, 3, 5)


@pytest.mark.parametrize(("count", "tokens"), [(MOST_TOKENS, MOST_TOKENS), (MOST_TOKENS + 1, POOLED), (2000, POOLED)])
def test_a_wide_block_has_few_tokens(count: int, tokens: int) -> None:
    encoded = encode_numbers(keras.Input((count, 2)), keras.Input((count,)), Sizes().width, "numbers")
    assert encoded.tokens.shape == (None, tokens, 64)
    assert encoded.mask.shape == (None, tokens)


@pytest.mark.parametrize("kind", ["number", "category"])
def test_the_columns_that_decide_weigh_more(kind: str) -> None:
    rng = np.random.default_rng(0)
    features: Any = rng.normal(size=(160, 300, 2)) if kind == "number" else rng.integers(0, 5, (160, 300))
    decides = features[:, 7, 0] > 0 if kind == "number" else features[:, 7] > 2
    weights = relevance(features, np.eye(2, dtype="float32")[decides.astype(int)])
    assert weights.argmax() == 7
    assert weights[7] > 2.5 * np.sort(weights)[-2]
    assert np.mean(weights**2) == pytest.approx(1.0, rel=1e-3)
    constant = relevance(np.zeros((20, 4, 2)), np.eye(2, dtype="float32")[[0, 1] * 10])
    assert np.isfinite(constant).all()


def test_long_lists_are_a_few_lines() -> None:
    columns = [*columns_of_kind("number", 100), *columns_of_kind("text", MOST_ALIKE)]
    folded = fold_columns(columns)
    assert len(folded) == 5 + MOST_ALIKE
    assert [more for _, more in folded if more] == [95]
    notes = [f"Column 'c{k}' is ignored." for k in range(30)]
    assert fold_notes([*notes, "One more."])[-2:] == [
        "(25 more notes as the 5 above, of 'c5', 'c6', 'c7', 'c8', 'c9', …)",
        "One more.",
    ]


def test_date_columns_of_several_notations_are_read_each_in_its_own(tmp_path: Path) -> None:
    written = {"YYYY-MM-DD": "2026-11-26", "DD.MM.YYYY": "26.11.2026", "MM/DD/YYYY": "11/26/2026"}
    columns = [Column(f"d{k}", "date", "input", notation=list(written)[k % 3]) for k in range(9)]
    cells = [[written[column.notation], "", written[column.notation]] for column in columns]
    both = {"train": cells, "validation": cells}
    block, _ = block_of("date").adapt("dates", columns, both, Config(), tmp_path, print)
    spec = block.input("9 date columns").spec()
    presence = {"name": "there", "of": "dates", "kind": "presence", "shape": ["batch", 9]}
    values, faults = read_cells({c.name: cells[k] for k, c in enumerate(columns)}, [spec, presence], MediaRoot("."), 3)
    assert not faults
    arrays = to_arrays(values, [spec, presence], range(3))
    (made,) = block.preprocess(keras.ops.convert_to_tensor(arrays["dates"]), arrays["there"]).values()
    rows = np.asarray(made)
    assert rows.shape == (3, 9, 14)
    assert not rows[1].any()
    np.testing.assert_allclose(rows[0], np.tile(rows[0, :1], (9, 1)), atol=1e-6)
    served, present = block.input("9 date columns").serving.read(keras.ops.convert_to_tensor(np.array(cells, object).T))
    np.testing.assert_array_equal(np.asarray(present), arrays["there"])
    longest = arrays["dates"].shape[2]
    np.testing.assert_array_equal(np.asarray(served)[:, :, :longest], arrays["dates"])
    assert not np.asarray(served)[:, :, longest:].any()
