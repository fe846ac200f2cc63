"""A validation or prediction file without a header, or in another format than the table that was trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmkeras.config.data import Dialect
from mmkeras.data.columns.column import Column
from mmkeras.data.table import Table, read_rows
from mmkeras.errors import InputError

NAMED = [Column("title", "text", "input"), Column("text", "text", "input"), Column("label", "category", "target")]
UNNAMED = [
    Column("column 2", "text", "input"),
    Column("column 3", "text", "input"),
    Column("column 1", "category", "target"),
]
TITLES = ["The first.", "A second, long.", "It goes on.", "The end."]
TEXTS = ["Some words are here.", "Other words, too.", "More of them.", "And no more."]


def rows_of(folder: Path, columns: list[Column], lines: list[list[str]], **flags: bool) -> Table:
    (folder / "new.tsv").write_text("".join("\t".join(line) + "\n" for line in lines))
    return read_rows(folder / "new.tsv", columns, dialect=Dialect(**flags))  # type: ignore[arg-type]


def pairs() -> list[list[str]]:
    return [list(pair) for pair in zip(TITLES, TEXTS, strict=True)]


@pytest.mark.parametrize("columns", [NAMED, UNNAMED])
def test_inputs_alone_are_taken_in_their_order(tmp_path: Path, columns: list[Column]) -> None:
    for flags in ({}, {"no_header": True}):
        table = rows_of(tmp_path, columns, pairs(), **flags)
        assert table.rows[columns[0].name].tolist() == TITLES
        assert table.rows[columns[1].name].tolist() == TEXTS
        assert any("in their order" in note for note in table.notes)


def test_a_file_like_that_of_the_training_has_the_same_names(tmp_path: Path) -> None:
    lines = [["ab"[i % 2], *pair] for i, pair in enumerate(pairs())]
    table = rows_of(tmp_path, UNNAMED, lines)
    assert table.rows["column 2"].tolist() == TITLES
    assert table.target is not None
    assert len(rows_of(tmp_path, UNNAMED, lines[:1]).rows) == 1


def test_other_widths_are_refused(tmp_path: Path) -> None:
    lines = [["1", "2", *pair] for pair in pairs()]
    with pytest.raises(InputError, match="no header and 4 columns.*'title', 'text'"):
        rows_of(tmp_path, NAMED, lines, no_header=True)
    with pytest.raises(InputError, match="no header and 1 columns"):
        rows_of(tmp_path, UNNAMED, [line[:1] for line in pairs()], no_header=True)


def test_a_row_read_as_names_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'title' is not in the file.*--no-header"):
        rows_of(tmp_path, NAMED, [["one", "two"], ["three", "four"]])


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "spark", "title"])
def test_files_of_other_forms_are_read_by_their_names(tmp_path: Path, form: str) -> None:
    rows = [{"more": "x", "text": text, "title": title} for title, text in pairs()]
    lines = "".join(f'x,"{r["text"]}","{r["title"]}"\n' for r in rows)
    content = {
        "csv": "more,text,title\n" + lines,
        "jsonl": "\n".join(map(json.dumps, rows)),
        "json": json.dumps(rows),
        "spark": "more,text,title\n" + lines + 'x,"\\"a\\", b \\"c\\"","d"\n',
        "title": "All of them\n\nmore,text,title\n" + lines,
    }[form]
    (tmp_path / "new").write_text(content)
    table = read_rows(tmp_path / "new", NAMED)
    assert table.rows["title"].tolist()[:4] == TITLES
    assert table.rows["text"].tolist() == [*TEXTS, *(['"a", b "c"'] * (form == "spark"))]
    assert table.target is None
