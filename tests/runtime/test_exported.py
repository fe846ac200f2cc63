"""An exported folder: which formats there are, where the graphs of each lie, and what is chosen of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up_samples import SIGNATURE

from mmkeras.errors import InputError
from mmkeras.graph import Artefact, Signature
from mmkeras.runtime import choice, exported
from mmkeras.runtime.choice import choose
from mmkeras.runtime.formats import FORMATS, fast_first, format_of, in_words

PATHS = ("savedmodel/1", "predict.tflite", "predict.onnx")


def write_folder(folder: Path, *there: str) -> Path:
    """A folder whose signature names all formats; the artefacts that are there are empty."""
    folder.mkdir()
    signature = Signature.from_json({**SIGNATURE, "artefacts": PATHS}).to_json()
    (folder / "signature.json").write_text(json.dumps(signature), encoding="utf-8")
    for path in there:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).touch()
    return folder


def test_a_format_is_known_by_a_name_or_by_what_a_folder_holds(tmp_path: Path) -> None:
    assert [*FORMATS] == ["savedmodel", "tflite", "onnx"]
    assert fast_first() == ["tflite", "onnx", "savedmodel"]
    assert in_words() == "a .tflite file, an .onnx file or a SavedModel folder (with saved_model.pb)"
    for name, found in {"a.tflite": "tflite", "a.int8.onnx.rejected": "onnx", "a.txt": None, "tflite": None}.items():
        assert format_of(tmp_path / name) is (FORMATS[found] if found else None)
    (tmp_path / "any").mkdir()
    assert format_of(tmp_path / "any") is None
    (tmp_path / "any" / "saved_model.pb").touch()
    assert format_of(tmp_path / "any") is FORMATS["savedmodel"]


def test_the_format_that_starts_fastest_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    class Opened:
        def __init__(self, path: Path, threads: int | None) -> None:
            self.name, self.signature = path.name, {"graph": "predict"}
            opened.append(path.name)

    monkeypatch.setattr(exported, "open_artefact", Opened)
    folder = write_folder(tmp_path / "e", "savedmodel/1", "predict.onnx")
    assert {graph: runner.name for graph, runner in exported.open(folder).items()} == {"predict": "predict.onnx"}
    with pytest.raises(InputError, match="there is no tflite here, only savedmodel, onnx"):
        exported.open(folder, "tflite")
    with pytest.raises(InputError, match="there is no artefact here, only other files"):
        exported.open(write_folder(tmp_path / "empty"))
    assert opened == ["predict.onnx"]


def prove(folder: Path, **results: dict[str, object]) -> None:
    by_path = {
        {"savedmodel": PATHS[0], "tflite": PATHS[1], "onnx": PATHS[2]}[key]: result for key, result in results.items()
    }
    (folder / "verify.json").write_text(json.dumps({"passed": False, "artefacts": by_path}), encoding="utf-8")


def test_the_fastest_that_was_measured_is_chosen_and_no_rejected_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "e", *PATHS)
    artefacts = exported.read_signature(folder).artefacts
    first = choose(folder, artefacts)
    assert (first.artefact.key, first.why) == ("tflite", "the first of 3, in the order tflite, onnx, savedmodel")
    good = {"passed": True, "latency_ms_p50": 0.2}
    prove(folder, savedmodel={**good, "latency_ms_p50": 5}, tflite=good, onnx={**good, "latency_ms_p50": 0.05})
    fastest = choose(folder, artefacts)
    assert (fastest.artefact.key, fastest.why) == ("onnx", "the fastest of 3 by verify.json, 0.050 ms a row")
    assert choose(folder, artefacts, "savedmodel").artefact.key == "savedmodel"
    monkeypatch.setattr(choice, "is_installed", lambda module: module != "onnxruntime")
    assert choose(folder, artefacts).artefact.key == "tflite"
    prove(folder, savedmodel=good, tflite={"passed": False}, onnx={**good, "latency_ms_p50": 0.05})
    assert choose(folder, artefacts).artefact.key == "savedmodel"
    with pytest.raises(InputError, match="tflite was rejected by"):
        choose(folder, artefacts, "tflite")
    prove(folder, **{key: {"passed": False} for key in FORMATS})
    with pytest.raises(InputError, match="every artefact here was rejected"):
        choose(folder, artefacts)
    (folder / "verify.json").write_text("{")
    (folder / PATHS[2]).rename(folder / f"{PATHS[2]}.rejected")
    with pytest.raises(InputError, match="onnx was rejected by"):
        choose(folder, artefacts, "onnx")
    assert choose(folder, artefacts).artefact.key == "tflite"


def test_other_files_are_checked_where_there_is_one_graph(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "e", *PATHS, "predict_small.tflite", "predict.onnx.rejected", "notes.txt")
    signature = exported.read_signature(folder)
    found = exported.artefacts_to_check(folder, signature)
    assert [artefact.name for artefact in found] == [*PATHS, "predict_small.tflite"]
    assert [artefact.name for artefact in exported.chosen(found, ["tflite"])] == [
        "predict.tflite",
        "predict_small.tflite",
    ]


def test_a_precision_has_a_key_and_a_name_of_its_own() -> None:
    whole = Artefact("tflite", {"predict": "predict.tflite"})
    small = Artefact("tflite", {"encode": "encode.int8.tflite", "decode_step": "decode_step.int8.tflite"}, "int8")
    assert (whole.key, whole.name) == ("tflite", "predict.tflite")
    assert (small.key, small.name) == ("tflite.int8", "tflite.int8")
    assert small.files == ("encode.int8.tflite", "decode_step.int8.tflite")


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"labels": []}', '{"answers": "numbers"}'])
def test_a_signature_that_cannot_be_read_is_a_sentence(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "signature.json").write_text(text)
    with pytest.raises(InputError, match="signature.json"):
        exported.read_signature(tmp_path)
