"""Columns of every kind, CSV -> train -> export -> verify -> predict, as a user does it; numbers, labels; resuming."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_mixtures as mixtures
import small_runs
import soundfile
from PIL import Image
from same_runs import check_same
from small_runs import SmallRun

import mmkeras
from mmkeras.runtime.runners import open_artefact
from mmkeras.verification.samples import load_samples

pytestmark = pytest.mark.slow
FORMATS = small_runs.FORMATS
SUBSETS = 2 ** len(mixtures.INPUTS) - 1


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    """One run of classes, on columns of every kind, exported in the three formats."""
    folder = tmp_path_factory.mktemp("mixture")
    path = mixtures.write(folder)
    with small_runs.working_folder(folder):
        training = small_runs.main("train", path.name, *mixtures.FLAGS, "--target", "label", "--epochs", "2")
        assert training.code == 0, training.err
        exporting = small_runs.main("export", "runs/mix")
        assert exporting.code == 0, exporting.out + exporting.err
    return SmallRun(path, folder / "runs/mix", folder / "exported/mix", training, exporting)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def predict(model: Path, path: Path, output: Path, *flags: str) -> tuple[small_runs.Done, list[dict[str, str]]]:
    done = small_runs.main("predict", model, path, "--output", output, "--overwrite", "--probabilities", *flags)
    assert done.code == 0, done.err
    return done, small_runs.read_csv(output)


def check_alike(one: list[dict[str, str]], other: list[dict[str, str]], atol: float = 2e-5) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        for name, value in a.items():
            try:
                assert abs(float(value) - float(b[name])) <= atol * max(1.0, abs(float(value))), name
            except ValueError:
                assert value == b[name]


# classes, all kinds


def test_what_training_leaves_and_says(run: SmallRun) -> None:
    schema, metrics = read_json(run.folder / "schema.json"), read_json(run.folder / "metrics.json")
    assert [(e["name"], e["kind"]) for e in schema["inputs"]] == list(mixtures.KINDS.items())
    config = read_json(run.folder / "config.json")
    assert (config["task"], config["model"], config["fusion"]) == ("classify", "multimodal", "attention")
    assert metrics["rows"] == {"train": 48, "validation": 12, "bad": 0}
    assert metrics["folded"] is False
    assert {"temperature", "fitted", "applied", "cross_fitted", "before", "after"} <= {*metrics["calibration"]}
    assert len(metrics["missing"]) == SUBSETS
    assert {"present", "rows", "accuracy", "interval", "change_interval"} == set(metrics["missing"][0])
    assert metrics["missing_columns"] == [], "all subsets of five columns are in the matrix"
    assert metrics["missing"][-1]["accuracy"] == metrics["validation"]["accuracy"], "nothing is missing"
    for line in ("photo: 58 images checked", "clip: 58 clips checked", "clips are read up to 0.3 s"):
        assert line in run.training.out
    assert (run.folder / "report.html").stat().st_size > 10_000


def test_every_artefact_is_proven_with_cells_there_and_missing(run: SmallRun) -> None:
    report = read_json(run.exported / "verify.json")
    metrics = read_json(run.folder / "metrics.json")
    assert report["passed"] is True
    assert list(report["artefacts"]) == list(FORMATS)
    samples = load_samples(run.exported / "sample_inputs.npz")
    assert len({row.tobytes() for row in samples.answers.round(6)}) > 6, "answers of their own"
    assert len(samples.subsets) == SUBSETS
    apart = [np.abs(samples.subsets[name] - samples.answers).max() for name in samples.subsets]
    assert apart[-1] < 1e-6
    assert min(apart[:-1]) > 1e-6, "each column counts, so that one mistaken for another is seen"
    for figures in report["artefacts"].values():
        assert figures["passed"] is figures["ids_identical"] is figures["labels_identical"] is True
        assert figures["rows"] == 12
        assert figures["accuracy"] == metrics["validation"]["accuracy"]
        assert figures["ids_identical"]
        assert [m["present"] for m in figures["missing_modalities"]] == list(samples.subsets)
        for part in figures["missing_modalities"]:
            assert part["rows"] == 12
            assert part["labels_identical"]
            assert part["largest_difference"] <= 1e-5
    signatures = {name: list(figures["signatures_checked"]) for name, figures in report["artefacts"].items()}
    assert signatures["savedmodel/1"] == ["serving_default"]
    assert signatures["predict.onnx"] == []
    assert set(signatures["predict.tflite"]) >= {"predict_128", "predict_256"}


@pytest.fixture(scope="module")
def asked(run: SmallRun, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], list[dict[str, str]]]:
    """A model's answers to new rows: no column of clips, two pictures and a price that cannot be read."""
    folder = tmp_path_factory.mktemp("new")
    mixtures.write(folder, 14)
    rows = [
        {name: cell for name, cell in row.items() if name != "clip"} for row in small_runs.read_csv(folder / "mix.csv")
    ]
    (folder / "pictures/2.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    rows[4]["photo"] = "pictures/none.png"
    rows[6]["price"] = "much"
    path = small_runs.write_rows(folder / "new.csv", rows)

    def ask(model: Path) -> list[dict[str, str]]:
        done, answers = predict(model, path, folder / "p.csv")
        assert "there is no column 'clip'; it counts as missing in every row" in done.out
        assert "line 4, photo: pictures/2.png: the image is damaged or cut short" in done.out
        assert "line 6, photo: there is no file" in done.out
        assert "line 8" in done.out
        assert done.out.count("It counts as missing") == 2
        assert len(answers) == 14
        return answers

    return ask


@pytest.fixture(scope="module")
def answers(run: SmallRun, asked: Any) -> list[dict[str, str]]:
    """Those of the trained model."""
    return list(asked(run.folder))


def test_a_run_answers_rows_that_lack_cells(answers: list[dict[str, str]]) -> None:
    assert all(row["prediction"] in mixtures.LABELS for row in answers)
    assert len({row["probability"] for row in answers}) > 6


@pytest.mark.parametrize("name", FORMATS)
def test_every_artefact_answers_them_alike(name: str, run: SmallRun, asked: Any, answers: list[dict[str, str]]) -> None:
    check_alike(asked(run.exported / name), answers)


def test_held_out_rows_through_a_file_get_the_answers_that_training_wrote(run: SmallRun, tmp_path: Path) -> None:
    held_out = run.folder / "validation.csv"
    root = ("--media-root", str(run.csv.parent))
    done, answers = predict(run.exported / "predict.tflite", held_out, tmp_path / "p.csv", *root)
    for row, answer in zip(small_runs.read_csv(held_out), answers, strict=True):
        assert row["mmkeras:prediction"] == answer["prediction"]
        assert float(row["mmkeras:probability"]) == pytest.approx(float(answer["probability"]), abs=1e-5)
    accuracy = read_json(run.folder / "metrics.json")["validation"]["accuracy"]
    assert f"accuracy {accuracy:.4f}" in done.out


@pytest.mark.parametrize("name", FORMATS[1:])
def test_a_picture_and_a_clip_in_memory_get_the_answer_of_their_files(name: str, run: SmallRun) -> None:
    """Exactly: the model is given the same pixels and samples."""
    model, folder = mmkeras.load(run.exported / name), run.csv.parent
    row = {key: small_runs.read_csv(run.csv)[0][key] for key in mixtures.INPUTS}
    expected = model(row, media_root=folder)
    photo, clip = folder / row["photo"], folder / row["clip"]
    with Image.open(photo) as picture:
        pixels = np.asarray(picture)
        for value in (photo, photo.read_bytes(), picture, pixels, pixels / 255):
            assert model({**row, "photo": value}, media_root=folder) == expected
        frame = pd.DataFrame(
            [{**row, "photo": picture, "clip": soundfile.read(clip), "price": float(row["price"])}] * 2
        )
    for value in (clip, clip.read_bytes(), soundfile.read(clip), soundfile.read(clip, dtype="int16")):
        assert model({**row, "clip": value}, media_root=folder) == expected
    assert model({**row, "price": float(row["price"])}, media_root=folder) == expected
    assert model.predict(frame)["probability"].tolist() == pytest.approx([expected.probability] * 2, abs=1e-6)


def test_the_contract_names_what_a_client_must_know(run: SmallRun) -> None:
    signature = read_json(run.exported / "signature.json")["graphs"]["predict"]
    specs = {spec["name"]: spec for spec in signature["inputs"]}
    assert list(specs) == [input_name for name in mixtures.INPUTS for input_name in (name, f"{name}_present")]
    assert specs["clip"]["rate"] == mixtures.RATE
    assert specs["clip"]["shape"] == ["batch", round(mixtures.RATE * specs["clip"]["seconds"])]
    assert specs["photo"]["size"] == 16
    assert set(specs["brand"]["values"]) == {f"{label[0]}-brand {k}" for label in mixtures.LABELS for k in range(3)}
    assert specs["note"]["max_bytes"] == 96
    assert specs["price_present"]["of"] == "price"
    card = (run.exported / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name in specs:
        assert f"`{name}`" in card
    for name in FORMATS:
        assert open_artefact(run.exported / name).signature["inputs"] == signature["inputs"]


def test_a_lost_presence_is_caught(run: SmallRun, tmp_path: Path) -> None:
    """An artefact that takes missing prices for zeros is no proven one."""
    import onnx

    folder = small_runs.copy(run, tmp_path / "e", "predict.onnx")
    model = onnx.load(folder / "predict.onnx")
    for node in model.graph.node:
        node.input[:] = ["always" if name == "price_present" else name for name in node.input]
    ones = onnx.helper.make_node("Div", ["price_present_", "price_present_"], ["always"])
    lifted = onnx.helper.make_node("Add", ["price_present", "a_one"], ["price_present_"])
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((1, 1), "float32"), "a_one"))
    model.graph.node.insert(0, ones)
    model.graph.node.insert(0, lifted)
    onnx.save(model, folder / "predict.onnx")
    done = small_runs.main("verify", folder, "--formats", "onnx")
    assert done.code == 1
    mismatches = small_runs.proof(folder)["artefacts"]["predict.onnx"]["breaches"]
    assert any(b.startswith("with nothing but text: ") for b in mismatches)


# numbers, labels


FEW = ("--text", "note", "--number", "price", *mixtures.SIZES, "--epochs", "2")


def test_two_numbers(run: SmallRun, tmp_path: Path) -> None:
    """Fused by sum; answers in the table's units, and what each column adds to them."""
    with small_runs.working_folder(tmp_path):
        done = small_runs.main(
            "train", run.csv, *FEW, "--fusion", "sum", "--target", "weight", "width", "--output", "r"
        )
        assert done.code == 0, done.err
        exported = small_runs.main("export", "r", "--output", "e", "--formats", "tflite")
        assert exported.code == 0, exported.out + exported.err
    metrics = read_json(tmp_path / "r/metrics.json")
    assert metrics["validation"]["score_name"] == "r2"
    assert "calibration" not in metrics
    assert [c["column"] for c in metrics["contributions"]] == ["note", "price"]
    header = list(small_runs.read_csv(tmp_path / "r/validation.csv")[0])
    assert {"mmkeras:part:note", "mmkeras:part:price"} <= set(header)
    answers = predict(tmp_path / "e/predict.tflite", run.csv, tmp_path / "p.csv")[1]
    assert list(answers[0]) == ["line", "prediction weight", "prediction width"]
    check_alike(answers, predict(tmp_path / "r", run.csv, tmp_path / "q.csv")[1], 1e-4)
    widths = [float(row["prediction width"]) for row in answers]
    assert 40 < np.mean(widths) < 170, "in the units of the table"
    figures = small_runs.proof(tmp_path / "e")["artefacts"]["predict.tflite"]
    assert figures["r2"] == pytest.approx(metrics["validation"]["score"], abs=1e-4)
    assert [m["present"] for m in figures["missing_modalities"]] == ["text", "number", "text+number"]


def test_several_labels(run: SmallRun, tmp_path: Path) -> None:
    """Fused by decision."""
    with small_runs.working_folder(tmp_path):
        done = small_runs.main("train", run.csv, *FEW, "--fusion", "decision", "--target", "tags", "--output", "r")
        assert done.code == 0, done.err
        exported = small_runs.main("export", "r", "--output", "e", "--formats", "onnx")
        assert exported.code == 0, exported.out + exported.err
    metrics = read_json(tmp_path / "r/metrics.json")
    assert metrics["validation"]["score_name"] == "micro_f1"
    assert metrics["calibration"]["applied"] is (metrics["calibration"]["temperature"] != 1.0)
    answers = predict(tmp_path / "e/predict.onnx", run.csv, tmp_path / "p.csv")[1]
    assert list(answers[0]) == ["line", "prediction", "probability", "high", "low", "new"]
    check_alike(answers, predict(tmp_path / "r", run.csv, tmp_path / "q.csv")[1])
    for row in answers:
        predicted = {label for label in row["prediction"].split("|") if label}
        assert predicted == {label for label in ("high", "low", "new") if float(row[label]) > 0.5}
    figures = small_runs.proof(tmp_path / "e")["artefacts"]["predict.onnx"]
    assert figures["micro_f1"] == pytest.approx(metrics["validation"]["score"], abs=1e-4)


# the same weights, however it went


def test_a_killed_training_ends_with_the_weights_of_one_that_was_not(run: SmallRun) -> None:
    """In a separate process, with the features and the random draws of every kind of column."""
    folder = run.csv.parent
    flags = [*mixtures.FLAGS, "--target", "label", "--epochs", "2", "--output", "runs/killed"]
    command = [sys.executable, "-m", "mmkeras.cli.main", "train", "mix.csv", *flags]
    with subprocess.Popen(
        command, cwd=folder, env=small_runs.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith(b"epoch 1/2"):
                break
        deadline = small_runs.Deadline(60)
        while not (folder / "runs/killed/checkpoint.npz").exists() and deadline.is_ahead():
            pass
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert not (folder / "runs/killed/metrics.json").exists()
    with small_runs.working_folder(folder):
        done = small_runs.main("train", "--resume", "--output", "runs/killed")
    assert done.code == 0, done.err
    assert "resuming after 1 of 2 epochs" in done.out
    assert "photo: features of 58 images were made before" in done.out
    check_same(run.folder, folder / "runs/killed")
