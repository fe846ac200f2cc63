"""CSV files as other programs write them: escapes, spaces, single quotes, titles, comments, no header, odd columns."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmkeras.config.config import Config
from mmkeras.data.files.reading import Dialect, Source, read_source
from mmkeras.data.table import read_table
from mmkeras.errors import InputError

LAMP = ('lamp of 15" with "warm, white" light', "a bulb, too bright", "it hums", 'the "plug" is loose\nand hot')
JEANS = ('jeans of 32" are "too, tight"', "a zipper, broken", "they shrank", "seams came apart\n\nafter a day")


def rows_of(count: int, line_breaks: bool = False) -> list[list[str]]:
    """Rows of a text and a label; the texts hold quotes, commas and line breaks, and all differ."""
    rows = [[f"{(LAMP, JEANS)[i % 2][i // 2 % 4]} no {i}", ("lamp", "pants")[i % 2]] for i in range(count)]
    return rows if line_breaks else [[" ".join(text.split()), label] for text, label in rows]


ROWS = rows_of(60)


def as_csv(rows: Sequence[Sequence[str]], **options: object) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **{"lineterminator": "\n", **options}).writerows(rows)  # type: ignore[arg-type]
    return buffer.getvalue()


def read(folder: Path, content: str, name: str = "a.csv", expected: Sequence[str] = (), **flags: Any) -> Source:
    path = folder / name
    path.write_bytes(content.encode())
    return read_source(path, Dialect(**flags), expected)


def cells(source: Source) -> list[list[str]]:
    rows: list[list[str]] = source.rows.to_numpy().tolist()
    return rows


def check(source: Source, rows: Sequence[Sequence[str]], header: Sequence[str] = ("text", "label")) -> None:
    assert list(source.rows.columns) == list(header)
    assert cells(source) == [list(row) for row in rows]
    assert not source.malformed


HEADER = ["text", "label"]
BOTH = pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])


# escapes


@BOTH
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("count", [4, 60, 3000])
def test_escaped_quotes(tmp_path: Path, quoting: int, delimiter: str, count: int) -> None:
    rows = rows_of(count, line_breaks=True)
    content = as_csv([HEADER, *rows], quoting=quoting, delimiter=delimiter, doublequote=False, escapechar="\\")
    source = read(tmp_path, content)
    check(source, rows)
    assert source.notes == ("Quotes inside cells are escaped with \\ (--escape none: they are not).",)
    assert cells(read(tmp_path, content, escape="\\")) == rows
    other = read(tmp_path, content, escape="none")
    assert other.malformed or cells(other) != rows


def test_escapes_that_begin_far_below(tmp_path: Path) -> None:
    rows = [[f"plain text, number {i}", "ab"[i % 2]] for i in range(2500)]
    rows[2000][0] = 'a "quoted" word'
    rows[2100][0] = 'a screen of 15", new'
    content = as_csv([HEADER, *rows], doublequote=False, escapechar="\\")
    check(read(tmp_path, content), rows)


def test_escapes_leave_other_backslashes(tmp_path: Path) -> None:
    lines = "".join(f'"C:\\new\\{i} \\"quoted, twice\\" and \\\\N",{"ab"[i % 2]}\n' for i in range(20))
    source = read(tmp_path, "text,label\n" + lines)
    check(source, [[f'C:\\new\\{i} "quoted, twice" and \\N', "ab"[i % 2]] for i in range(20)])


def test_escaped_delimiters_without_quotes(tmp_path: Path) -> None:
    rows = [[f"well, {i}, yes", "ab"[i % 2]] for i in range(20)]
    content = as_csv([HEADER, *rows], quoting=csv.QUOTE_NONE, escapechar="\\")
    check(read(tmp_path, content), rows)


def test_another_escape_can_be_given(tmp_path: Path) -> None:
    content = as_csv([HEADER, *ROWS], doublequote=False, escapechar="^")
    check(read(tmp_path, content, escape="^"), ROWS)


# the rest of quoting


def test_spaces_before_quotes(tmp_path: Path) -> None:
    def line(label: str, text: str, quoted: bool) -> str:
        text = text.replace('"', '""')
        return f'{label}, "{text}"\n' if quoted or "," in text or '"' in text else f"{label}, {text}\n"

    for quoted, spaces in itertools.product((True, False), (", ", ",   ")):
        lines = "".join(line(label, text, quoted) for text, label in ROWS)
        source = read(tmp_path, ("label, text\n" + lines).replace(", ", spaces, 1))
        check(source, [[label, text] for text, label in ROWS], ("label", "text"))
        assert source.notes == ("Spaces behind a delimiter are no part of the cells.",)


@BOTH
def test_single_quotes(tmp_path: Path, quoting: int) -> None:
    rows = [[text.replace('"', "'"), label] for text, label in ROWS]
    source = read(tmp_path, as_csv([HEADER, *rows], quoting=quoting, quotechar="'"))
    check(source, rows)
    assert source.notes == ("Cells are enclosed in single quotes, which are no part of them.",)
    escaped = as_csv([HEADER, *rows], quoting=quoting, quotechar="'", doublequote=False, escapechar="\\")
    check(read(tmp_path, escaped), rows)


def test_apostrophes_are_no_quotes(tmp_path: Path) -> None:
    rows = [[f"'tis {i}", "it's"] for i in range(20)] + [["'quoted'", "its'"], ["'a', 'b'", "x"]] * 3
    check(read(tmp_path, as_csv([HEADER, *rows])), rows)


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n"])
def test_line_ends(tmp_path: Path, line_end: str) -> None:
    check(read(tmp_path, as_csv([HEADER, *ROWS], lineterminator=line_end)), ROWS)


def test_mixed_line_ends_and_marks(tmp_path: Path) -> None:
    parts = [as_csv(ROWS[i : i + 20], lineterminator=end) for i, end in ((0, "\n"), (20, "\r\n"), (40, "\r"))]
    check(read(tmp_path, "text,label\r\n" + "".join(parts)), ROWS)
    source = read(tmp_path, "\ufeff" + "\ufeff".join(as_csv([HEADER, *ROWS[i : i + 20]]) for i in (0, 20, 40)))
    check(source, ROWS)
    assert source.notes == ("2 rows that repeat the column names left out.",)


# what stands before the rows


TITLES = (
    "Report of complaints\n",
    "Report of complaints\nExported 2026-01-05 by A. Muster\n\n",
    "Report of complaints\nExported 2026-01-05, by A. Muster\n\n",
    "Complaints, 2026\n",
    "Title,Complaints\nDate,2026-01-05\n\n",
    "\n\nComplaints\n\n\n",
    '"Report, of all complaints"\n',
    "Complaints,\n,\n",
)


@BOTH
@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_title_lines(tmp_path: Path, quoting: int, title: str, delimiter: str) -> None:
    content = title.replace(",", delimiter) + as_csv([HEADER, *ROWS], quoting=quoting, delimiter=delimiter)
    source = read(tmp_path, content)
    check(source, ROWS)
    assert "stand" in source.notes[0]
    assert "--skip-lines 0" in source.notes[0]
    first = content.split("\n").index(as_csv([HEADER], quoting=quoting, delimiter=delimiter).strip())
    assert source.lines[0] == first + 2
    check(read(tmp_path, content, skip_lines=first), ROWS)


def test_a_title_above_numbers(tmp_path: Path) -> None:
    rows = [[f"{i}.5", str(i % 7), "low" if i % 2 else "high"] for i in range(40)]
    content = "Measurements of may\n\n" + as_csv([["pressure", "wind", "power"], *rows], delimiter=";")
    check(read(tmp_path, content), rows, ("pressure", "wind", "power"))


def test_names_that_are_expected_stand_below_a_title(tmp_path: Path) -> None:
    for lines in ("My list\n\ntext\nwell, so\n", "My list\nbody;text;n\na;well, so;1\n"):
        source = read(tmp_path, lines, expected=["text", "label"])
        assert source.rows["text"].tolist() == ["well, so"]


def test_many_lines_can_be_skipped(tmp_path: Path) -> None:
    check(read(tmp_path, "a line; of 2\n" * 3000 + as_csv([HEADER, *ROWS], delimiter=";"), skip_lines=3000), ROWS)


def test_a_long_line(tmp_path: Path) -> None:
    for text in ("word " * 60_000, "# " * 90_000, "a, \"b\" 'c' " * 20_000):
        rows = [[text, "a"], ["short", "b"]]
        check(read(tmp_path, as_csv([HEADER, *rows])), rows)
        check(read(tmp_path, "# a comment\n" + as_csv([HEADER, *rows])), rows)
        source = read(tmp_path, as_csv(rows), delimiter=",", no_header=True)
        assert cells(source) == rows


def test_a_column_of_sentences_has_no_title(tmp_path: Path) -> None:
    for name in ("text", "sentence", "Beschwerde"):
        lines = [f"well, this is number {i}" for i in range(30)]
        source = read(tmp_path, "\n".join([name, *lines]))
        assert (list(source.rows.columns), cells(source)) == ([name], [[line] for line in lines])


@BOTH
@pytest.mark.parametrize(
    "comments", ["# made by tool 1.2\n", "# made by tool, version 1.2\n# on 2026-01-05\n", "#made by tool\n#\n\n"]
)
def test_comments(tmp_path: Path, quoting: int, comments: str) -> None:
    body = as_csv(ROWS, quoting=quoting).splitlines(keepends=True)
    body[20:20] = ["# page 2\n"]
    source = read(tmp_path, comments + as_csv([HEADER], quoting=quoting) + "".join(body))
    check(source, ROWS)
    assert any("begin" in note and "'#'" in note for note in source.notes)
    assert "1 further line of comments left out." in source.notes


def test_comments_can_be_named(tmp_path: Path) -> None:
    rows = [["a line\n% of two", "a"], *ROWS]
    body = as_csv([HEADER, *rows]).splitlines(keepends=True)
    body[5:5] = ["% page 2, checked\n", "% it's \"open\n"]
    source = read(tmp_path, "".join(["% by, tool\n", *body, "%end"]), comment="%")
    check(source, rows)
    assert source.lines.tolist()[:4] == [3, 5, 6, 9]


def test_rows_may_begin_with_the_sign(tmp_path: Path) -> None:
    rows = [[f"#happy day {i}" if i % 3 else f"no tag {i}", "ab"[i % 2]] for i in range(30)]
    for first in ("", "# made by tool\n"):
        check(read(tmp_path, first + as_csv([HEADER, *rows])), rows)
    check(read(tmp_path, as_csv([["#id", "text"], *rows])), rows, ("#id", "text"))
    check(read(tmp_path, as_csv([["#word"], *[row[:1] for row in rows]])), [row[:1] for row in rows], ("#word",))


@pytest.mark.parametrize("sign", [";", ",", "\t", "|"])
def test_the_line_of_excel(tmp_path: Path, sign: str) -> None:
    rows = [[f"{i},5", f"{i % 3},25", "ab"[i % 2]] for i in range(20)]
    for first in (f"sep={sign}\r\n", f'\ufeff"sep={sign}"\r\n', f"SEP={sign}\n"):
        source = read(tmp_path, first + as_csv([["x", "y", "label"], *rows], delimiter=sign))
        check(source, rows, ("x", "y", "label"))
        assert (source.delimiter, source.lines[0]) == (sign, 3)


def test_decimal_commas_are_no_delimiter(tmp_path: Path) -> None:
    rows = [[f"{i},5", f"{i % 7},25", "teuer" if i % 2 else "billig"] for i in range(20)]
    for header in ([], [["x", "y", "label"]]):
        source = read(tmp_path, as_csv([*header, *rows], delimiter=";"))
        assert source.delimiter == ";"
        assert cells(source) == rows


# header or not


PAIRS = [
    [f"You see house {i} now.", f"Du siehst Haus {i} jetzt.", f"CC-BY 2.0 Attribution: ex.org #{i}"] for i in range(40)
]
HEADLESS = {
    "classes and texts": [[str(i % 4 + 1), f"Title {i}", f"a text, of number {i}"] for i in range(40)],
    "labels": [row[::-1] for row in ROWS],
    "numbers": [[f"{i}.1", f"{i % 9}.4", "setosa" if i % 2 else "virginica"] for i in range(40)],
    "pairs with credits": PAIRS,
    "pairs": [row[:2] for row in PAIRS],
    "pairs by length": [["Go.", "Geh."], ["Hi.", "Hallo!"], ["Run!", "Lauf!"], ["Stop!", "Stopp!"], *[r[:2] for r in PAIRS]],
    "pairs without signs": [["the house is red", "das haus ist rot"], ["red is the house", "rot ist das haus"]]
    + [[f"the house {i} is red", f"das haus {i} ist rot"] for i in range(30)],
    "pictures": [[f"images/{i}.jpg", f"a dog runs, number {i}"] for i in range(40)],
    "dates": [[f"2026-01-{i % 28 + 1:02}", f"some text {i}"] for i in range(40)],
    "tweets": [[str(i % 2 * 4), str(1467810369 + i), "Mon Apr 06 22:19:45 PDT 2009", "NO_QUERY", f"@me hello {i}"] for i in range(40)],
    "pixels": [[str(i % 10), *["0"] * 8, str(i)] for i in range(40)],
}  # fmt: skip


@pytest.mark.parametrize("name", HEADLESS)
@pytest.mark.parametrize("packed", [False, True])
def test_no_header(tmp_path: Path, name: str, packed: bool) -> None:
    rows = HEADLESS[name]
    content = as_csv(rows, delimiter="\t", quoting=csv.QUOTE_MINIMAL)
    path = tmp_path / "a.txt"
    path.write_bytes(gzip.compress(content.encode()) if packed else content.encode())
    source = read_source(path)
    columns = [f"column {i + 1}" for i in range(len(rows[0]))]
    check(source, rows, columns)
    assert not source.named
    assert source.lines[0] == 1
    assert source.notes[0].startswith("Line 1 is read as a row")
    assert "--with-header" in source.notes[0]
    forced = read(tmp_path, content, with_header=True) if len(set(rows[0])) == len(rows[0]) else None
    assert forced is None or cells(forced) == rows[1:]


HEADED = {
    "usual names": ["text", "label"],
    "other names": ["complaint", "part"],
    "German names": ["Beschwerde", "Teil"],
    "with spaces": ["customer complaint", "garment part"],
    "questions": ["How satisfied are you with this?", "Which part was it?"],
}


@pytest.mark.parametrize("name", HEADED)
@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_header(tmp_path: Path, name: str, delimiter: str) -> None:
    content = as_csv([HEADED[name], *ROWS], delimiter=delimiter)
    source = read(tmp_path, content)
    check(source, ROWS, HEADED[name])
    assert source.named
    columns = ["column 1", "column 2"]
    check(read(tmp_path, content, no_header=True, delimiter=delimiter), [HEADED[name], *ROWS], columns)


@pytest.mark.parametrize(
    "header",
    [["0", "1", "2"], ["1", "2", "3"], ["place", "2019", "2020"], ["2019", "2020", "2021"], ["a", "b", "c"], ["x1", "x2", "y"]],
)  # fmt: skip
def test_headers_above_numbers(tmp_path: Path, header: list[str]) -> None:
    rows = [[f"place {i}" if header[0] == "place" else f"{i * 37 % 11}", f"{i}.5", str(i % 2)] for i in range(30)]
    check(read(tmp_path, as_csv([header, *rows])), rows, header)


def test_expected_names_decide(tmp_path: Path) -> None:
    rows = [["1", "2"], ["3", "4"], ["5", "6"]]
    content = as_csv(rows)
    check(read(tmp_path, content, expected=["1", "2"]), rows[1:], ["1", "2"])
    source = read(tmp_path, "well\nwell, so\n", delimiter="\t", expected=["column 1"])
    check(source, [["well"], ["well, so"]], ["column 1"])


# columns


def test_columns_without_a_name_that_hold_nothing(tmp_path: Path) -> None:
    for header in (["v1", "v2", "", "", ""], ["v1", "v2", "Unnamed: 2", "Unnamed: 3", "Unnamed: 4"]):
        rows = [[label, text, "", "", ""] for text, label in ROWS]
        source = read(tmp_path, as_csv([header, *rows]))
        check(source, [row[:2] for row in rows], ("v1", "v2"))
        assert source.notes == ("3 columns without a name hold nothing and are left out.",)
        rows[7][2:4] = [" and more", "the end"]
        source = read(tmp_path, as_csv([header, *rows]))
        check(source, [[*row[:1], ",".join(row[1:]).rstrip(",")] for row in rows], ("v1", "v2"))
        assert "In 1 row the text of column 'v2' runs over" in source.notes[0]


def test_a_delimiter_behind_each_row(tmp_path: Path) -> None:
    plain = as_csv([HEADER, *ROWS])
    check(read(tmp_path, plain.replace("\n", ",\n")), ROWS)
    check(read(tmp_path, plain.replace("\n", ",\n").replace("label,\n", "label\n", 1)), ROWS)
    check(read(tmp_path, plain.replace("label\n", "label,,\n", 1)), ROWS)


@pytest.mark.parametrize(
    "numbers", [range(60), range(1, 61), [i * 7 % 61 for i in range(1, 61)], [*range(30), *range(30)]]
)
def test_the_index_of_a_frame(tmp_path: Path, numbers: Sequence[int]) -> None:
    rows = [[str(n), *row] for n, row in zip(numbers, ROWS, strict=True)]
    source = read(tmp_path, as_csv([["", *HEADER], *rows]))
    check(source, ROWS)
    assert "numbers the rows" in source.notes[0]
    if len(set(numbers)) == len(numbers):
        check(read(tmp_path, as_csv([HEADER, *rows])), ROWS)  # R's write.table names no column for it


def test_names_of_rows(tmp_path: Path) -> None:
    rows = [[f"car {i}", *row] for i, row in enumerate(ROWS)]
    source = read(tmp_path, as_csv([HEADER, *rows], quoting=csv.QUOTE_ALL))
    check(source, rows, ("column 1", "text", "label"))
    # An unquoted comma in each text is no name of a row.
    assert len(read(tmp_path, "text,label\n" + "".join(f"well {i}, so,a\n" for i in range(9))).malformed) == 9


def test_copies_of_a_column(tmp_path: Path) -> None:
    rows = [[*row, row[0]] for row in ROWS]
    source = read(tmp_path, as_csv([["text", "label", "text"], *rows]))
    check(source, ROWS)
    assert source.notes == ("Column 3 repeats column 1, 'text', and is left out.",)
    rows[3][2] = "other"
    with pytest.raises(InputError, match="columns 1 and 3 are both named 'text'"):
        read(tmp_path, as_csv([["text", "label", "text"], *rows]))


# sentences


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<!DOCTYPE html><html><body><table><tr><td>1</td></tr></table></body></html>", "HTML"),
        ("<?xml version='1.0'?>\n<rows><row/></rows>\n", "XML"),
        ("@relation iris\n@attribute a numeric\n@data\n1,2\n", "ARFF"),
    ],
)
def test_other_kinds_of_files(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, content)


def test_hints(tmp_path: Path) -> None:
    fixed = "".join(f"{name:<12}{i:>6}  {'ab'[i % 2]}\n" for i, name in enumerate(["name", "lamp", "jeans", "plug"]))
    assert "fixed width" in read(tmp_path, fixed).hint
    spaced = '"text" "label"\n' + "".join(f'"{i}" "some text, {i}" "a"\n' for i in range(20))
    with pytest.raises(InputError, match="apart by spaces. Give --delimiter space"):
        read(tmp_path, spaced)
    check(read(tmp_path, spaced, delimiter="space"), [[f"some text, {i}", "a"] for i in range(20)])
    tagged = "text,label\n" + "some text,a\n% a comment\n" * 9
    assert "--comment '%'" in read(tmp_path, tagged).hint


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"escape": "ab"}, "--escape 'ab': expected one character"),
        ({"escape": '"'}, "--escape"),
        ({"escape": ""}, "--escape"),
        ({"escape": ",", "delimiter": ","}, "also the --delimiter"),
        ({"comment": "//"}, "--comment '//': expected one character"),
        ({"comment": "\\", "escape": "\\"}, "--escape and --comment"),
        ({"skip_lines": -1}, "--skip-lines -1"),
        ({"skip_lines": 500}, "--skip-lines 500"),
        ({"no_header": True, "with_header": True}, "contradict"),
        ({"delimiter": "::"}, "one character"),
    ],
)
def test_flags_that_cannot_be_used(tmp_path: Path, flags: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words.replace("\\", "\\\\")):
        read(tmp_path, as_csv([HEADER, *ROWS]), **flags)


# well-formed files are read as before


_WORD = st.sampled_from(["apple", "pear", "it's", "'x'", "#tag", "C:\\dir\\", '\\"', "say", "15\"", ", ", "\n", "#", "sep=;", "2.5", "''", '" "', ' "a"', "[", "{", "text", "a,b", "\\", "\\,", "<b>", " "])  # fmt: skip
_CELL = st.lists(_WORD, max_size=4).map(" ".join) | st.lists(_WORD, max_size=3).map("".join)


@settings(
    max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.integers(2, 4).flatmap(
        lambda n: st.lists(st.lists(_CELL, min_size=n, max_size=n), min_size=1, max_size=25)
    ),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    names=st.sampled_from(
        [("review", "part", "shop", "place"), ("text", "label", "n", "z"), ("Wert", "Art", "Ort", "Zeit")]
    ),
    repeats=st.integers(1, 3),
)
def test_a_well_formed_file_is_read_as_the_csv_module_does(
    tmp_path: Path, rows: list[list[str]], delimiter: str, quoting: int, names: Sequence[str], repeats: int
) -> None:
    header = list(names[: len(rows[0])])
    content = as_csv([header, *rows * repeats], delimiter=delimiter, quoting=quoting)
    source = read(tmp_path, content, encoding="utf-8", delimiter=delimiter)
    check(source, rows * repeats, header)


def test_texts_that_all_differ_are_no_target(tmp_path: Path) -> None:
    for rows in (HEADLESS["classes and texts"], HEADLESS["labels"], HEADLESS["tweets"]):
        (tmp_path / "a.csv").write_text(as_csv(rows))
        config = Config.of(csv=str(tmp_path / "a.csv"))
        assert [column.name for column in read_table(config.data).targets] == ["column 1"]
    (tmp_path / "a.csv").write_text(as_csv([["v1", "v2", ""], *[[*row[::-1], ""] for row in ROWS]]))
    assert [column.name for column in read_table(config.data).targets] == ["v1"]
    assert [column.name for column in read_table(config.data, "generate").targets] == ["v2"]
    (tmp_path / "a.txt").write_text(as_csv(PAIRS, delimiter="\t"))
    config = Config.of(csv=str(tmp_path / "a.txt"), task="generate")
    assert [column.name for column in read_table(config.data, "generate").targets] == ["column 2"]
