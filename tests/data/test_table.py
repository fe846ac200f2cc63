"""From a CSV to checked rows: kinds, roles, bad rows, and a sentence for whatever cannot be used."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from broken_inputs import BROKEN_INPUTS, BrokenInput
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.config.data import Dialect
from mmkeras.data.describe import describe
from mmkeras.data.splits.split import split_table
from mmkeras.data.table import BadRow, Table, read_rows, read_table, write_bad_rows, write_csv
from mmkeras.errors import InputError


def table(folder: Path, content: str, **flags: Any) -> Table:
    path = folder / "a.csv"
    path.write_text(content, encoding="utf-8")
    config = Config.of(csv=str(path), **flags)
    return read_table(config.data, config.model.task)


def roles(table: Table) -> dict[str, tuple[str, str]]:
    return {column.name: (column.kind, column.role) for column in (*table.columns, *table.ignored)}


def read_and_split(config: Config) -> None:
    check_config(config)
    checked = read_table(config.data, config.model.task)
    validation = None
    if config.data.validation:
        options: dict[str, Any] = {
            "target_optional": False,
            "keep_all": False,
            "max_bad_rows": config.data.max_bad_rows,
        }
        validation = read_rows(config.data.validation, checked.columns, **options)
    split_table(checked, config.data, validation)


@pytest.mark.parametrize("case", BROKEN_INPUTS, ids=lambda case: case.name)
def test_broken_input(case: BrokenInput, tmp_path: Path) -> None:
    config = Config.of(**case.place(tmp_path))
    with pytest.raises(InputError) as caught:
        read_and_split(config)
    message = str(caught.value)
    assert [words for words in case.expected if words.lower() not in message.lower()] == [], message
    assert message.endswith((".", "?"))
    assert "\n" not in message
    assert len(message) < 600


def test_broken_inputs_have_names_of_their_own() -> None:
    assert len({case.name for case in BROKEN_INPUTS}) == len(BROKEN_INPUTS) >= 30


def test_kinds_are_guessed(tmp_path: Path) -> None:
    lines = ["id,title,city,photo,clip,price,when,source,label"]
    for i in range(60):
        city = ("Paris", "Rome", "")[i % 3]
        price = "NA" if i == 5 else f"{i * 1.5 + 0.25}"
        lines.append(f"A-{i},News number {i},{city},img/{i}.JPG,{i}.wav,{price},{i + 100},BBC,{'ab'[i % 2]}")
    checked = table(tmp_path, "\n".join(lines))
    assert roles(checked) == {
        "title": ("text", "input"),
        "city": ("category", "input"),
        "photo": ("image", "input"),
        "clip": ("audio", "input"),
        "price": ("number", "input"),
        "label": ("category", "target"),
        "id": ("text", "ignored"),
        "when": ("number", "ignored"),  # 100, 101, …: without gaps, so it counts the rows
        "source": ("category", "ignored"),
    }
    assert [note.split(":")[0] for note in checked.notes[:3]] == [
        f"Column {name!r} is ignored" for name in ("id", "when", "source")
    ]
    assert checked.notes[3].startswith("In column 'price' 1 cell is a mark of a missing value ('NA').")
    assert checked.rows["price"][5] == ""
    assert checked.rows["price"][4] == "6.25"
    assert not checked.bad_rows
    assert checked.target is not None
    assert checked.target.name == "label"


def test_named_columns_are_the_only_inputs(tmp_path: Path) -> None:
    content = "id,title,city,topic\n" + "".join(f"{i},news {i},{'xy'[i % 2]},{'ab'[i % 2]}\n" for i in range(20))
    content = content.replace("1,news 1,y,b", "1,news 1,x,b")
    checked = table(tmp_path, content, number=("id",), text=("city",))
    assert roles(checked) == {
        "id": ("number", "input"),
        "city": ("text", "input"),
        "topic": ("category", "target"),
        "title": ("text", "ignored"),
    }
    assert [column.given for column in checked.columns] == [True, True, False]
    assert not checked.notes


@pytest.mark.parametrize(
    ("header", "target"),
    [("topic,x,Label", "Label"), ("category,x,y", "category"), ("x,y,z", "z"), ("x,class,target", "target")],
)
def test_target_is_guessed(tmp_path: Path, header: str, target: str) -> None:
    checked = table(tmp_path, header + "\n" + "some words a,more words b,c c\nother words,and on,d\n" * 9)
    assert checked.target is not None
    assert checked.target.name == target


def test_data_uris_are_guessed(tmp_path: Path) -> None:
    lines = ["photo,clip,words,label"]
    for i in range(60):
        photo = f"img/{i}.png" if i % 2 else f"data:image/png;base64,{'iVBORw0K' * 400}{i}"
        lines.append(f'"{photo}","data:audio/wav;base64,UklGR{i}","data: {i} of them",{"ab"[i % 2]}')
    checked = roles(table(tmp_path, "\n".join(lines)))
    inputs = {name: kind for name, (kind, role) in checked.items() if role == "input"}
    assert inputs == {"photo": "image", "clip": "audio", "words": "text"}


def test_target_is_not_guessed_among_named_inputs(tmp_path: Path) -> None:
    checked = table(tmp_path, "text,x,label\n" + "some words,b,c\nother words,a,d\n" * 9, text=("label",))
    assert checked.target is not None
    assert checked.target.name == "x"


def test_single_words_are_text(tmp_path: Path) -> None:
    names = ["Müller", "Smith", "Rossi", "Garcia", "王", "Kim", "Ivanov", "deadbeef", "Dubois", "Novak"]
    checked = table(tmp_path, "name,label\n" + "".join(f"{n},{'ab'[i % 2]}\n" for i, n in enumerate(names)))
    assert roles(checked)["name"] == ("text", "input")


def test_bad_rows_are_set_apart(tmp_path: Path) -> None:
    good = "".join(f"text {i},{'ab'[i % 2]},{i}.5\n" for i in range(40))
    content = f'text,label,x\n{good}one,,1\n ,b, \n"two\nlines",a,\nlonely\nno,a,none\nno,a,much\n"open,a,1\n'
    checked = table(tmp_path, content, text=("text",), number=("x",), max_bad_rows=0.2)
    path = str(tmp_path / "a.csv")
    assert checked.bad_rows == (
        BadRow(path, 42, "label", "the target is empty"),
        BadRow(path, 43, "text, x", "every input is empty"),
        BadRow(path, 46, "", "expected 3 fields, received 1"),
        BadRow(path, 49, "", "a quote is not closed, or one inside a cell is not doubled"),
    )
    assert len(checked.rows) == len(checked.lines) == 43
    assert checked.lines.tolist()[-3:] == [44, 47, 48]
    assert checked.rows.index.tolist() == list(range(43))
    assert checked.rows.iloc[-1].tolist() == ["no", "a", ""]

    write_bad_rows(checked, tmp_path / "bad_rows.csv", validation=checked)
    written = pd.read_csv(tmp_path / "bad_rows.csv", keep_default_na=False)
    assert list(written.columns) == ["file", "line", "column", "reason"]
    assert len(written) == 8
    assert written.iloc[0].tolist() == [path, 42, "label", "the target is empty"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "bad_rows.csv"]


def test_bad_rows_up_to_the_limit_are_accepted(tmp_path: Path) -> None:
    content = "text,label\n" + "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(19)) + "too,many,fields\n"
    assert len(table(tmp_path, content, max_bad_rows=0.05).rows) == 19
    with pytest.raises(InputError, match=r"1 of 20 rows \(5.0%\).*4.9% allowed"):
        table(tmp_path, content, max_bad_rows=0.049)


def test_empty_rows_at_the_end_are_no_rows(tmp_path: Path) -> None:
    checked = table(tmp_path, "text,label\n" + "some words,b\nother words,a\n" * 9 + ",\n" * 500)
    assert len(checked.rows) == 18
    assert not checked.bad_rows


def test_labels_are_cleaned_and_doubted(tmp_path: Path) -> None:
    checked = table(tmp_path, "text,label\n" + "some words, Big \tcity\nother words,big city\nmore,label\n" * 9)
    assert checked.rows["label"].unique().tolist() == ["Big city", "big city", "label"]
    assert any("differ only in case" in note for note in checked.notes)
    assert any("Is the first line a header?" in note for note in checked.notes)


def columns_of(folder: Path) -> Table:
    rows = "".join(f"text {i},{i}.5,{'ab'[i % 2]}\n" for i in range(20))
    return table(folder, "text,x,label\n" + rows)


def test_prediction_keeps_every_row(tmp_path: Path) -> None:
    columns = columns_of(tmp_path).columns
    path = tmp_path / "test.csv"
    path.write_text('more,x,text\n1,2,hello\n,,\nlonely\n4,far,"two\nlines"\n5,NA,\n6,7,"open\n8,9,end\n,,\n')
    checked = read_rows(path, columns)
    assert [column.name for column in checked.columns] == ["text", "x"]
    assert checked.target is None
    assert checked.lines.tolist() == [2, 3, 4, 5, 7, 8, 9, 10]
    assert checked.rows["text"].tolist() == ["hello", "", "", "two\nlines", "", "", "end", ""]
    assert checked.rows["x"].tolist() == ["2", "", "", "", "", "", "9", ""]
    assert [bad.line for bad in checked.bad_rows] == [3, 4, 5, 7, 8, 10]
    assert checked.rows.index.tolist() == list(range(8))


def test_prediction_answers_every_line_behind_a_broken_quote(tmp_path: Path) -> None:
    columns = columns_of(tmp_path).columns
    path = tmp_path / "test.csv"
    path.write_text('text,x\n"one\n\nend",1\n"two\n\nsays "this", 2\n\nbut, no more\nend",2\n"three\n\nend",3\n')
    checked = read_rows(path, columns)
    assert checked.lines.tolist() == [2, 5, 7, 9, 10, 11]
    assert checked.rows["text"].tolist() == ["one\n\nend", "", "", "", "", "three\n\nend"]
    assert [bad.line for bad in checked.bad_rows] == [5, 7, 9, 10]


def test_prediction_of_unreadable_rows_only(tmp_path: Path) -> None:
    columns = columns_of(tmp_path).columns
    path = tmp_path / "test.csv"
    path.write_text("text,x\na,b,c\nd,e,f\n")
    checked = read_rows(path, columns, dialect=Dialect(delimiter=","))
    assert checked.rows.to_numpy().tolist() == [["", ""], ["", ""]]
    assert len(checked.bad_rows) == 2


def test_validation_drops_bad_rows(tmp_path: Path) -> None:
    columns = columns_of(tmp_path).columns
    path = tmp_path / "dev.csv"
    path.write_text("label,text,x\na,good,1\n,no label,2\nb,,\n b ,fine,\n")
    checked = read_rows(path, columns, target_optional=False, keep_all=False)
    assert checked.rows["label"].tolist() == ["a", "b"]
    assert [bad.line for bad in checked.bad_rows] == [3, 4]
    # To predict, an empty target is no fault.
    assert [bad.line for bad in read_rows(path, columns).bad_rows] == [4]
    assert checked.notes == (
        "1 of 4 rows is without a target: left out.",
        "1 of 4 rows is without any input: left out.",
    )


def test_missing_columns_are_named(tmp_path: Path) -> None:
    columns = columns_of(tmp_path).columns
    path = tmp_path / "dev.csv"
    path.write_text("texts,x\na,1\nb,2\n")
    with pytest.raises(
        InputError, match=r"the input column 'text' is not in the file\. Did you mean 'texts'\? Columns: "
    ):
        read_rows(path, columns)
    path.write_text(" TEXT,x\na,1\nb,2\n")
    assert read_rows(path, columns).notes == (
        f"{path}: columns are read by their names without case: 'TEXT' as 'text'.",
    )
    path.write_text("text,x\na,1\nb,2\n")
    with pytest.raises(InputError, match=r"the target column 'label'"):
        read_rows(path, columns, target_optional=False)


def test_labels_of_a_cell_are_sorted_and_each_once(tmp_path: Path) -> None:
    cells = ["war | drama", "drama|drama", " big \t city||war ", "|", "", "drama"] + ["war|drama"] * 9
    content = "text,tags\n" + "".join(f"text {i},{cell}\n" for i, cell in enumerate(cells))
    checked = table(
        tmp_path, content, text=("text",), target=("tags",), task="multilabel", delimiter=",", max_bad_rows=0.5
    )
    assert checked.rows["tags"].tolist()[:4] == ["drama|war", "drama", "big city|war", "drama"]
    assert [(bad.line, bad.reason) for bad in checked.bad_rows] == [
        (5, "the target is empty"),
        (6, "the target is empty"),
    ]
    assert describe(checked).split("\n")[3].endswith("drama|war (3 labels)")


def test_targets_that_are_no_numbers_are_bad_rows(tmp_path: Path) -> None:
    rows = "".join(f"text {i}, {i * 0.5} ,{1000 - i}\n" for i in range(40))
    content = f"text,width,height\n{rows}one,wide,1\ntwo,1,NA\nthree,,tall\n"
    checked = table(tmp_path, content, text=("text",), target=("width", "height"), max_bad_rows=0.1)
    assert [(bad.line, bad.column, bad.reason) for bad in checked.bad_rows] == [
        (42, "width", "expected a number, received 'wide'"),
        (43, "height", "the target is empty"),
        (44, "width", "the target is empty"),
    ]
    assert checked.rows["width"].tolist() == [str(i * 0.5) for i in range(40)]
    assert describe(checked).split("\n")[3:5] == [
        "  width   number  target  given  100%    98%   0.0 (numbers from 0.0 to 19.5)",
        "  height  number  target  given  100%    98%   1000 (numbers from 961 to 1000)",
    ]
    # To predict, the truth need not be known.
    path = tmp_path / "new.csv"
    path.write_text("text,height\na,5\nb,\nc,tall\n")
    new = read_rows(path, checked.columns)
    assert [column.name for column in new.targets] == ["height"]
    assert (new.rows["height"].tolist(), new.bad_rows) == (["5", "", ""], ())
    path.write_text("text\na\nb\n")
    assert (read_rows(path, checked.columns).targets, read_rows(path, checked.columns).task) == ((), "")
    path.write_text("text,width\na,1\n")
    with pytest.raises(InputError, match=r"the target column 'height' is not in the file"):
        read_rows(path, checked.columns, target_optional=False)


def test_labels_that_do_not_repeat_are_refused(tmp_path: Path) -> None:
    content = "text,tags\n" + "".join(f"text {i},tag {i}|tag of {i}\n" for i in range(40))
    with pytest.raises(InputError, match=r"'tags' has 80 different labels in 40 rows, .*; expected labels that repeat"):
        table(tmp_path, content, text=("text",), task="multilabel", delimiter=",")


def test_numbers_that_do_not_repeat_are_no_classes(tmp_path: Path) -> None:
    content = "text,y\n" + "".join(f"text {i},{i}.5\n" for i in range(40))
    with pytest.raises(InputError, match=r"40 different values .* or, for numbers, give --task regress"):
        table(tmp_path, content, text=("text",), task="classify")


def test_write_bad_rows_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = columns_of(tmp_path)
    (tmp_path / "bad_rows.csv").write_text("before")
    monkeypatch.setattr(csv, "writer", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_bad_rows(checked, tmp_path / "bad_rows.csv")
    assert (tmp_path / "bad_rows.csv").read_text() == "before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "bad_rows.csv"]


# Everything that can stand in a cell; what cannot be encoded (a lone surrogate) is never read.
_CELL = st.text(
    st.one_of(st.sampled_from(list("\r\n\",\0 'a\t\x1c\x85\u2028\ufeff")), st.characters(exclude_categories=["Cs"])),
    max_size=6,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(_CELL, _CELL, _CELL), max_size=6))
@example(rows=[("a\rb", "\r", "\r\n"), ('"\r"', "\n", "\0\r")])
def test_every_cell_comes_back_from_what_was_written(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    header = ("a", "b", "c")
    write_csv(tmp_path / "a.csv", [header, *rows])
    # as exporting.py, benchmarks and any user read
    frame = pd.read_csv(tmp_path / "a.csv", dtype=str, keep_default_na=False)
    assert [tuple(row) for row in frame.to_numpy()] == rows
    # as report/files.py reads
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [dict(zip(header, row, strict=True)) for row in rows]


def test_written_rows_end_with_lf_and_have_no_needless_quotes(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [("a", "b"), (1, "x y"), ("a\rb", "c,d")])
    assert (tmp_path / "a.csv").read_bytes() == b'a,b\n1,x y\n"a\rb","c,d"\n'


def test_import_is_light() -> None:
    code = "import sys, mmkeras.data.table; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["tensorflow", "keras", "sklearn", "charset_normalizer", "scipy"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
