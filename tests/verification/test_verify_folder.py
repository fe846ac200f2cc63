"""What `verify` says of a whole folder: of what was exported and is gone, and of a part of it.

The processes that answer are replaced: an artefact here is a file whose content says how it answers.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from made_up_samples import SIGNATURE, figures, made_up_samples

from mmkeras.verification import predictions
from mmkeras.verification.samples import save_samples

NAMES = ("savedmodel/1", "predict.tflite", "predict.onnx")
MEASURED = {"load_seconds": 0.1, "latency_ms_p50": 1.0, "latency_ms_p95": 2.0, "peak_memory_mib": 90.0}


def write_artefact(folder: Path, name: str, content: str = "sound") -> None:
    path = folder / name / "saved_model.pb" if name.startswith("savedmodel") else folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An exported folder of three artefacts."""

    def predictions_of(path: Path, _: Path) -> tuple[dict[str, Any], list[np.ndarray], dict[str, np.ndarray]]:
        content = (path / "saved_model.pb" if path.is_dir() else path).read_text()
        if content == "broken":
            raise RuntimeError("it is broken")
        p = made_up_samples().answers
        return figures(**MEASURED), [p if content == "sound" else p[:, ::-1], p], {}

    monkeypatch.setattr(predictions, "predict_in_own_process", predictions_of)
    folder = tmp_path / "e"
    folder.mkdir()
    save_samples(made_up_samples(), folder / "sample_inputs.npz")
    export(folder, *NAMES)
    return folder


def export(folder: Path, *names: str) -> None:
    (folder / "signature.json").write_text(json.dumps({**SIGNATURE, "artefacts": names}))
    for name in names:
        write_artefact(folder, name)


def proof(folder: Path) -> Any:
    return json.loads((folder / "verify.json").read_text(encoding="utf-8"))


def test_a_sound_folder_passes(folder: Path) -> None:
    done = small_runs.main("verify", folder)
    assert done.code == 0, done.out
    report = proof(folder)
    assert report["passed"] is True
    assert report["not_checked"] == []
    assert tuple(report["artefacts"]) == NAMES
    assert "REJECTED" not in done.out
    assert "ABSENT" not in done.out


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", ["broken", "other labels"])
def test_what_was_rejected_is_not_forgotten(name: str, content: str, folder: Path) -> None:
    write_artefact(folder, name, content)
    first = small_runs.main("verify", folder)
    assert first.code == 1
    assert (folder / f"{name}.rejected").exists()
    assert not (folder / name).exists()
    second = small_runs.main("verify", folder)
    assert second.code == 1
    assert proof(folder)["passed"] is False
    for done in (first, second):
        (line,) = [line for line in done.lines if line.startswith(f"{name} ")]
        assert line.endswith("REJECTED")
    assert f"REJECTED {name}: it was rejected earlier and is kept as {name}.rejected. Export again." in second.lines
    result = proof(folder)["artefacts"][name]
    assert (result["passed"], result["kept_as"]) == (False, f"{name}.rejected")
    write_artefact(folder, name)  # a sound one in its place
    assert small_runs.main("verify", folder).code == 0
    assert proof(folder)["passed"] is True


@pytest.mark.parametrize("name", ["predict.tflite", "predict.onnx"])
def test_an_absent_artefact_is_a_breach(name: str, folder: Path) -> None:
    (folder / name).unlink()
    done = small_runs.main("verify", folder)
    assert done.code == 1
    assert f"ABSENT {name}: it was exported and is not here" in done.out
    report = proof(folder)
    assert report["passed"] is False
    assert report["artefacts"][name] == {
        "rows": 0,
        "breaches": ["it was exported and is not here. Put it back, or check the others alone with --formats."],
        "passed": False,
        "absent": True,
    }
    assert all(report["artefacts"][other]["passed"] for other in NAMES if other != name)


def test_a_folder_that_has_lost_everything_fails(folder: Path) -> None:
    export(folder, "predict.onnx")
    (folder / "predict.onnx").unlink()
    (folder / "predict.tflite").unlink()
    shutil.rmtree(folder / "savedmodel")
    assert small_runs.main("verify", folder).code == 1


def test_one_file_is_checked_by_its_format(folder: Path) -> None:
    """A client ships one file, and checks it where the others are not."""
    (folder / "predict.onnx").unlink()
    shutil.rmtree(folder / "savedmodel")
    done = small_runs.main("verify", folder, "--formats", "tflite")
    assert done.code == 0, done.out
    assert "not checked: savedmodel/1, predict.onnx" in done.lines
    report = proof(folder)
    assert report["passed"] is True
    assert list(report["artefacts"]) == ["predict.tflite"]
    assert report["not_checked"] == ["savedmodel/1", "predict.onnx"]
    write_artefact(folder, "predict.tflite", "other labels")
    assert small_runs.main("verify", folder, "--formats", "tflite").code == 1
    assert small_runs.main("verify", folder, "--formats", "tflite").code == 1


def test_two_formats(folder: Path) -> None:
    (folder / "predict.tflite").unlink()
    assert small_runs.main("verify", folder, "--formats", "onnx", "savedmodel").code == 0
    assert list(proof(folder)["artefacts"]) == ["savedmodel/1", "predict.onnx"]


def test_formats_that_are_not_there_are_named(folder: Path) -> None:
    export(folder, "predict.onnx")
    (folder / "predict.tflite").unlink()
    done = small_runs.main("verify", folder, "--formats", "tflite")
    assert done.code == 2
    assert "--formats tflite: there is none of it here, only predict.onnx" in done.err
    done = small_runs.main("verify", folder, "--formats", "tfjs")
    assert done.code == 2
    assert "unknown tfjs. Valid formats: savedmodel, tflite, onnx" in done.err
    assert not (folder / "verify.json").exists()


def test_accuracy_on_learned_rows_is_not_called_that_of_held_out_rows(folder: Path) -> None:
    plain = small_runs.main("verify", folder)
    assert plain.lines[1].startswith("artefact ")
    assert " accuracy " in plain.lines[1]
    assert "*" not in plain.out
    assert re.search(
        r"^accuracy: the share of the \d+ held-out rows whose predicted class is the true one$", plain.out, re.M
    )
    assert proof(folder)["artefacts"]["predict.onnx"]["accuracy"] == 1.0
    held_out = {"accuracy": 0.75, "learned_since": True}
    (folder / "signature.json").write_text(json.dumps({**SIGNATURE, "artefacts": NAMES, "held_out": held_out}))
    learned = small_runs.main("verify", folder)
    assert learned.code == 0
    assert " accuracy* " in learned.lines[1]
    (note,) = [line for line in learned.lines if line.startswith("accuracy*: ")]
    assert re.fullmatch(
        r"accuracy\*: the share of the \d+ held-out rows whose predicted class is the true one, counted after the model "
        r"was refit on these rows too; while they were held out it was 0.7500 \(train --no-fold keeps them apart\)",
        note,
    )
    report = proof(folder)
    assert report["held_out"] == held_out
    for result in report["artefacts"].values():
        assert "accuracy" not in result
        assert result["accuracy_on_learned_rows"] == 1.0


@pytest.mark.parametrize("name", ["savedmodel/2", "predict_small.tflite"])
def test_what_was_put_beside_them_is_checked_too(name: str, folder: Path) -> None:
    """TF Serving takes the highest number it finds."""
    write_artefact(folder, name, "broken")
    assert small_runs.main("verify", folder).code == 1
    assert not (folder / name).exists()
    assert (folder / f"{name}.rejected").exists()
