"""The public face: train, export, verify, load from Python, with the answers of the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small_runs
from small_runs import COLUMNS, LABELS, SmallRun

import mmkeras
from mmkeras.config.tasks import generates_text
from mmkeras.runtime.predictor import Prediction
from mmkeras.tasks import TASKS, load_task

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
        mmkeras.train("x.csv", epoch=3)  # type: ignore[call-arg]
    with pytest.raises(mmkeras.InputError, match="leave out the table"):
        mmkeras.train("x.csv", config=mmkeras.Config())


@pytest.mark.parametrize(
    "call",
    [
        lambda: mmkeras.load(None),  # type: ignore[arg-type]
        lambda: mmkeras.load_run(3),  # type: ignore[arg-type]
        lambda: mmkeras.export(None),  # type: ignore[arg-type]
        lambda: mmkeras.export("runs/x", output=3),  # type: ignore[arg-type]
        lambda: mmkeras.export("runs/x", formats=3),  # type: ignore[arg-type]
        lambda: mmkeras.verify(None),  # type: ignore[arg-type]
        lambda: mmkeras.compare([3]),  # type: ignore[list-item]
        lambda: mmkeras.compare("runs/x"),
        lambda: mmkeras.compare(["a", "b"], csv=pd.DataFrame()),  # type: ignore[arg-type]
        lambda: mmkeras.raw_inputs("x.csv", None),
        lambda: mmkeras.train(config=3),  # type: ignore[arg-type]
        lambda: mmkeras.train("x.csv", epochs=object()),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_path_is_a_sentence(call: Any) -> None:
    with pytest.raises(mmkeras.InputError, match=r"[Ee]xpected"):
        call()


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
    with pytest.warns(UserWarning, match="'colour': not read"):
        assert model({**row_of(run), "colour": "red"}) == model(row_of(run))
    with pytest.raises(mmkeras.InputError, match="no such column"):
        model({COLUMNS[0]: "a text", "colour": "red"})
    with pytest.raises(mmkeras.InputError, match="expected a cell of each column"):
        model({COLUMNS[0]: "a text"})


@pytest.mark.slow
def test_a_frame_is_trained_exported_verified_and_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = small_runs.news_rows(72)
    frame = pd.DataFrame(rows[:60], index=[f"r{k}" for k in range(60)]).astype({"topic": "category"})
    lines: list[str] = []
    run = mmkeras.train(frame, **FLAGS, validation=pd.DataFrame(rows[60:]), log=lines.append)
    assert run.folder == Path("runs/table")
    assert "The index is no column" in lines[0]
    assert len(run.history) == len(run.history["val_accuracy"]) == 2
    (said,) = [line for line in lines if line.startswith("validation ")]
    assert f"accuracy {run.metrics['validation']['accuracy']:.4f}" in said
    assert run.report.exists()
    assert repr(run) == f"<FinishedRun runs/table: {said.removeprefix('validation ')}>"
    assert "<td>runs/table</td>" in run._repr_html_()
    with pytest.raises(mmkeras.InputError, match="already holds a run") as caught:
        mmkeras.train(frame, **FLAGS, validation=pd.DataFrame(rows[60:]), log=lines.append)
    assert "overwrite=True, output=…" in caught.value.__notes__[0]
    with pytest.raises(mmkeras.InputError, match="other rows than the frame"):
        mmkeras.train(frame[:50], **FLAGS, log=lines.append)
    run = mmkeras.load_run("runs/table")
    assert [tensor.name for tensor in run.model.inputs] == ["input_0", "news_text"]
    exported = mmkeras.export(run, "tflite", log=lines.append)
    assert exported.passed
    assert str(exported.verification).splitlines()[1].startswith("predict.tflite")
    assert exported.verification.table.loc["predict.tflite", "labels"] == "same"
    assert "<td>predict.tflite</td>" in exported.verification._repr_html_()
    assert mmkeras.verify(exported, log=lines.append).artefacts.keys() == {"predict.tflite"}
    row = dict.fromkeys(COLUMNS, "the match was won")
    by_run, by_file = mmkeras.load(run)(row), mmkeras.load(exported)(row)
    assert by_run.label == by_file.label
    assert by_run.probability == pytest.approx(by_file.probability, abs=1e-5)
    answers = mmkeras.load(exported).predict(frame)
    assert answers.index.tolist() == frame.index.tolist()
    assert answers["prediction"].iloc[0] == mmkeras.load(exported)(frame.drop(columns=["id"]).iloc[0]).label
    with pytest.raises(mmkeras.InputError, match="it exists already"):
        mmkeras.export(run, formats=["tflite"], log=lines.append)


USER = """
from pathlib import Path
import mmkeras
import pandas as pd

run = mmkeras.train("products.csv", image="photo", target=["season"], epochs=10, output=Path("runs/x"))
accuracy: float = run.metrics["validation"]["accuracy"]
losses: list[float] = run.history["loss"]
exported = mmkeras.export(run, formats=["tflite", "onnx"])
passed: bool = exported.verification.passed
model: mmkeras.Predictor = mmkeras.load(exported.folder / "predict.tflite")
label: str = model({"title": "Wool coat", "photo": Path("coat.jpg")}).label
answers: list[mmkeras.Prediction] = model([{"title": "Wool coat"}])
frame = pd.read_csv("x.csv")
rows: list[mmkeras.Prediction] = model(frame.to_dict("records"))
first: mmkeras.Prediction = model(frame.iloc[0])
last: mmkeras.Prediction = model(frame.iloc[1].to_dict())
predicted: pd.DataFrame = model.predict(["a", frame.iloc[0]])
text: mmkeras.TextModel = mmkeras.load("exported/pairs")
line: str = text("A man", beam=4)
perplexity: float = text.score("x").perplexity
mmkeras.train("x.csv", epochs="3")
mmkeras.train("x.csv", epoch=3)
"""


@pytest.mark.slow
def test_a_user_s_script_is_checked(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    arguments = ("--strict", "--follow-imports=silent", "--ignore-missing-imports", "--config-file", "/dev/null")
    done = small_runs.process("-m", "mypy", *arguments, "user.py", cwd=tmp_path)
    errors = [line for line in done.lines if ": error:" in line]
    assert len(errors) == 2, done.out
    assert 'Argument "epochs" to "train" has incompatible type "str"' in errors[0]
    assert 'Unexpected keyword argument "epoch" for "train"' in errors[1]
    assert (small_runs.ROOT / "mmkeras/py.typed").exists()


@pytest.mark.slow
def test_a_rejected_artefact_is_an_error_or_said(
    run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmkeras.verification import predictions

    compare = predictions.compare

    def wrong(*arguments: Any, **options: Any) -> dict[str, Any]:
        return {**compare(*arguments, **options), "breaches": ["it rains"]}

    monkeypatch.setattr(predictions, "compare", wrong)
    options: dict[str, Any] = {"formats": "onnx", "log": lambda _: None}
    with pytest.raises(mmkeras.VerificationError, match=r"rejected: predict\.onnx") as caught:
        mmkeras.export(run.folder, output=tmp_path / "a", **options)
    assert caught.value.exported.folder == tmp_path / "a"
    assert not mmkeras.export(run.folder, output=tmp_path / "b", strict=False, **options).passed
    assert not json.loads((tmp_path / "b/verify.json").read_text(encoding="utf-8"))["passed"]
