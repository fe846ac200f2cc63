"""`mmkeras predict`: what it reads, what it writes, and what it says when it cannot."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
import time
from pathlib import Path

import pandas as pd
import pytest
import small_runs
from sklearn.metrics import accuracy_score, f1_score
from small_runs import COLUMNS, LABELS, TARGET, SmallRun

pytestmark = pytest.mark.slow
Rows = list[dict[str, str]]


@pytest.fixture
def model(run: SmallRun) -> Path:
    return run.exported / "predict.tflite"


def predict(model: Path, path: Path, *flags: str) -> tuple[small_runs.Done, Rows]:
    """Answer a file; the predictions stand beside it. Their lines, which differ by the kind of file, are left out."""
    output = path.parent / "p.csv"
    done = small_runs.main("predict", model, path, "--output", output, *flags)
    answers = small_runs.read_csv(output) if done.code == 0 else []
    lines = [int(row.pop("line")) for row in answers]
    assert lines == sorted({*lines})
    return done, answers


@pytest.fixture
def answers(model: Path, tmp_path: Path) -> Rows:
    """The answers to `rows()`, which the tests below ask for in other ways."""
    (tmp_path / "plain").mkdir()
    done, answers = predict(model, small_runs.write_rows(tmp_path / "plain/rows.csv", rows()))
    assert done.code == 0, done.err
    assert len(answers) == 40
    assert len({row["probability"] for row in answers}) > 20
    return answers


def rows() -> Rows:
    return small_runs.news_rows(40, seed=5)


def test_two_columns_or_one_a_class(model: Path, answers: Rows, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", rows())
    assert list(answers[0]) == ["prediction", "probability"]
    done, wide = predict(model, path, "--probabilities")
    assert list(wide[0]) == ["prediction", "probability", *LABELS]
    assert [{key: row[key] for key in ("prediction", "probability")} for row in wide] == answers
    for row in wide:
        assert sum(float(row[label]) for label in LABELS) == pytest.approx(1, abs=1e-5)
        assert row[row["prediction"]] == row["probability"] == max(row[label] for label in LABELS)
    assert done.lines[-1] == f"40 predictions: {tmp_path / 'p.csv'}"


def test_figures_are_printed_when_the_truth_is_there(model: Path, answers: Rows, tmp_path: Path) -> None:
    done, _ = predict(model, small_runs.write_rows(tmp_path / "rows.csv", rows()))
    truth, predicted = [row[TARGET] for row in rows()], [row["prediction"] for row in answers]
    accuracy, macro = accuracy_score(truth, predicted), f1_score(truth, predicted, average="macro")
    assert f"accuracy {accuracy:.4f}  macro-F1 {macro:.4f}  rows 40" in done.lines
    for label in LABELS:
        (line,) = [line for line in done.lines if line.startswith(label)]
        assert line.split()[-1] == str(truth.count(label))


def test_without_the_target_nothing_is_said_of_accuracy(model: Path, answers: Rows, tmp_path: Path) -> None:
    inputs = [{key: row[key] for key in COLUMNS} for row in rows()]
    done, predicted = predict(model, small_runs.write_rows(tmp_path / "rows.csv", inputs))
    assert predicted == answers
    assert done.out == f"40 predictions: {tmp_path / 'p.csv'}\n"


def test_labels_the_model_does_not_know_are_left_out_of_the_figures(model: Path, tmp_path: Path) -> None:
    table = rows()
    table[0][TARGET], table[1][TARGET] = "weather", ""
    done, predicted = predict(model, small_runs.write_rows(tmp_path / "rows.csv", table))
    assert len(predicted) == 40
    assert f"2 rows have a {TARGET} that the model does not know" in done.out
    assert done.lines[-2].endswith("rows 38")


def test_labels_no_model_knows_give_no_figures(model: Path, tmp_path: Path) -> None:
    table = [{**row, TARGET: "weather"} for row in rows()]
    done, predicted = predict(model, small_runs.write_rows(tmp_path / "rows.csv", table))
    assert (done.code, len(predicted)) == (0, 40)
    assert "accuracy" not in done.out


def test_other_columns_in_another_order(model: Path, answers: Rows, tmp_path: Path) -> None:
    table = [{"extra": "x", COLUMNS[1]: row[COLUMNS[1]], "more": "", COLUMNS[0]: row[COLUMNS[0]]} for row in rows()]
    assert predict(model, small_runs.write_rows(tmp_path / "rows.csv", table))[1] == answers


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_other_encodings(encoding: str, model: Path, answers: Rows, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", rows(), encoding)
    assert predict(model, path, "--encoding", encoding)[1] == answers


def test_other_containers(model: Path, answers: Rows, tmp_path: Path) -> None:
    table = rows()
    plain = small_runs.write_rows(tmp_path / "rows.csv", table).read_bytes()
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(plain))
    assert predict(model, tmp_path / "packed.csv.gz")[1] == answers
    pd.DataFrame(table).to_parquet(tmp_path / "rows.parquet")
    assert predict(model, tmp_path / "rows.parquet", "--overwrite")[1] == answers
    frame = pd.DataFrame(table)
    frame.to_csv(tmp_path / "rows.tsv", sep="\t", index=False)
    assert predict(model, tmp_path / "rows.tsv", "--delimiter", "\t", "--overwrite")[1] == answers


def test_an_exported_folder_is_enough(run: SmallRun, answers: Rows, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", rows())
    done, predicted = predict(run.exported, path)
    assert [row["prediction"] for row in predicted] == [row["prediction"] for row in answers]
    measured = {name: result["latency_ms_p50"] for name, result in small_runs.proof(run.exported)["artefacts"].items()}
    fastest = min(measured, key=measured.__getitem__)
    assert done.lines[0].startswith(f"answered by {run.exported / fastest}: the fastest of 3 by verify.json")
    done, predicted = predict(run.exported, path, "--format", "onnx", "--overwrite")
    assert done.lines[0] == f"answered by {run.exported / 'predict.onnx'}"
    assert [row["prediction"] for row in predicted] == [row["prediction"] for row in answers]
    done = small_runs.main("predict", run.exported, "tea", "--input", f"{COLUMNS[1]}=rice soup tea")
    assert done.lines[0].startswith("food, drink  0."), done.err
    assert done.err.startswith("answered by ")
    assert "--format onnx: " in predict(run.exported / "predict.onnx", path, "--format", "onnx", "--overwrite")[0].err


def test_an_unreadable_row_is_answered_as_empty_and_named(model: Path, tmp_path: Path) -> None:
    """A row out for each row in: whoever joins the two must not be off by one."""
    table = rows()[:3]
    path = small_runs.write_rows(
        tmp_path / "rows.csv", [*table, {**table[0], COLUMNS[0]: "", COLUMNS[1]: ""}, table[1]]
    )
    lines = path.read_text(encoding="utf-8").rstrip("\n")
    path.write_text(f"{lines}\nlonely\n", encoding="utf-8")
    done, predicted = predict(model, path)
    assert len(predicted) == 6
    assert predicted[5] == predicted[3], "what cannot be read is answered like what is empty"
    assert predicted[4] == predicted[1]
    assert re.search(r"rows\.csv, line \d+: .*received 1.*; answered as if empty", done.out)


def test_a_single_row(model: Path, answers: Rows, tmp_path: Path) -> None:
    done, predicted = predict(model, small_runs.write_rows(tmp_path / "rows.csv", rows()[:1]))
    assert predicted[0]["prediction"] == answers[0]["prediction"]
    assert float(predicted[0]["probability"]) == pytest.approx(float(answers[0]["probability"]), abs=1.5e-6)


def test_texts_longer_than_the_limit_are_cut(model: Path, tmp_path: Path) -> None:
    """At a character's end, wherever the 96th byte falls: what is behind it does not count."""
    table = rows()[:4]
    start = "手机 phone " * 8
    assert len(start.encode()) > 96
    for k, tail in enumerate(["", "goal " * 50, "米饭" * 500, "x"]):
        table[k] = {**table[0], COLUMNS[1]: start + tail}
    _, predicted = predict(model, small_runs.write_rows(tmp_path / "rows.csv", table))
    assert all(row == predicted[0] for row in predicted)


def test_a_missing_column_is_named_with_the_nearest(model: Path, tmp_path: Path) -> None:
    table = [{"News texts": row[COLUMNS[1]], COLUMNS[0]: row[COLUMNS[0]]} for row in rows()]
    done, _ = predict(model, small_runs.write_rows(tmp_path / "rows.csv", table))
    assert done.code == 2
    assert done.err.startswith("error: ")
    for piece in ("rows.csv", f"'{COLUMNS[1]}'", "Did you mean 'News texts'?"):
        assert piece in done.err
    assert not (tmp_path / "p.csv").exists()


REFUSED = {
    "absent": (None, "no such file"),
    "empty": (b"", "is empty"),
    "header only": (f"{COLUMNS[0]},{COLUMNS[1]}\n".encode(), "no rows"),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(300), "a PNG image"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_cannot_be_answered(name: str, model: Path, tmp_path: Path) -> None:
    content, expected = REFUSED[name]
    if content is not None:
        (tmp_path / "rows.csv").write_bytes(content)
    before = sorted(p.name for p in tmp_path.iterdir())
    done, _ = predict(model, tmp_path / "rows.csv")
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert "rows.csv" in done.err
    assert expected in done.err
    assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize("artefact", ["predict.tflite", "predict.onnx"])
def test_a_damaged_artefact_is_a_sentence(artefact: str, run: SmallRun, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", rows())
    content = (run.exported / artefact).read_bytes()
    (tmp_path / artefact).write_bytes(content[: len(content) // 2])
    done, _ = predict(tmp_path / artefact, path)
    assert done.code == 2
    assert done.err.startswith(f"error: {tmp_path / artefact}: this artefact cannot be opened")
    assert done.err.count("\n") == 1
    assert not (tmp_path / "p.csv").exists()


def test_a_damaged_saved_model_is_a_sentence(run: SmallRun, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", rows())
    (tmp_path / "1").mkdir()
    (tmp_path / "1/saved_model.pb").write_bytes(b"not a graph")
    done, _ = predict(tmp_path / "1", path)
    assert done.code == 2
    assert done.err.startswith(f"error: {tmp_path / '1'}")
    assert not (tmp_path / "p.csv").exists()


def test_a_rejected_artefact_can_be_looked_into(run: SmallRun, answers: Rows, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", rows())
    rejected = tmp_path / "predict.onnx.rejected"
    rejected.write_bytes((run.exported / "predict.onnx").read_bytes())
    assert [row["prediction"] for row in predict(rejected, path)[1]] == [row["prediction"] for row in answers]


@pytest.mark.parametrize("gone", ["model.keras", "state/news_text.npz", "environment.json"])
def test_a_damaged_run_is_a_sentence(gone: str, run: SmallRun, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", rows())
    shutil.copytree(run.folder, tmp_path / "r")
    for content in (None, b"PK\x03\x04 half"):
        (tmp_path / "r" / gone).unlink()
        if content:
            (tmp_path / "r" / gone).write_bytes(content)
        else:
            (tmp_path / "r" / gone).touch()
        done, _ = predict(tmp_path / "r", path)
        assert done.code == 2
        assert done.err.startswith("error: ")
        assert gone in done.err
        assert not (tmp_path / "p.csv").exists()


def test_the_output_is_whole_or_absent(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted while it is written, nothing stands under its name, nor beside it."""
    path = small_runs.write_rows(tmp_path / "rows.csv", rows())
    (tmp_path / "p.csv").write_text("mine")

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(csv, "writer", interrupted)
    done = small_runs.main("predict", model, path, "--output", tmp_path / "p.csv", "--overwrite")
    assert done.code == 130
    assert (tmp_path / "p.csv").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.csv", "rows.csv"]


def test_overwrite_replaces_the_predictions(model: Path, answers: Rows, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", rows())
    (tmp_path / "p.csv").write_text("mine")
    assert predict(model, path)[0].code == 2
    assert (tmp_path / "p.csv").read_text() == "mine"
    assert predict(model, path, "--overwrite")[1] == answers


def test_one_document_takes_a_fraction_of_a_second(model: Path, tmp_path: Path) -> None:
    """A whole process: start, load, answer. (A generous bound: TensorFlow alone would take seconds.)"""
    code = (
        "import sys, json, resource; from mmkeras.runtime.runners import open_artefact; import numpy as np\n"
        "runner = open_artefact(sys.argv[1], threads=1)\n"
        "text = np.frombuffer('手机 phone'.encode(), 'uint8')[None]\n"
        "answer = runner({i['name']: text for i in runner.signature['inputs']})\n"
        "print(json.dumps(answer['probabilities'].tolist()))"
    )
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        done = small_runs.process("-c", code, model, cwd=tmp_path)
        seconds.append(time.perf_counter() - began)
        assert sum(json.loads(done.out)[0]) == pytest.approx(1, abs=1e-5)
    assert min(seconds) < 2
