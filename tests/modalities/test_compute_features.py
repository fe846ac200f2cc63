"""A run's adapted columns compute the features of new rows as they computed those of their own training rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.modalities import block_of, column_of
from mmkeras.modalities.text.spec import TextSpec

CELLS = {
    "number": {"train": ["1", "2.5", "", "-3", "8"], "validation": ["0", "", "7"]},
    "category": {"train": ["a", "b", "a", "", "b"], "validation": ["b", "new", ""]},
    "date": {"train": ["2026-01-05", "", "2026-03-01", "2025-12-31", "2026-01-06"], "validation": ["2026-02-02", ""]},
    "text": {"train": ["a b c", "b c d", "c d", "", "a c"], "validation": ["a b new words", "c"]},
}


def check(module: Any, adapted: Any, features: Any, cells: Any, folder: Path) -> None:
    column = module.load({**adapted.entry(), "name": adapted.name}, folder)
    again = module.compute_features(column, cells, folder / "again", print)
    for split_name, expected in features.items():
        rows = np.arange(len(expected.lengths))
        batch = again[split_name].batch(rows, False)
        for name, array in expected.batch(rows, False).items():
            assert np.array_equal(batch[name], array), name


@pytest.mark.parametrize("kind", CELLS)
def test_of_one_column(kind: str, tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    spec = TextSpec(max_bytes=32, max_features=100) if kind == "text" else None
    module = column_of(kind)
    adapted, features = module.adapt("x", CELLS[kind], spec, Config(), tmp_path, print)
    adapted.save(tmp_path)
    check(module, adapted, features, CELLS[kind], tmp_path)


@pytest.mark.parametrize("kind", ["number", "category", "date"])
def test_of_a_block(kind: str, tmp_path: Path) -> None:
    columns = [Column(name, kind, "input") for name in ("one", "two")]
    cells = {split_name: [split_cells, split_cells[::-1]] for split_name, split_cells in CELLS[kind].items()}
    module = block_of(kind)
    adapted, features = module.adapt("xs", columns, cells, Config(), tmp_path, print)
    adapted.save(tmp_path)
    check(module, adapted, features, cells, tmp_path)


def test_new_words_are_counted_and_stay_unknown(tmp_path: Path) -> None:
    lines: list[str] = []
    module = column_of("text")
    column, _ = module.adapt("x", CELLS["text"], TextSpec(max_bytes=32, max_features=100), Config(), tmp_path, print)
    (tmp_path / "again").mkdir()
    cells = {"train": ["a b", "new words"], "validation": ["a"]}
    module.compute_features(column, cells, tmp_path / "again", lines.append)
    assert lines == ["x: 50.0% of the new rows' tokens are unknown, and stay so"]
