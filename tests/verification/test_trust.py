"""What a folder says is not trusted: no path outside it is touched, and the proof covers what `predict` reads.

The processes that answer are replaced: an artefact here is a file of any content, which answers as the model does.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from made_up_samples import GRAPH, SIGNATURE, figures, made_up_samples

from mmkeras.errors import InputError
from mmkeras.graph import Artefact, Signature
from mmkeras.runtime import exported
from mmkeras.system.digests import sealed
from mmkeras.system.locks import locked
from mmkeras.verification import predictions
from mmkeras.verification.predictions import check
from mmkeras.verification.samples import save_samples
from mmkeras.verification.verify import PROOF

MEASURED = {"load_seconds": 0.1, "latency_ms_p50": 1.0, "latency_ms_p95": 2.0, "peak_memory_mib": 90.0}
CURRENT = {
    **{key: SIGNATURE[key] for key in ("task", "target", "targets", "labels", "held_out")},
    "answers": "numbers",
    "graphs": {"predict": GRAPH},
    "artefacts": {"tflite": {"format": "tflite", "precision": "float32", "callables": {}}},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An exported folder with a predict.tflite that answers otherwise than the model, so that it is rejected."""

    def wrong(*_: Any) -> Any:
        p = made_up_samples().answers[:, ::-1]
        return figures(**MEASURED), [p, p], {}

    monkeypatch.setattr(predictions, "predict_in_own_process", wrong)
    folder = tmp_path / "deep" / "e"
    folder.mkdir(parents=True)
    save_samples(made_up_samples(), folder / "sample_inputs.npz")
    (folder / "predict.tflite").write_text("model")
    (folder / "labels.txt").write_text("x\ny\nz\n")
    return folder


def name_paths(folder: Path, place: Any, form: str) -> None:
    """A signature.json whose only artefact lies at `place`, in the form of today or of before 0.3."""
    if form == "old":
        value: dict[str, Any] = {**SIGNATURE, "artefacts": [place]}
    else:
        part = {**CURRENT["artefacts"]["tflite"], "paths": {"predict": place}}
        value = sealed({**CURRENT, "artefacts": {"tflite": part}})
    (folder / "signature.json").write_text(json.dumps(value))


PLACES = [
    *("../victim", "../victim.tflite", "../../victim.tflite", "savedmodel/../../victim.tflite", "savedmodel/.."),
    *("/tmp/victim.tflite", ".", "", "signature.json", "sample_inputs.npz", "sub/predict.tflite", "predict.tflite\0"),
    *("savedmodel", "savedmodel/1/..", "~/victim.tflite", "..\\victim.tflite", None, 7, ["predict.tflite"]),
]


@pytest.mark.parametrize("form", ["today", "old"])
@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_path_outside_the_folder_is_never_touched(place: Any, form: str, folder: Path) -> None:
    for outside in (folder.parent / "victim", folder.parent / "victim.tflite", folder.parents[1] / "victim.tflite"):
        outside.write_text("mine")
    (folder.parent / "victim.rejected").mkdir()
    (folder.parent / "victim.rejected" / "kept").write_text("mine")
    name_paths(folder, place, form)
    before = {path: path.read_bytes() for path in folder.parents[1].rglob("*") if path.is_file()}
    done = small_runs.main("verify", folder)
    assert done.code == 2, done.out
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    assert {path: path.read_bytes() for path in folder.parents[1].rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_nor_is_one_that_a_callable_names(place: Any, folder: Path) -> None:
    callables = {"predict": {"path": place, "inputs": [], "outputs": []}}
    part = {**CURRENT["artefacts"]["tflite"], "paths": {"predict": "predict.tflite"}, "callables": callables}
    (folder / "signature.json").write_text(json.dumps({**CURRENT, "artefacts": {"tflite": part}}))
    if (
        isinstance(place, str)
        and place
        and ".." not in place
        and place[0] != "/"
        and "\0" not in place
        and place != "."
    ):
        exported.read_signature(folder)
    else:
        with pytest.raises(InputError):
            exported.read_signature(folder)


def test_a_folder_that_a_link_leads_out_of_is_left_alone(folder: Path) -> None:
    outside = folder.parent / "models"
    (outside / "1").mkdir(parents=True)
    (outside / "1" / "saved_model.pb").write_text("mine")
    (folder / "savedmodel").symlink_to(outside)
    part = {"format": "savedmodel", "precision": "float32", "callables": {}, "paths": {"predict": "savedmodel/1"}}
    (folder / "signature.json").write_text(json.dumps({**CURRENT, "artefacts": {"savedmodel": part}}))
    done = small_runs.main("verify", folder)
    assert done.code == 1
    assert (outside / "1" / "saved_model.pb").read_text() == "mine"
    assert "savedmodel/1: it is rejected, but keeps its name (a symbolic link leads out of the folder)" in done.out


def test_of_a_link_to_a_file_the_link_is_renamed(folder: Path) -> None:
    outside = folder.parent / "mine.tflite"
    outside.write_text("mine")
    (folder / "predict.tflite").unlink()
    (folder / "predict.tflite").symlink_to(outside)
    name_paths(folder, "predict.tflite", "today")
    assert small_runs.main("verify", folder).code == 1
    assert outside.read_text() == "mine"
    assert (folder / "predict.tflite.rejected").is_symlink()


def test_a_folder_that_may_only_be_read_is_verified(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name_paths(folder, "predict.tflite", "today")
    refused = OSError(errno.EROFS, os.strerror(errno.EROFS))

    def refuse(*_: Any, **__: Any) -> None:
        raise refused

    monkeypatch.setattr(Path, "write_text", refuse)
    monkeypatch.setattr(Path, "replace", refuse)
    done = small_runs.main("verify", folder)
    assert done.code == 1, "it differs from the model"
    assert f"{folder / PROOF}: the results are printed only; no file can be written there (Read-only" in done.out
    assert "predict.tflite: it is rejected, but keeps its name (Read-only file system). Do not deploy it." in done.out
    assert sorted(path.name for path in folder.iterdir()) == [
        *("labels.txt", "predict.tflite", "sample_inputs.npz", "signature.json")
    ]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"held_out": {}}, "held_out.learned_since is absent"),
        ({"held_out": {"learned_since": True}}, "held_out.accuracy is absent"),
        ({"held_out": {"learned_since": True, "accuracy": "0.9"}}, "held_out.accuracy is a string"),
        ({"task": "regress"}, "its task and labels are other than those of its graph"),
        ({"labels": ["z", "y", "x"]}, "its task and labels are other than those of its graph"),
        ({"answers": "texts", "held_out": {}}, "held_out is empty"),
        ({"answers": "texts", "held_out": {"bleu": "x"}}, "held_out.bleu is a string"),
    ],
)
def test_a_score_that_is_absent_is_told_before_anything_runs(changed: dict[str, Any], words: str, folder: Path) -> None:
    part = {**CURRENT["artefacts"]["tflite"], "paths": {"predict": "predict.tflite"}}
    value = sealed({**CURRENT, **changed, "artefacts": {"tflite": part}})
    (folder / "signature.json").write_text(json.dumps(value))
    done = small_runs.main("verify", folder)
    assert done.code == 2
    assert words in done.err
    assert "verifying" not in done.out


def test_a_folder_is_not_replaced_while_it_is_verified(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The artefacts of the new one would be compared with the rows of the old one, and rejected."""
    name_paths(folder, "predict.tflite", "today")
    with locked(folder):
        done = small_runs.main("verify", folder)
    assert done.code == 2
    assert "another mmkeras process" in done.err
    assert (folder / "predict.tflite").exists()

    def answer(*_: Any) -> Any:
        with pytest.raises(InputError, match="another mmkeras process is reading it"), locked(folder):
            pass
        raise RuntimeError("stop")

    monkeypatch.setattr(predictions, "predict_in_own_process", answer)
    assert small_runs.main("verify", folder).code == 1
    assert [path.name for path in folder.parent.iterdir()] == [folder.name], "no lock is left"


@pytest.mark.parametrize("name", ["predict.tflite", "sample_inputs.npz", "labels.txt", "signature.json"])
def test_a_pipe_in_a_folder_is_not_waited_for(name: str, folder: Path) -> None:
    name_paths(folder, "predict.tflite", "today")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    done = small_runs.main("verify", folder)
    assert done.code == 2
    assert f"{name}: expected a plain file, received a pipe" in done.err
    done = small_runs.main("predict", folder / "predict.tflite", __file__, "--output", folder / "p.csv")
    assert done.code == 2
    assert not (folder / "p.csv").exists()


@pytest.mark.parametrize(
    "changed",
    [
        {"truth": made_up_samples().truth + 7},
        {"truth": -made_up_samples().truth - 1},
        {"truth": made_up_samples().truth * np.nan},
        {"truth": made_up_samples().truth[:, None, None]},
        {"answers": made_up_samples().answers[:, :2]},
        {"inputs": {"c": made_up_samples().inputs["a"]}},
        {"inputs": {**made_up_samples().inputs, "c": made_up_samples().inputs["a"]}},
        {"others": replace(made_up_samples(), inputs={"a": made_up_samples().inputs["a"]})},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_rows_of_another_model_reject_no_artefact(changed: dict[str, Any], folder: Path) -> None:
    save_samples(replace(made_up_samples(), **changed), folder / "sample_inputs.npz")
    name_paths(folder, "predict.tflite", "today")
    done = small_runs.main("verify", folder)
    assert done.code == 2, done.out
    assert "sample_inputs.npz: the sample rows are of another model" in done.err
    assert (folder / "predict.tflite").exists()


def test_results_are_not_written_through_a_link(folder: Path) -> None:
    name_paths(folder, "predict.tflite", "today")
    (folder / PROOF).symlink_to("../victim")
    done = small_runs.main("verify", folder)
    assert done.code == 1, "it differs from the model"
    assert "the results are printed only; no file can be written there" in done.out
    assert "it is a symbolic link" in done.out
    assert not (folder.parent / "victim").exists()


def test_other_lines_in_labels_txt_are_an_error(folder: Path) -> None:
    name_paths(folder, "predict.tflite", "today")
    (folder / "labels.txt").write_text("z\ny\nx\n")
    done = small_runs.main("verify", folder)
    assert done.code == 2
    assert "labels.txt: its lines are other than the labels in signature.json" in done.err
    assert (folder / "predict.tflite").exists(), "the artefact is as good as before"


@pytest.mark.parametrize("name", ["labels.txt", "sample_inputs.npz", "signature.json"])
def test_what_was_changed_since_the_export_is_named(name: str, folder: Path) -> None:
    artefact = Artefact("tflite", {"predict": "predict.tflite"})
    signature = replace(Signature.from_json({**CURRENT, "artefacts": {}}), artefacts={"tflite": artefact})
    exported.write_signature(folder, signature)
    assert exported.read_signature(folder) == signature
    listed = json.loads((folder / "signature.json").read_text())["files"]
    assert sorted(listed) == ["labels.txt", "sample_inputs.npz"], "an artefact has its own digest"
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"x", b"q", 1) if name != "sample_inputs.npz" else b"PK")
    with pytest.raises(InputError, match=f"{name}: (it|this file) is not as it was exported"):
        exported.read_signature(folder)


# what is inside an artefact against what the folder says


def mismatches(**changed: Any) -> list[str]:
    samples = made_up_samples()
    signature = Signature.from_json({**SIGNATURE, "artefacts": ["predict.tflite"]})
    p = samples.answers
    return list(check(figures(**MEASURED, **changed), [p, p], samples, signature)["breaches"])


def test_the_same_inside_and_out_is_no_mismatch() -> None:
    assert mismatches() == []
    assert mismatches(labels_text=None) == []
    assert mismatches(signature={**GRAPH, "litert_lengths": [64, 96]}) == [], "those of a .tflite are each run"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("targets", {**GRAPH["targets"], "labels": ["z", "y", "x"]}),
        ("labels", ["z", "y", "x"]),
        ("task", "multilabel"),
        ("target", "other"),
        ("inputs", GRAPH["inputs"][::-1]),
        ("inputs", [{**GRAPH["inputs"][0], "max_bytes": 95}, GRAPH["inputs"][1]]),
        ("outputs", [{**GRAPH["outputs"][0], "shape": ["batch", 4]}]),
        ("more", 1),
    ],
)
def test_every_key_of_the_contract_inside_is_compared(key: str, value: Any) -> None:
    (mismatch,) = mismatches(signature={**GRAPH, key: value})
    assert mismatch.startswith(f"its {key} inside the file are ")


def test_an_absent_key_is_a_mismatch() -> None:
    inside = {key: value for key, value in GRAPH.items() if key != "targets"}
    (mismatch,) = mismatches(signature=inside)
    assert mismatch.startswith("its targets inside the file are None")


def test_labels_txt_inside_is_compared() -> None:
    assert mismatches(labels_text="z\ny\nx\n") == [
        "its labels.txt inside the file has other lines than the labels in signature.json"
    ]


def test_the_words_that_predict_writes_are_compared() -> None:
    words = [["zyx"[k] for k in made_up_samples().truth]] * 2
    (mismatch,) = mismatches(words=words)
    assert mismatch.startswith("`predict` writes other labels than the trained model's on ")


def test_answers_that_are_nan_are_not_those_of_a_trained_model(tmp_path: Path) -> None:
    samples = made_up_samples()
    samples.answers[3, 1] = np.nan
    save_samples(samples, tmp_path / "s.npz")
    with pytest.raises(InputError, match="trained model's answers are NaN or infinite"):
        predictions.load(tmp_path / "s.npz")
