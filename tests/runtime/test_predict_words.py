"""The words of `mmkeras predict`: files, standard input, texts; what is written, and what is kept of the input."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import small_runs
from small_runs import Done

from mmkeras.data.files.reading import read_source
from mmkeras.data.files.ways_to_write import way_to_write
from mmkeras.data.kept_columns import distinct_names, kind_of, unquoted_value
from mmkeras.errors import InputError
from mmkeras.runtime.given import looks_like_a_path, path_given

TEXT = {"name": "text", "column": "text", "kind": "text", "dtype": "uint8", "shape": [None], "max_bytes": 64}
NOTE = {**TEXT, "name": "note", "column": "note"}
SIZE = {"name": "size", "column": "size", "kind": "number", "dtype": "float32", "shape": [None, 1]}
PRESENCE = [
    {"name": f"{of}_present", "of": of, "kind": "presence", "dtype": "float32", "shape": [None, 1]}
    for of in ("text", "note", "size")
]
CLASSES = {"task": "classify", "names": ["label"], "labels": ["=a", "line", "b"], "mean": [], "deviation": []}
LABELS = {**CLASSES, "task": "multilabel", "names": ["tags"], "labels": ["a", "b", "c"]}
NUMBERS = {"task": "regress", "names": ["width", "height"], "labels": [], "mean": [0, 0], "deviation": [1, 1]}


class Runner:
    """A model of made-up answers: those of the row's text length."""

    def __init__(self, inputs: list[dict[str, Any]], targets: dict[str, Any]) -> None:
        self.signature = {"graph": "predict", "inputs": inputs, "outputs": [{"name": "p"}], "targets": targets}
        self.signature["labels"] = targets["labels"]

    def __call__(self, arrays: dict[str, np.ndarray], outputs: list[str]) -> dict[str, np.ndarray]:
        lengths = (next(iter(arrays.values())) > 0).sum(-1)
        answers = np.eye(3, dtype="float32")[lengths % 3] * 0.5 + np.float32([0.1, 0.15, 0.25])
        return {"p": answers if self.signature["labels"] else answers[:, :2] * 10}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    model(monkeypatch, [TEXT], CLASSES)
    Path("t.csv").write_text('text,prediction,id\n"a\nb",x,007\nab,=y,2\n')
    return tmp_path


def model(monkeypatch: pytest.MonkeyPatch, inputs: list[dict[str, Any]], targets: dict[str, Any]) -> None:
    monkeypatch.setattr("mmkeras.tasks.opening.open_model", lambda *_, **__: Runner(inputs, targets))


def predict(*words: str, code: int = 0, piped: bytes | None = None) -> Done:
    done = small_runs.main("predict", "m", *words, piped=piped)
    assert done.code == code, done.err
    return done


def test_texts_are_answered_in_a_line_each(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = predict("one text", "four")
    assert (done.lines, done.err) == (
        ["b  0.7500  (line 0.1500, =a 0.1000)", "line  0.6500  (b 0.2500, =a 0.1000)"],
        "",
    )
    assert not Path("predictions.csv").exists()
    assert predict("a", "--output-format", "jsonl").lines == ['{"line": 1, "prediction": "line", "probability": 0.65}']
    assert predict("a", "--output", "p.csv", "--keep-columns").lines == ["1 predictions: p.csv"]
    assert Path("p.csv").read_text() == "line,text,prediction,probability\n1,a,line,0.650000\n"
    assert "Text 2 is empty" in predict("a", " ", code=2).err
    model(monkeypatch, [TEXT], LABELS)
    assert predict("a").lines == ["b  0.6500  (c 0.2500, a 0.1000)"]
    model(monkeypatch, [TEXT], NUMBERS)
    assert predict("a").lines == ["width 1  height 6.5"]


def test_texts_of_several_columns(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model(monkeypatch, [SIZE, TEXT, NOTE], CLASSES)
    assert "'note' is not given. Give --input" in predict("a", "--input", "size=3", code=2).err
    assert predict("a", "--input", "size=3", "--input", "note=x").lines[0].startswith("line  0.65")
    assert "such as" not in predict("a", "--input", "size=3", "note=x").out
    assert "expected a number" in predict("a", "--input", "size=big", "note=x", code=2).err
    assert (
        "--input sice=3: expected column=value; columns: size, text, note" in predict("--input", "sice=3", code=2).err
    )
    model(monkeypatch, [SIZE, TEXT, NOTE, *PRESENCE], CLASSES)
    assert predict("a").err == "'size', 'note' count as missing (--input column=value)\n"
    model(monkeypatch, [SIZE], CLASSES)
    assert "rows: there is no such file. There is no text column left" in predict("rows", code=2).err


@pytest.mark.parametrize("word", ["no.csv", "no.JSONL.gz", "data/no", "a\\b", "no.zip"])
def test_what_looks_like_a_path_must_be_there(word: str, place: Path) -> None:
    assert looks_like_a_path(word)
    assert f"{word}: there is no such file" in predict(word, code=2).err


def test_which_words_are_a_file(place: Path) -> None:
    for text in ("a text", "either/or it is", "x" * 5000, "a\0b", "3.5", "etc.", ""):
        assert path_given([text], []) is None
    assert (path_given([], []), path_given(["-"], []), path_given(["t.csv"], [])) == ("-", "-", "t.csv")
    assert path_given([], ["a=1"]) is None
    for words, pairs in ((["t.csv", "a text"], []), (["-", "a"], []), (["t.csv"], ["a=1"]), (["-"], ["a=1"])):
        with pytest.raises(InputError, match="one file|leave out --input"):
            path_given(words, pairs)
    assert "Did you mean t.csv?" in predict("t.cvs.csv", code=2).err


def test_standard_input(place: Path) -> None:
    packed = gzip.compress(Path("t.csv").read_bytes())
    for words in (["-"], [], ["--csv", "-"]):
        done = predict(*words, piped=packed)
        assert done.lines == ["line,prediction,probability", "2,'=a,0.600000", "4,b,0.750000"]
        assert done.err.splitlines()[-1] == "2 predictions: standard output"
    done = predict("-", "--output", "p.csv", piped=b'{"text": "ab"}\n{"text"\n{"text": "a"}\n')
    assert [row["line"] for row in small_runs.read_csv(Path("p.csv"))] == ["1", "2", "3"]
    assert "standard input, line 2: expected a JSON object, received no JSON; answered as if empty" in done.out
    assert "predict m your.csv, or a text in quotes" in predict(code=2).err
    assert "standard input: expected a header and rows" in predict("-", code=2).err


def test_kept_columns_are_as_they_stand_in_the_file(place: Path) -> None:
    done = predict("t.csv", "--keep-columns", "--probabilities")
    assert done.lines[0].endswith("the file's are kept: 'prediction' as 'prediction (input)'")
    with Path("predictions.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["line", "text", "prediction (input)", "id", "prediction", "probability", "'=a", "line (class)", "b"],
        ["2", "a\nb", "x", "007", "'=a", "0.600000", "0.600000", "0.150000", "0.250000"],
        ["4", "ab", "'=y", "2", "b", "0.750000", "0.100000", "0.150000", "0.750000"],
    ]
    assert distinct_names(["a", "line", "line (input)"], ["line"]) == {
        "a": "a",
        "line": "line (input) (input)",
        "line (input)": "line (input)",
    }


def test_json_keeps_numbers_and_has_the_classes_in_an_object(place: Path) -> None:
    given = [{"id": 7, "text": "a", "x": 1.5, "ok": True, "s": "3"}, {"text": "ab", "x": None, "s": "t"}]
    Path("t.jsonl").write_text("\n".join(map(json.dumps, given)))
    expected = [
        {"line": 1, "id": 7, "text": "a", "x": 1.5, "ok": True, "s": "3", "prediction": "line", "probability": 0.65},
        {"line": 2, "id": None, "text": "ab", "x": None, "ok": None, "s": "t", "prediction": "b", "probability": 0.75},
    ]
    predict("t.jsonl", "--keep-columns", "--output", "p.jsonl", "--probabilities")
    rows = [json.loads(line) for line in Path("p.jsonl").read_text().splitlines()]
    assert [row.pop("probabilities") for row in rows] == [
        {"=a": 0.1, "line": 0.65, "b": 0.25},
        {"=a": 0.1, "line": 0.15, "b": 0.75},
    ]
    assert rows == expected
    predict("t.jsonl", "--keep-columns", "--output", "p.json")
    assert json.loads(Path("p.json").read_text()) == expected
    predict("t.jsonl", "--keep-columns", "--output", "p.parquet")
    frame = pd.read_parquet("p.parquet")
    assert [*frame.dtypes.astype(str)[["line", "id", "x", "probability"]]] == ["int64", "float64", "float64", "float64"]
    assert frame["ok"].tolist() == [True, None]
    assert frame["s"].tolist() == ["3", "t"]


def test_cells_without_quotes() -> None:
    assert [unquoted_value(cell) for cell in ("", "True", "12", "-1.5", "1e3")] == [None, True, 12, -1.5, 1000.0]
    assert [unquoted_value(cell) for cell in ("NaN", "1e999", "word")] == ["NaN", "1e999", "word"]
    kinds = {"int": ["1", ""], "float": ["1", "2.5"], "bool": ["True", "False"], "": ["1", "True"]}
    assert [kind_of(cells) for cells in kinds.values()] == list(kinds)
    assert (kind_of([""]), kind_of([str(2**70)])) == ("", "")


def test_labels_are_lists_in_json(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model(monkeypatch, [TEXT], LABELS)
    predict("t.csv", "--output", "p.jsonl")
    assert [json.loads(line)["prediction"] for line in Path("p.jsonl").read_text().splitlines()] == [["a"], ["c"]]
    predict("t.csv", "--output", "p.parquet")
    assert [list(labels) for labels in pd.read_parquet("p.parquet")["prediction"]] == [["a"], ["c"]]


PACKED = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".xz": lzma.decompress,
    ".zst": lambda raw: pa.input_stream(pa.BufferReader(raw), compression="zstd").read(),
    ".zip": lambda raw: zipfile.ZipFile(io.BytesIO(raw)).read("p.csv"),
}


@pytest.mark.parametrize("packing", PACKED)
def test_packed_predictions(packing: str, place: Path) -> None:
    predict("t.csv")
    predict("t.csv", "--output", f"p.csv{packing}")
    assert PACKED[packing](Path(f"p.csv{packing}").read_bytes()) == Path("predictions.csv").read_bytes()
    assert len(read_source(f"p.csv{packing}").rows) == 2
    assert sorted(p.name for p in place.iterdir()) == [f"p.csv{packing}", "predictions.csv", "t.csv"]


def test_an_archive_holds_a_table_by_its_name(place: Path) -> None:
    predict("t.csv", "--output", "p.zip", "--output-format", "jsonl")
    assert zipfile.ZipFile("p.zip").namelist() == ["p.jsonl"]


def test_workbooks_are_not_written(place: Path) -> None:
    done = predict("t.csv", "--output", "p.xlsx", code=2)
    assert (done.code, done.err) == (
        2,
        "error: p.xlsx: Excel workbooks are not written. Name a .csv file, which Excel opens.\n",
    )


def test_how_a_file_is_written() -> None:
    assert [way_to_write(name).kind for name in ("a.tsv", "A.NDJSON.gz", "-", "a.pq")] == [
        "tsv",
        "jsonl",
        "csv",
        "parquet",
    ]
    assert way_to_write("-", "json").kind == way_to_write("a.txt", "json").kind == "json"
    assert way_to_write("a.txt").note == "a.txt: written as CSV, since its name tells nothing else (--output-format)"
    for name, kind in (("a.csv", "jsonl"), ("a.parquet.gz", None), ("a.csv", "xml")):
        with pytest.raises(InputError):
            way_to_write(name, kind)


def test_tab_separated(place: Path) -> None:
    predict("t.csv", "--keep-columns", "--output", "p.tsv")
    assert Path("p.tsv").read_text().splitlines()[0] == "line\ttext\tprediction (input)\tid\tprediction\tprobability"
    assert [len(row) for row in csv.reader(io.StringIO(Path("p.tsv").read_text()), delimiter="\t")] == [6, 6, 6]
