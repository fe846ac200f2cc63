"""The public face: train, export, verify, load from Python, with the answers of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import small_runs
from small_runs import COLUMNS, LABELS, SmallRun

import mmkeras
from mmkeras.config.config import DEFAULTS
from mmkeras.config.tasks import generates_text
from mmkeras.runtime.predictor import Prediction
from mmkeras.tasks import TASKS, load_task
from mmkeras.training.python_flags import config_of

FLAGS = {"epochs": 2, "text": list(COLUMNS), "target": "topic", "min_rows": 1}


def test_public_names_are_there_and_no_others() -> None:
    assert set(mmkeras.__all__) <= set(dir(mmkeras))
    for name in mmkeras.__all__:
        assert getattr(mmkeras, name) is not None
    with pytest.raises(AttributeError, match="public names: Config"):
        mmkeras.fit  # noqa: B018


def test_export_is_the_function_whatever_was_imported() -> None:
    """A room of the same name would take its place once it is imported."""
    import mmkeras.exporting.export

    assert callable(mmkeras.export)
    assert all(callable(getattr(mmkeras, name)) for name in ("train", "verify", "load"))


def test_an_unknown_flag_is_a_sentence() -> None:
    with pytest.raises(mmkeras.InputError, match="Did you mean 'epochs'"):
        mmkeras.train("x.csv", epoch=3)
    with pytest.raises(mmkeras.InputError, match="leave out the table"):
        mmkeras.train("x.csv", config=mmkeras.Config())


@pytest.mark.parametrize("name", [name for name, value in DEFAULTS.items() if isinstance(value, tuple)])
def test_one_string_is_one_column(name: str) -> None:
    assert config_of({name: "photo"}, mmkeras.Config).flat()[name] == ("photo",)
    assert config_of({name: ("a", "b")}, mmkeras.Config).flat()[name] == ("a", "b")


def test_tasks_that_generate_text_are_those_that_answer_with_texts() -> None:
    assert all(generates_text(name) is (load_task(name).ANSWERS == "texts") for name in TASKS)


def row_of(run: SmallRun) -> dict[str, str]:
    """The input cells of the first row."""
    first = small_runs.read_csv(run.csv)[0]
    return {name: first[name] for name in COLUMNS}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["predict.tflite", "predict.onnx", "savedmodel/1", ""])
def test_a_row_a_file_and_the_command_have_one_answer(name: str, run: SmallRun, tmp_path: Path) -> None:
    model = mmkeras.load(run.exported / name)
    frame = model.predict(run.csv)
    done = small_runs.main(
        "predict", run.exported / (name or "predict.tflite"), run.csv, "--output", tmp_path / "p.csv"
    )
    assert done.code == 0, done.err
    rows = small_runs.read_csv(tmp_path / "p.csv")
    assert frame["prediction"].tolist() == [row["prediction"] for row in rows]
    assert frame["probability"].tolist() == pytest.approx([float(row["probability"]) for row in rows], abs=1e-5)
    answer = model(row_of(run))
    assert isinstance(answer, Prediction)
    assert answer.label == rows[0]["prediction"]
    assert set(answer.probabilities) == set(LABELS)
    assert answer.probability == pytest.approx(answer.probabilities[answer.label])
    assert sum(answer.probabilities.values()) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.slow
def test_what_a_row_lacks_is_a_sentence(run: SmallRun) -> None:
    model = mmkeras.load(run.exported / "predict.tflite")
    with pytest.raises(mmkeras.InputError, match="no such column"):
        model({**row_of(run), "colour": "red"})
    with pytest.raises(mmkeras.InputError, match="expected a cell of each column"):
        model({COLUMNS[0]: "a text"})


@pytest.mark.slow
def test_train_export_verify_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(60))
    lines: list[str] = []
    run = mmkeras.train(path, **FLAGS, log=lines.append)
    assert run.folder == Path("runs/n")
    assert len(run.history) == 2
    assert f"accuracy {run.metrics['validation']['accuracy']:.4f}" in lines[-1]
    assert run.report.exists()
    assert [tensor.name for tensor in run.model.inputs] == ["input_0", "news_text"]
    exported = mmkeras.export(run, formats=["tflite"], log=lines.append)
    assert exported.passed
    assert "predict.tflite" in str(exported.verification)
    assert "predict.tflite" in exported.verification._repr_html_()
    assert mmkeras.verify(exported, log=lines.append).passed
    row = dict.fromkeys(COLUMNS, "the match was won")
    by_run, by_file = mmkeras.load(run)(row), mmkeras.load(exported)(row)
    assert by_run.label == by_file.label
    assert by_run.probability == pytest.approx(by_file.probability, abs=1e-5)
    with pytest.raises(mmkeras.InputError, match="it exists already"):
        mmkeras.export(run, formats=["tflite"], log=lines.append)


@pytest.mark.slow
def test_a_rejected_artefact_is_an_error_or_said(
    run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmkeras.verification import predictions

    compare = predictions.compare

    def wrong(*arguments: Any, **options: Any) -> dict[str, Any]:
        return {**compare(*arguments, **options), "breaches": ["it rains"]}

    monkeypatch.setattr(predictions, "compare", wrong)
    options: dict[str, Any] = {"formats": ["onnx"], "log": lambda _: None}
    with pytest.raises(mmkeras.VerificationError, match=r"rejected: predict\.onnx") as caught:
        mmkeras.export(run.folder, output=tmp_path / "a", **options)
    assert caught.value.exported.folder == tmp_path / "a"
    assert not mmkeras.export(run.folder, output=tmp_path / "b", strict=False, **options).passed
    assert not json.loads((tmp_path / "b/verify.json").read_text(encoding="utf-8"))["passed"]
