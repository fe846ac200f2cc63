"""JSON lines, JSON arrays and the layouts that pandas writes, fastText's files, and Parquet's lists of labels."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmkeras.data.files.reading import Source, read_source
from mmkeras.errors import InputError

ROWS = [{"text": f'text "{i}", with\nbreaks', "label": "ab"[i % 2], "n": i} for i in range(30)]
CELLS = [[str(cell) for cell in row.values()] for row in ROWS]


def read(folder: Path, content: str | bytes, name: str = "a.json") -> Source:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_source(folder / name)


def check(source: Source, file_format: str) -> None:
    assert source.format == file_format
    assert list(source.rows.columns) == ["text", "label", "n"]
    assert source.rows.to_numpy().tolist() == CELLS
    assert not source.malformed
    assert source.notes == (f"Read as {file_format}: each object is a row.",)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt"])
def test_json_lines(tmp_path: Path, line_end: str, name: str) -> None:
    content = line_end.join(map(json.dumps, ROWS))
    check(read(tmp_path, content, name), "JSON lines")
    check(read(tmp_path, gzip.compress(content.encode()), name), "JSON lines")
    check(read(tmp_path, "\ufeff" + content + line_end, name), "JSON lines")


@pytest.mark.parametrize("indent", [None, 2])
def test_arrays_of_objects(tmp_path: Path, indent: int | None) -> None:
    check(read(tmp_path, json.dumps(ROWS, indent=indent)), "JSON")
    check(read(tmp_path, json.dumps({"version": 1, "data": ROWS}, indent=indent)), "JSON")


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split", "table"])
def test_what_pandas_writes(tmp_path: Path, orient: str) -> None:
    frame = pd.DataFrame(ROWS)
    source = read(tmp_path, frame.to_json(orient=orient))  # type: ignore[call-overload]
    rows = source.rows.drop(columns="index", errors="ignore")
    assert (list(rows.columns), rows.to_numpy().tolist()) == (list(frame.columns), CELLS)


def test_columns_as_arrays(tmp_path: Path) -> None:
    columns = {name: [row[name] for row in ROWS] for name in ROWS[0]}
    check(read(tmp_path, json.dumps(columns)), "JSON")


def test_cells_of_json(tmp_path: Path) -> None:
    lines = [
        {"a": None, "b": True, "c": 1.0, "d": ["x", "y"], "e": {"f": "g", "h": {"i": 1}}, "vector": [1, 0.5]},
        {"a": "NA", "c": 12345678901234567890, "d": [], "late": "z", "vector": []},
    ]
    source = read(tmp_path, "\n".join(map(json.dumps, lines)))
    assert list(source.rows.columns) == ["a", "b", "c", "d", "e.f", "e.h.i", "late"]
    first, second = source.rows.to_numpy().tolist()
    assert first == ["", "True", "1.0", "x|y", "g", "1", ""]
    assert second == ["NA", "", "12345678901234567890", "", "", "", "z"]
    assert "'vector'" in source.notes[1]


def test_one_object_is_one_row(tmp_path: Path) -> None:
    assert read(tmp_path, '{"a": 1, "b": [2, 3]}\n').rows.to_numpy().tolist() == [["1", "2|3"]]


def test_lines_that_are_no_objects_are_told(tmp_path: Path) -> None:
    lines = [json.dumps(row) for row in ROWS]
    lines[3], lines[5], lines[7] = '{"text": "cut', "[1, 2]", '{"text": "\\ud83d", "label": "a"}'
    source = read(tmp_path, "\n".join(lines))
    assert [(bad.line, bad.column) for bad in source.malformed] == [(4, ""), (6, ""), (8, "text")]
    assert source.lines.tolist()[:5] == [1, 2, 3, 5, 7]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('[{"text": "a"}, {"text": ', "no valid JSON"),
        ('{"text": "a",\n "label": }', "no valid JSON"),
        ("[1, 2, 3]", "array of objects"),
        ("[[1, 2], [3, 4]]", "array of objects"),
        ("[" * 100_000, "no valid JSON"),
        ('{"a":' * 100_000, "no valid JSON"),
        ("[]", "array of objects"),
    ],
)
def test_json_without_rows_is_refused(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(tmp_path, content)


def test_a_csv_may_begin_with_a_bracket(tmp_path: Path) -> None:
    source = read(tmp_path, "[id],[name]\n1,[a]\n2,{b}\n3,c\n", "a.csv")
    assert list(source.rows.columns) == ["[id]", "[name]"]
    source = read(tmp_path, "{x},y\n1,2\n3,4\n", "a.csv")
    assert source.rows.to_numpy().tolist() == [["1", "2"], ["3", "4"]]


_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=_VALUE | st.lists(st.dictionaries(st.sampled_from("abc"), _VALUE)), lines=st.integers(1, 3))
def test_any_json_is_read_or_refused_with_a_sentence(tmp_path: Path, value: object, lines: int) -> None:
    try:
        source = read(tmp_path, "\n".join([json.dumps(value)] * lines))
    except InputError:
        return
    assert all(type(cell) is str for row in source.rows.to_numpy() for cell in row)
    source.rows.to_csv(tmp_path / "b.csv")


# fastText


@pytest.mark.parametrize("packed", [False, True])
def test_fasttext(tmp_path: Path, packed: bool) -> None:
    lines = [f'__label__{"ab"[i % 2]}_c a text, "{i}" of 2" size' for i in range(20)] + ["a text without label"]
    content = "\r\n".join(lines).encode()
    source = read(tmp_path, gzip.compress(content) if packed else content, "a.txt")
    assert list(source.rows.columns) == ["text", "label"]
    assert source.rows.to_numpy().tolist()[1] == ['a text, "1" of 2" size', "b_c"]
    assert source.rows.to_numpy().tolist()[20] == ["a text without label", ""]
    assert source.lines.tolist() == list(range(1, 22))
    assert source.format == "fastText"
    assert "fastText" in source.notes[0]


def test_fasttext_with_several_labels(tmp_path: Path) -> None:
    content = "__label__b __label__a some text\n__label__a more\n__label__c  \n" * 5
    source = read(tmp_path, content, "a.txt")
    assert source.rows["label"].tolist()[:3] == ["b|a", "a", "c"]
    assert source.rows["text"].tolist()[:3] == ["some text", "more", ""]
    assert "5 rows have several labels" in source.notes[1]


def test_a_csv_of_such_labels_stays_a_csv(tmp_path: Path) -> None:
    source = read(tmp_path, "label,text\n" + "__label__1,a text\n__label__2,other\n" * 5, "a.csv")
    assert source.delimiter == ","
    assert source.rows["label"].tolist()[:2] == ["__label__1", "__label__2"]


# Parquet


def test_parquet_lists_of_strings_are_labels(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["a", "b", "c"], "tags": [["x", "y"], [], None]}, index=[3, 5, 9])
    frame.to_parquet(tmp_path / "a.parquet")
    source = read_source(tmp_path / "a.parquet")
    assert source.rows.to_numpy().tolist() == [["a", "x|y"], ["b", ""], ["c", ""]]
    assert source.notes == ("The index that pandas wrote is left out.",)
