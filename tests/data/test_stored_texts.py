"""Large files: long cells lie in a scratch file, the bytes are read in pieces, and the table is the same."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmkeras.config.data import Data
from mmkeras.data.describe import describe
from mmkeras.data.encoding.charset import choose_encoding
from mmkeras.data.files import csv_cells, reading
from mmkeras.data.splits.split import split_table
from mmkeras.data.table import Table, read_table
from mmkeras.data.values.stored_texts import HEAD, StoredTexts, abbreviation
from mmkeras.system import file_bytes

TEXTS = [
    "a long text of many words, ",
    'with "quotes"\nand lines, ',
    "中文的长文本很多字，",
    "",
    " spaces around it ",
    "NA",
]


def write_file(path: Path, encoding: str = "utf-8") -> Path:
    rng = np.random.default_rng(0)
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "text", "shop", "label"])
        for k in range(240):
            text = TEXTS[k % 6] * int(rng.integers(1, 40)) if k % 6 < 3 else TEXTS[k % 6]
            writer.writerow([k, text, f"shop {k % 7}", "ab"[k % 2]])
    return path


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGE", 1)
    monkeypatch.setattr(csv_cells, "AT_ONCE", 7)
    monkeypatch.setattr(file_bytes, "PIECE", 101)


def cells_of(table: Table) -> dict[str, list[str]]:
    return {name: list(table.rows[name]) for name in table.rows}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_large_table_is_the_same(encoding: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    data = Data(csv=str(write_file(tmp_path / "a.csv", encoding)))
    small = read_table(data)
    request.getfixturevalue("small_pieces")
    large = read_table(data)
    assert isinstance(large.rows["text"].array, StoredTexts)
    assert not isinstance(large.rows["shop"].array, StoredTexts)
    assert cells_of(large) == cells_of(small)
    assert (large.columns, large.notes, large.bad_rows) == (small.columns, small.notes, small.bad_rows)
    assert describe(large) == describe(small)
    a, b = split_table(small, data), split_table(large, data)
    assert a.notes == b.notes
    assert a.train_lines.tolist() == b.train_lines.tolist()
    assert list(a.validation["text"]) == list(b.validation["text"])


def test_damaged_bytes_of_a_large_file(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = write_file(tmp_path / "a.csv")
    path.write_bytes(path.read_bytes().replace(b"shop 3", b"shop \xff", 2))
    small = read_table(Data(csv=str(path)))
    request.getfixturevalue("small_pieces")
    large = read_table(Data(csv=str(path)))
    assert [row.reason for row in large.bad_rows].count("the cell holds bytes that are not utf-8") == 2
    assert (large.bad_rows, large.lines.tolist()) == (small.bad_rows, small.lines.tolist())
    assert cells_of(large) == cells_of(small)


def test_a_column_of_stored_texts_is_one_of_strings() -> None:
    texts = [f"text {k} " * (k % 5) for k in range(50)]
    stored, plain = pd.Series(StoredTexts._from_sequence(texts)), pd.Series(texts, dtype=object)
    order = np.random.default_rng(1).permutation(50)
    for change in (
        lambda cells: cells.iloc[order],
        lambda cells: cells[cells != ""],
        lambda cells: cells.mask(cells == "text 1 ", "")[10:],
        lambda cells: pd.concat([cells[:5], cells[20:]], ignore_index=True),
        lambda cells: pd.DataFrame({"a": cells, "b": range(50)}).iloc[order].reset_index(drop=True)["a"],
        lambda cells: cells.drop_duplicates(),
    ):
        assert list(change(stored)) == list(change(plain))
    assert stored.nunique() == plain.nunique()
    assert stored.astype(object).tolist() == texts
    assert stored.iloc[7] == texts[7]


def test_a_file_in_pieces_is_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_bytes, "PIECE", 5)
    content = " é中😀 one;two\r\n".encode() * 9
    (tmp_path / "a").write_bytes(content)
    large = file_bytes.FileBytes(tmp_path / "a")
    assert large[:] == content == large.stream().read()
    assert (len(large), large[3:9], large[-2]) == (len(content), content[3:9], content[-2])
    for part in (b"one;two", b"two\r\n ", b"absent", content[-3:]):
        assert large.find(part, 2) == content.find(part, 2)
    assert not large.isascii()
    assert choose_encoding(large, None, "a") == choose_encoding(content, None, "a")
    assert not large.decodes("ascii")


def test_abbreviations_differ_where_texts_do() -> None:
    long = "x" * 500
    assert abbreviation("short") == "short"
    assert len(abbreviation(long)) > 128  # longer than any identifier
    assert abbreviation(long)[:HEAD] == long[:HEAD]
    assert abbreviation(long) != abbreviation(long[:-1] + "y" * 1)
    assert abbreviation(f"{long}.png").endswith(".png")
