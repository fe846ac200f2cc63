"""Broken quotes: no row that nobody wrote, no line that vanishes, no good row lost for a bad one."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmkeras.data.files.csv_records import BROKEN
from mmkeras.data.files.reading import Dialect, Source, read_source

Row = tuple[str, ...]
# Paragraphs of none, one and two commas, with quotes that are paired and doubled in a good file.
PARAGRAPHS = (
    "The minister, who had been asked, said nothing",
    "It rained, he said",
    '"We have won", said the captain',
    "Nobody knows why",
    'They call it "the house", with a comma',
)


def article(i: int) -> Row:
    body = [PARAGRAPHS[(i + k) % 5] for k in range(2 + i % 4)]
    return "\n\n".join([f"Title {i}, with a comma", *body]), "ab"[i % 2]


def headline(i: int) -> Row:
    return f"headline {i} without a comma", "ab"[i % 2]


def undoubled(text: str) -> str:
    """A cell as someone writes it who knows of quotes around it, and not of those inside."""
    return f'"{text}"'


def as_csv(rows: Sequence[Row], quoting: int, broken: dict[int, str], delimiter: str = ",") -> str:
    """Rows under a header; broken: place of a row -> what stands in the file instead of it."""
    header = ("text", "label", "more", "id")[: len(rows[0])]
    parts = []
    for place, row in enumerate([header, *rows], start=-1):
        buffer = io.StringIO(newline="")
        csv.writer(buffer, quoting=quoting, lineterminator="\n", delimiter=delimiter).writerow(row)  # type: ignore[arg-type]
        parts.append(broken.get(place, buffer.getvalue()))
    return "".join(parts)


def read(folder: Path, content: str, **options: str) -> tuple[list[Row], Source]:
    (folder / "a.csv").write_text(content, encoding="utf-8", newline="")
    source = read_source(folder / "a.csv", Dialect(**{"encoding": "utf-8", "delimiter": ",", **options}))
    return [tuple(row) for row in source.rows.to_numpy()], source


def lines_of(content: str, part: str) -> list[int]:
    """The lines, from 1, that a part of the file's text takes and that are not empty."""
    first = content[: content.index(part)].count("\n") + 1
    return [first + k for k, line in enumerate(part.split("\n")) if line.strip()]


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
@pytest.mark.parametrize("place", [0, 1, 30, 58, 59])
@pytest.mark.parametrize("where", [0, 1, -1])
def test_a_broken_article_makes_no_rows_and_takes_none(tmp_path: Path, quoting: int, place: int, where: int) -> None:
    rows = [article(i) for i in range(60)]
    paragraphs = rows[place][0].replace('"', "").split("\n\n")
    paragraphs[where] += ' and says "this" loudly'
    wreck = undoubled("\n\n".join(paragraphs)) + ",a\n"
    content = as_csv(rows, quoting, {place: wreck})
    records, source = read(tmp_path, content)
    assert records == rows[:place] + rows[place + 1 :]
    assert [bad.line for bad in source.malformed] == lines_of(content, wreck)
    first, *others = source.malformed
    assert first.reason == BROKEN
    assert {bad.reason for bad in others} == {
        f"it may be a part of the row of line {first.line}, whose quotes are broken"
    }
    assert {bad.file for bad in source.malformed} == {str(tmp_path / "a.csv")}


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_broken_cell_may_stand_anywhere(tmp_path: Path, delimiter: str) -> None:
    rows = [(str(i), *article(i), f"end {i}") for i in range(30)]
    text = 'Title\nsays "this" loudly\nthe end'
    for place, wreck in (
        (4, delimiter.join(("4", undoubled(text), "a", "end\n"))),
        (4, delimiter.join((undoubled(text), "4", "a", "end\n"))),
        (4, delimiter.join(("4", undoubled('the "first" title'), undoubled(text), "end\n"))),
        (4, delimiter.join(("4", "5", "a", undoubled(text) + "\n"))),
    ):
        content = as_csv(rows, csv.QUOTE_MINIMAL, {place: wreck}, delimiter)
        records, source = read(tmp_path, content, delimiter=delimiter)
        assert records == rows[:place] + rows[place + 1 :]
        assert [bad.line for bad in source.malformed] == lines_of(content, wreck)


def test_broken_articles_one_after_the_other(tmp_path: Path) -> None:
    rows = [article(i) for i in range(60)]
    wrecks = {i: undoubled(f'Title {i}\n\nsays "this" loudly\n\nthe "end", with a comma') + ",a\n" for i in (3, 4, 40)}
    records, source = read(tmp_path, as_csv(rows, csv.QUOTE_ALL, wrecks))
    assert records == [row for i, row in enumerate(rows) if i not in wrecks]
    assert len(source.malformed) == 9


@pytest.mark.parametrize("place", [0, 1, 20, 37])
@pytest.mark.parametrize(
    "wreck", ['"open,a\n', '"He" said no,a\n', '"open,"a"\n', '"no label\n', '"He said "no" loudly",a\n']
)
def test_a_broken_line_costs_no_other_row(tmp_path: Path, place: int, wreck: str) -> None:
    for make, quoting in (
        (headline, csv.QUOTE_MINIMAL),
        (headline, csv.QUOTE_ALL),
        (lambda i: (f"{i}, with commas, two", "a"), csv.QUOTE_MINIMAL),
    ):
        rows = [make(i) for i in range(41)]
        content = as_csv(rows, quoting, {place: wreck})
        records, source = read(tmp_path, content)
        assert records == rows[:place] + rows[place + 1 :]
        assert [bad.line for bad in source.malformed] == lines_of(content, wreck)


def test_an_open_quote_before_articles_costs_its_line_alone(tmp_path: Path) -> None:
    rows = [article(i) for i in range(30)]
    records, source = read(tmp_path, as_csv(rows, csv.QUOTE_ALL, {12: '"open,a\n'}))
    assert records == rows[:12] + rows[13:]
    assert len(source.malformed) == 1


def test_lines_of_another_width_behind_an_open_quote_are_told(tmp_path: Path) -> None:
    rows = [headline(i) for i in range(40)]
    content = as_csv(rows, csv.QUOTE_MINIMAL, {5: '"open,a\n', 16: "alone\n", 17: "a,b,c\n"})
    records, source = read(tmp_path, content)
    assert len(records) == 37
    assert [(bad.line, bad.reason.split(" (")[0]) for bad in source.malformed] == [
        (7, BROKEN),
        (18, "expected 2 fields, received 1"),
        (19, "expected 2 fields, received 3"),
    ]


def test_an_article_that_is_never_closed_takes_the_rest(tmp_path: Path) -> None:
    records, source = read(tmp_path, 'text,label\none,a\n"two, he said\n\n and no more, really\nthe end\n')
    assert records == [("one", "a")]
    assert [bad.line for bad in source.malformed] == [3, 5, 6]


@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
def test_one_column(tmp_path: Path, quoting: int) -> None:
    rows = [("\n".join(PARAGRAPHS[: i % 5]) + f" {i}",) for i in range(60)]
    wreck = undoubled('a line\nsays "this" loudly\nanother line\nthe end') + "\n"
    content = as_csv(rows, quoting, {30: wreck})
    records, source = read(tmp_path, content)
    assert records == rows[:30] + rows[31:]
    assert [bad.line for bad in source.malformed] == lines_of(content, wreck)


def test_an_empty_line_behind_each_row(tmp_path: Path) -> None:
    # what Python writes on Windows into a file opened without newline=""
    rows = [headline(i) for i in range(40)]
    content = as_csv(rows, csv.QUOTE_MINIMAL, {20: '"open,a\n'}).replace("\n", "\r\r\n")
    records, source = read(tmp_path, content)
    assert records == rows[:20] + rows[21:]
    assert len(source.malformed) == 1


_LINE = st.lists(
    st.sampled_from(['"', '"', '""', ",", ",", "a", "b c", 'says "this"', '","', '",a', '"x', " "]), max_size=6
).map("".join)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(_LINE, max_size=30), delimiter=st.sampled_from([",", "\t"]), repeats=st.integers(1, 3))
def test_every_line_is_in_a_row_or_told(tmp_path: Path, lines: list[str], delimiter: str, repeats: int) -> None:
    content = "text,label\none,a\n" + "".join(line + "\n" for line in lines * repeats)
    content = content.replace(",", delimiter)
    _, source = read(tmp_path, content, delimiter=delimiter)
    numbered = content.splitlines(keepends=True)
    reported = {1}
    of_whole_records = [bad.line for bad in source.malformed if bad.reason.startswith("expected")]
    reported.update(bad.line for bad in source.malformed if not bad.reason.startswith("expected"))
    for line in [*source.lines.tolist(), *of_whole_records]:
        assert line not in reported, "told twice"
        spaced = any("Spaces behind" in note for note in source.notes)
        reader = csv.reader(numbered[line - 1 :], delimiter=delimiter, strict=True, skipinitialspace=spaced)
        try:
            next(reader)
            reported.update(range(line, line + reader.line_num))
        except csv.Error:  # a quote that is just a quote, in a tab-separated file
            reported.add(line)
    # A record of nothing but empty quotes holds nothing that could vanish.
    silent = [line for i, line in enumerate(numbered, start=1) if i not in reported and line.strip(' \n"' + delimiter)]
    assert silent == []
