"""Artefacts and runs that are sound files and lie: about their labels, with NaN in their weights, or changed by a byte."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from small_runs import SmallRun, copy, proof

from mmkeras.runtime.damage import CONTRACT, DIGESTS, LABELS, digests_behind, write_with_digest

pytestmark = pytest.mark.slow

Change = Callable[[dict[str, Any]], None]


def reversed_targets(contract: dict[str, Any]) -> None:
    contract["targets"]["labels"].reverse()


def all_reversed(contract: dict[str, Any]) -> None:
    """In every place, so that the contract does not contradict itself."""
    reversed_targets(contract)
    contract["labels"].reverse()


def exchanged_columns(contract: dict[str, Any]) -> None:
    first, second = contract["inputs"]
    first["column"], second["column"] = second["column"], first["column"]


def change_tflite(path: Path, change: Change, seal: bool) -> None:
    """Change the contract behind the model and the labels beside it; seal: with digests that fit them."""
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        model = content[: min(info.header_offset for info in archive.infolist())]
    contract = json.loads(files[CONTRACT])
    change(contract)
    files[CONTRACT] = json.dumps(contract).encode()
    files[LABELS] = ("\n".join(contract["labels"]) + "\n").encode()
    if seal:
        del files[DIGESTS]
        files[DIGESTS] = digests_behind(model, files)
    buffer = io.BytesIO(model)
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    path.write_bytes(buffer.getvalue())


def change_onnx(path: Path, change: Change, seal: bool) -> None:
    import onnx

    model = onnx.load(path)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    contract = json.loads(properties["signature"])
    change(contract)
    properties |= {"signature": json.dumps(contract), "labels": "\n".join(contract["labels"])}
    if seal:
        del properties["sha256"]
    onnx.helper.set_model_props(model, properties)
    if seal:
        write_with_digest(model.SerializeToString(), path)
    else:
        path.write_bytes(model.SerializeToString())


def change_saved_model(path: Path, change: Change, seal: bool) -> None:
    value = json.loads((path / "assets" / "signature.json").read_text(encoding="utf-8"))
    (contract,) = value["graphs"].values()
    change(contract)
    (path / "assets" / "signature.json").write_text(json.dumps(value), encoding="utf-8")
    (path / "assets" / "labels.txt").write_text("\n".join(contract["labels"]) + "\n", encoding="utf-8")
    if seal:
        shutil.rmtree(path / "assets.extra")


FORMATS = {"predict.tflite": change_tflite, "predict.onnx": change_onnx, "savedmodel/1": change_saved_model}


def predict(artefact: Path, run: SmallRun, output: Path) -> small_runs.Done:
    return small_runs.main("predict", artefact, run.csv, "--output", output, "--overwrite")


def refused(done: small_runs.Done, *words: str) -> None:
    assert done.code == 2, done.out
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert "internal error" not in done.err
    assert all(word in done.err for word in words), done.err


@pytest.mark.parametrize("change", [reversed_targets, all_reversed, exchanged_columns])
@pytest.mark.parametrize("name", FORMATS)
def test_a_contract_that_lies_is_rejected(name: str, change: Change, run: SmallRun, tmp_path: Path) -> None:
    """Even where it contradicts neither itself nor its digests."""
    folder = copy(run, tmp_path / "e", name)
    FORMATS[name](folder / name, change, seal=True)
    done = small_runs.main("verify", folder)
    assert done.code == 1, done.out + done.err
    (figures,) = proof(folder)["artefacts"].values()
    assert not figures["passed"]
    assert not (folder / name).exists()
    if change is all_reversed:
        assert any("its targets inside the file are" in breach for breach in figures["breaches"])
        assert any("labels.txt inside the file" in breach for breach in figures["breaches"])
        assert any("writes other labels than the trained model's on " in breach for breach in figures["breaches"])


@pytest.mark.parametrize("name", FORMATS)
def test_predict_refuses_what_has_changed_since_the_export(name: str, run: SmallRun, tmp_path: Path) -> None:
    folder = copy(run, tmp_path / "e", name)
    FORMATS[name](folder / name, exchanged_columns, seal=False)
    refused(predict(folder / name, run, tmp_path / "p.csv"), "not as it was exported")
    assert not (tmp_path / "p.csv").exists()
    again = copy(run, tmp_path / "f", name)
    FORMATS[name](again / name, reversed_targets, seal=True)
    refused(predict(again / name, run, tmp_path / "p.csv"), "does not fit together")
    third = copy(run, tmp_path / "g", name)
    path = third / name
    path = path / "variables" / "variables.data-00000-of-00001" if path.is_dir() else path
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 64
    path.write_bytes(content)
    refused(predict(third / name, run, tmp_path / "p.csv"), "not as it was exported")


def test_weights_that_are_nan_answer_with_an_error(run: SmallRun, tmp_path: Path) -> None:
    import onnx
    from onnx import numpy_helper

    folder = copy(run, tmp_path / "e", "predict.onnx")
    model = onnx.load(folder / "predict.onnx")
    largest = max((i for i in model.graph.initializer if i.data_type == 1), key=lambda i: np.prod(i.dims))
    value = np.full_like(numpy_helper.to_array(largest), np.nan)
    largest.CopyFrom(numpy_helper.from_array(value, largest.name))
    properties = {entry.key: entry.value for entry in model.metadata_props if entry.key != "sha256"}
    onnx.helper.set_model_props(model, properties)
    (folder / "predict.onnx").write_bytes(model.SerializeToString())  # as an earlier release wrote it
    refused(predict(folder / "predict.onnx", run, tmp_path / "p.csv"), "predict.onnx, row 1", "NaN or infinite")
    done = small_runs.main("verify", folder)
    assert done.code == 1
    assert "some probabilities are not numbers" in done.out


def test_a_run_whose_parts_do_not_belong_together(run: SmallRun, tmp_path: Path) -> None:
    for old in (False, True):
        folder = shutil.copytree(run.folder, tmp_path / f"run{old:d}")
        schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
        schema["labels"].reverse()
        if old:  # an earlier release wrote no digests: labels in two places tell
            (folder / "sha256.json").unlink()
        else:
            schema["targets"]["labels"].reverse()
        (folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
        refused(small_runs.main("export", folder, "--output", tmp_path / "e"), "schema.json", "run is damaged")
        refused(predict(folder, run, tmp_path / "p.csv"), "schema.json")
        assert not (tmp_path / "e").exists()


def test_held_out_rows_that_were_changed_prove_nothing(run: SmallRun, tmp_path: Path) -> None:
    folder = shutil.copytree(run.folder, tmp_path / "run")
    path = folder / "validation.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("tech", "体育"), encoding="utf-8")
    refused(
        small_runs.main("export", folder, "--output", tmp_path / "e"), "validation.csv", "has changed since the run"
    )


def test_weights_of_a_run_that_are_nan(run: SmallRun, tmp_path: Path) -> None:
    import h5py

    folder = shutil.copytree(run.folder, tmp_path / "run")
    with zipfile.ZipFile(folder / "model.keras") as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    buffer = io.BytesIO(files["model.weights.h5"])
    found = []
    with h5py.File(buffer, "r+") as weights:
        weights.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
        name = next(name for name in found if weights[name].dtype.kind == "f" and weights[name].size > 10)
        weights[name][...] = np.full(weights[name].shape, np.nan)
    files["model.weights.h5"] = buffer.getvalue()
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    refused(small_runs.main("export", folder, "--output", tmp_path / "e"), "model.keras", "has changed since the run")
    (folder / "sha256.json").unlink()
    refused(small_runs.main("export", folder, "--output", tmp_path / "e"), "model.keras", "are NaN or infinite")
    refused(predict(folder, run, tmp_path / "p.csv"), "model.keras", "are NaN or infinite")


def test_an_input_name_that_is_a_path(run: SmallRun, tmp_path: Path) -> None:
    folder = shutil.copytree(run.folder, tmp_path / "run")
    (folder / "sha256.json").unlink()
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    schema["inputs"][0]["name"] = "../../victim"
    (folder / "schema.json").write_text(json.dumps(schema), encoding="utf-8")
    refused(small_runs.main("export", folder, "--output", tmp_path / "e"), "inputs[0].name is a string, '../../victim'")
