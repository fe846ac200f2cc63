"""Bytes to rows: whatever encoding, delimiter and quoting a file was written with, the same cells come back."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmkeras.data.files.reading import Dialect, Source, read_source
from mmkeras.errors import InputError

CHINESE = ["今天天气很好，适合出门", "这部电影不好看", "中国队昨晚赢了比赛", "股市下跌，基金也跌了"]


def read(folder: Path, content: bytes | str, name: str = "a.csv", **options: str) -> Source:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_source(path, Dialect(**options))


def cells(source: Source) -> list[list[str]]:
    rows: list[list[str]] = source.rows.to_numpy().tolist()
    return rows


def as_csv(rows: list[list[str]], **options: object) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **options).writerows(rows)  # type: ignore[arg-type]
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("codec", "detected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
@pytest.mark.parametrize("count", [2, 4, 40])
def test_encoding_is_detected(tmp_path: Path, codec: str, detected: str, count: int) -> None:
    rows = [[CHINESE[i % 4] * (i // 4 + 1), "好"] for i in range(count)]
    source = read(tmp_path, as_csv([["正文", "标签"], *rows]).encode(codec))
    assert (source.encoding, list(source.rows.columns)) == (detected, ["正文", "标签"])
    assert cells(source) == rows
    assert cells(read_source(tmp_path / "a.csv", Dialect(encoding=source.encoding))) == rows


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("cp1252", "Le gouvernement français a annoncé hier une réforme – “ça va”"),
        ("cp1250", "Wczoraj rząd ogłosił nową ustawę, zażółć gęślą jaźń"),
        ("cp1251", "Правительство объявило о новой реформе"),
        ("big5", "今天天氣很好，這部電影非常好看"),
        ("shift_jis", "今日はいい天気ですね。映画がとても面白かった"),
        ("cp949", "오늘 날씨가 좋네요 영화가 재미있었다"),
    ],
)
def test_other_encodings_are_detected(tmp_path: Path, codec: str, text: str) -> None:
    source = read(tmp_path, as_csv([["text", "label"], [text, "a"], [text, "b"]]).encode(codec))
    assert cells(source) == [[text, "a"], [text, "b"]]


def test_encoding_can_be_given(tmp_path: Path) -> None:
    assert cells(read(tmp_path, "text,label\nnaïve,a\n".encode("latin-1"), encoding="latin-1")) == [["naïve", "a"]]
    assert read(tmp_path, "\ufefftext,label\nb,a\n", encoding="UTF8").encoding == "utf-8-sig"
    assert cells(read(tmp_path, '\ufeff"text",label\nb,a\n', encoding="utf-8")) == [["b", "a"]]


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf16_without_mark_can_be_given(tmp_path: Path, codec: str) -> None:
    assert cells(read(tmp_path, "a,b\n中,文\n".encode(codec), encoding="utf-16")) == [["中", "文"]]


@pytest.mark.parametrize("codec", ["utf-8", "gb18030"])
def test_damaged_bytes_make_a_bad_row(tmp_path: Path, codec: str) -> None:
    lines = [f"{CHINESE[i % 4]}第{i}条,a".encode(codec) for i in range(200)]
    lines[57] = b"x" + lines[57][:5] + b"\xff\xff,a"
    source = read(tmp_path, b"text,label\n" + b"\n".join(lines))
    assert source.encoding == codec
    assert [(bad.line, bad.column) for bad in source.malformed] == [(59, "text")]
    assert codec in source.malformed[0].reason
    assert len(source.rows) == 199
    assert 59 not in source.lines


def test_stray_nul_makes_a_bad_row(tmp_path: Path) -> None:
    source = read(tmp_path, "text,label\n" + "some text,a\n" * 50 + "some\0text,a\n")
    assert [(bad.line, bad.column, bad.reason) for bad in source.malformed] == [
        (52, "text", "the cell holds a NUL character")
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_detected(tmp_path: Path, delimiter: str) -> None:
    rows = [[f'a, b; c|d\te "{i}"', "x;y,z|w", str(i)] for i in range(5)]
    source = read(tmp_path, as_csv([["text", "label", "n"], *rows], delimiter=delimiter))
    assert source.delimiter == delimiter
    assert cells(source) == rows


def test_delimiter_is_detected_beside_unquoted_others(tmp_path: Path) -> None:
    source = read(tmp_path, "text;label\nwell, yes, or no;a\nno;b\nok, fine;a\n")
    assert cells(source) == [["well, yes, or no", "a"], ["no", "b"], ["ok, fine", "a"]]
    source = read(tmp_path, "text,label\tclass\na,b\tc\nd,e\tf\n", name="a.tsv")
    assert cells(source) == [["a,b", "c"], ["d,e", "f"]]


@pytest.mark.parametrize("given_delimiter", ["\t", "\\t", "tab"])
def test_delimiter_can_be_given(tmp_path: Path, given_delimiter: str) -> None:
    assert cells(read(tmp_path, "a,b\tc\n1,2\t3\n", delimiter=given_delimiter)) == [["1,2", "3"]]


def test_one_column_of_plain_lines(tmp_path: Path) -> None:
    assert cells(read(tmp_path, "text\nwell, yes\nno\nwell, perhaps\n")) == [["well, yes"], ["no"], ["well, perhaps"]]


def test_nothing_is_magic(tmp_path: Path) -> None:
    rows = [["NA", "null"], ["NaN", "None"], ["", "1.0"], [" 007 ", "True"], ["1e5", "N/A"]]
    source = read(tmp_path, as_csv([["a", "b"], *rows]))
    assert cells(source) == rows
    assert all(type(cell) is str for row in cells(source) for cell in row)


def test_lines_count_line_breaks_in_cells(tmp_path: Path) -> None:
    source = read(tmp_path, 'text,label\n"one\ntwo\n\nthree",a\n\nfour,b\r\n"five\r\nsix",c\nseven,d')
    assert source.lines.tolist() == [2, 7, 8, 10]
    assert source.lines.dtype == np.int64
    assert cells(source)[0][0] == "one\ntwo\n\nthree"
    assert cells(source)[2][0] == "five\r\nsix"


def test_header_after_blank_lines_and_with_spaces(tmp_path: Path) -> None:
    source = read(tmp_path, "\n  \n text , the\tlabel \na,b\n", delimiter=",")
    assert list(source.rows.columns) == ["text", "the label"]
    assert source.lines.tolist() == [4]


def test_long_cells(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    text = 'a "long" text, and\n' * 20_000
    assert cells(read(tmp_path, as_csv([["text", "label"], [text, "a"], ["b", "b"]]))) == [[text, "a"], ["b", "b"]]
    assert csv.field_size_limit() == before


def test_gzip_is_told_by_its_bytes(tmp_path: Path) -> None:
    assert cells(read(tmp_path, gzip.compress(b"a;b\n1;2\n"), name="a.csv")) == [["1", "2"]]


def test_rows_of_another_width(tmp_path: Path) -> None:
    source = read(tmp_path, 'text,label\nok,a\nno, not,b\n\nalone\n"two\nlines",b\n,,,\nok,b,,\n   \n')
    assert cells(source) == [["ok", "a"], ["two\nlines", "b"], ["", ""], ["ok", "b"]]
    assert source.lines.tolist() == [2, 6, 8, 9]
    assert [(bad.line, bad.reason) for bad in source.malformed] == [
        (3, "expected 2 fields, received 3 (put cells that hold ',' in quotes)"),
        (5, "expected 2 fields, received 1"),
    ]


def test_open_quote_costs_only_its_row(tmp_path: Path) -> None:
    good = "".join(f"text {i},a\n" for i in range(1000))
    source = read(tmp_path, f'text,label\n"first",b\n"open,a\n{good}"multi\nline",b\n"end,b\n')
    assert [bad.line for bad in source.malformed] == [3, 1006]
    assert "quote" in source.malformed[0].reason
    assert len(source.rows) == 1002
    assert source.lines[-1] == 1004
    assert cells(source)[-1] == ["multi\nline", "b"]


def test_undoubled_quote_in_a_cell_of_many_lines(tmp_path: Path) -> None:
    source = read(tmp_path, 'text,label\n"He said "no"\nand left\nthe house",a\nfine,b\n')
    assert [bad.line for bad in source.malformed] == [2, 3, 4]
    assert cells(source) == [["fine", "b"]]


def test_unquoted_tsv_keeps_its_quotes(tmp_path: Path) -> None:
    source = read(tmp_path, 'text\tlabel\n"Yes" he said\t1\nno\t0\n"open\t1\n', name="a.tsv")
    assert cells(source) == [['"Yes" he said', "1"], ["no", "0"], ['"open', "1"]]
    assert source.lines.tolist() == [2, 3, 4]
    assert not source.malformed


def test_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", None, "NA"], "n": [1, 2, 3], "x": [0.5, None, 1e-7], "ok": [True, False, None]})
    frame["label"] = pd.Categorical(["u", "v", "u"])
    frame.to_parquet(tmp_path / "a.parquet")
    source = read_source(tmp_path / "a.parquet")
    assert (source.delimiter, source.lines.tolist()) == ("", [1, 2, 3])
    assert source.rows["text"].tolist() == ["a", "", "NA"]
    assert source.rows["n"].tolist() == ["1", "2", "3"]
    assert [float(x or "nan") for x in source.rows["x"]][::2] == [0.5, 1e-7]
    assert source.rows["x"][1] == ""
    assert source.rows["label"].tolist() == ["u", "v", "u"]
    assert all(type(cell) is str for row in cells(source) for cell in row)


def test_parquet_with_lists_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"text": ["a"], "vector": [[1.0, 2.0]]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(InputError, match=r"column 'vector'.*list"):
        read_source(tmp_path / "a.parquet")


def test_folder_names_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,b\n")
    with pytest.raises(InputError, match=r"folder. It holds train.csv"):
        read_source(tmp_path)


# Everything that is text and that every encoding below can write; line ends other than these would be ambiguous.
_CELL = st.text(
    st.one_of(
        st.sampled_from(list(",;\t|\"'\n\\ a1äß中文字，。😀NA")),
        st.characters(exclude_categories=["Cs", "Cc", "Cn"], exclude_characters="\ufeff"),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(_CELL, min_size=width, max_size=width), min_size=1)),
    delimiter=st.sampled_from(",;\t|"),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_was_written_is_read(
    tmp_path: Path, data: list[list[str]], delimiter: str, codec: str, quoting: int, line_end: str
) -> None:
    header = [f"column {i}" for i in range(len(data[0]))]
    text = as_csv([header, *data], delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    # Encoding and delimiter are given: random characters are no language, and one row proves no delimiter.
    source = read(tmp_path, text.encode(codec), encoding=codec, delimiter=delimiter)
    assert not source.malformed
    assert list(source.rows.columns) == header
    assert cells(source) == data
    # Cutting the text at the line found must lead to the same row again.
    lines = io.StringIO(text, newline="").readlines()
    for line, row in zip(source.lines, data, strict=True):
        assert next(csv.reader(lines[line - 1 :], delimiter=delimiter)) == row


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300).map(lambda tail: b"text,label\nsome text,a\n" + tail))
def test_any_bytes_are_read_or_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    try:
        source = read(tmp_path, content)
    except InputError:
        return
    assert all("\udcff" not in cell for row in cells(source) for cell in row)


def test_a_device_without_an_end_is_not_read() -> None:
    with pytest.raises(InputError, match="/dev/zero: expected a CSV or Parquet file, received a device"):
        read_source("/dev/zero")
