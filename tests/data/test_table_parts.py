"""A large file is read in parts: the same rows, lines, faults and notes as when it is read as a whole."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from mmkeras.config.data import Dialect
from mmkeras.data.columns.column import Column
from mmkeras.data.files import streams
from mmkeras.data.files.source import Source
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.table import Table, read_rows
from mmkeras.data.table_parts import TableParts, read_table_parts
from mmkeras.errors import InputError

COLUMNS = [Column("text", "text", "input"), Column("price", "number", "input"), Column("label", "category", "target")]
ROWS = [(f"text {k}, with a sign", f"{k}.5", "ab"[k % 2]) for k in range(40)]
PLAIN = "text,price,label\n" + "".join(f'"{text}",{price},{label}\n' for text, price, label in ROWS)
GERMAN = "text;price;label\n" + "".join(f"{text};{price.replace('.', ',')};{label}\n" for text, price, label in ROWS)
NUMBERED = ",text,price,label\n" + "".join(f'{k},"{t}",{p},{label}\n' for k, (t, p, label) in enumerate(ROWS))
OBJECTS = [{"text": t, "price": float(p), "label": label, "more": {"inner": 1}} for t, p, label in ROWS]
FILES = {
    "plain.csv": PLAIN,
    "malformed.csv": PLAIN + "lonely\n,,\n" + PLAIN + 'a,b,"c\nx,1,a\ny,2,b\nz,3,a\nw,4,b\n',
    "broken.csv": PLAIN + 'he said "no" loudly,1,a\n"open,2,b\n' + PLAIN.partition("\n")[2],
    "numbers.csv": PLAIN + "odd,much,a\nempty,,b\n",
    "german.csv": GERMAN,
    "numbered.csv": NUMBERED,
    "unnamed.csv": "text,,price,label\n" + "".join(f'"{t}",x,{p},{label}\n' for t, p, label in ROWS),
    "escaped.csv": PLAIN + 'he said \\"no\\" loudly,1,a\n' * 3,
    "comments.csv": "# made by a program\n" + PLAIN + "# the end\n",
    "spelled.csv": PLAIN.replace("text,price,label", "Text,PRICE,label", 1),
    "lines.jsonl": "".join(json.dumps(row) + "\n" for row in OBJECTS) + "no json\n[1]\n",
}


@pytest.fixture(autouse=True)
def every_file_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "LARGE", 0)
    monkeypatch.setattr(streams, "LARGE_PACKED", 0)


def joined(parts: TableParts, size: int) -> Table:
    """All parts as one table, with the notes of the head."""
    tables = list(parts.parts(size))
    assert sum(len(table.rows) for table in tables) == parts.count
    assert max(len(table.rows) for table in tables) <= size
    rows = pd.concat([table.rows for table in tables], ignore_index=True)
    lines = [line for table in tables for line in table.lines.tolist()]
    bad = tuple(row for table in tables for row in table.bad_rows)
    head = parts.head
    return Table(head.path, head.encoding, head.delimiter, head.columns, rows, lines, bad, notes=head.notes)  # type: ignore[arg-type]


def check(path: Path, dialect: Dialect | None = None) -> TableParts:
    """Read a file in both ways."""
    whole = read_rows(path, COLUMNS, dialect=dialect, inputs_optional=True)
    parts = read_table_parts(path, COLUMNS, dialect=dialect, inputs_optional=True)
    assert not len(parts.head.rows), "it is read in parts"
    for size in (7, 1000):
        table = joined(parts, size)
        pd.testing.assert_frame_equal(table.rows, whole.rows)
        assert list(table.lines) == whole.lines.tolist()
        assert table.bad_rows == whole.bad_rows
    assert table.notes == whole.notes
    assert (table.columns, table.encoding, table.delimiter) == (whole.columns, whole.encoding, whole.delimiter)
    return parts


@pytest.mark.parametrize("name", FILES)
def test_the_same_as_a_whole(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    check(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_encodings(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(PLAIN.replace("sign", "签名"), encoding=encoding)
    check(tmp_path / "a.csv", Dialect(encoding=None if encoding.startswith("utf") else encoding))


def test_bytes_that_are_no_text_make_a_bad_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(PLAIN.encode() + b"caf\xe9,1,a\n" + "café,1,a\n".encode() * 30)
    parts = check(tmp_path / "a.csv")
    assert sum(len(table.bad_rows) for table in parts.parts(5)) == 1


def test_packed_and_parquet_and_standard_input(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(PLAIN.encode()))
    check(tmp_path / "a.csv.gz")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("inside.csv", PLAIN)
    assert check(tmp_path / "a.zip").head.notes[0] == "Read from the zip archive: inside.csv."
    pd.DataFrame(OBJECTS).drop(columns="more").to_parquet(tmp_path / "a.parquet")
    check(tmp_path / "a.parquet")
    (tmp_path / "kept").write_text(PLAIN, encoding="utf-8")
    parts = read_table_parts(StandardInput(b"", kept=tmp_path / "kept"), COLUMNS)
    assert (parts.head.path, parts.count, len(parts.head.rows)) == ("standard input", 40, 0)


def test_what_only_all_rows_could_tell_is_read_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "copies.csv").write_text(PLAIN.replace("text,price", "text,text", 1), encoding="utf-8")
    with pytest.raises(InputError, match="both named 'text'"):
        read_table_parts(tmp_path / "copies.csv", COLUMNS, inputs_optional=True)
    (tmp_path / "a.json").write_text(json.dumps(OBJECTS))
    assert len(read_table_parts(tmp_path / "a.json", COLUMNS).head.rows) == 40


def test_a_file_that_is_cut_short_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(PLAIN.encode() * 50)[:-30])
    with pytest.raises(InputError, match="damaged or cut short"):
        read_table_parts(tmp_path / "a.csv.gz", COLUMNS)
    with pytest.raises(InputError, match="no such file"):
        read_table_parts(tmp_path / "b.csv", COLUMNS)


def test_long_cells_make_smaller_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmkeras.data.files.source_parts.CHARACTERS", 200)
    (tmp_path / "a.csv").write_text(PLAIN, encoding="utf-8")
    assert max(len(table.rows) for table in read_table_parts(tmp_path / "a.csv", COLUMNS).parts(1000)) < 12


def test_a_source_in_memory_is_sliced() -> None:
    frame = pd.DataFrame(ROWS, columns=["text", "price", "label"], dtype=object)
    lines = pd.RangeIndex(1, 41).to_numpy()
    parts = read_table_parts(Source("m", "utf-8", "", frame, lines, (), format="cells"), COLUMNS)
    assert [len(table.rows) for table in parts.parts(15)] == [15, 15, 10]
    assert [table.as_read.rows["text"].iloc[0] for table in parts.parts(15) if table.as_read] == [
        ROWS[0][0],
        ROWS[15][0],
        ROWS[30][0],
    ]
