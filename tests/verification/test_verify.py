"""An exported folder as it stands on another machine: what `verify` needs of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import small_runs
from small_runs import SmallRun, copy, proof


@pytest.mark.slow
def test_a_copied_folder_is_verified_without_the_run(run: SmallRun, tmp_path: Path) -> None:
    """Elsewhere, in a process of its own, from a working folder that has nothing to do with either."""
    (tmp_path / "elsewhere").mkdir()
    folder = copy(run, tmp_path / "elsewhere/model v1", "savedmodel/1", "predict.tflite", "predict.onnx")
    (tmp_path / "cwd").mkdir()
    done = small_runs.process("-m", "mmkeras.cli.main", "verify", folder, cwd=tmp_path / "cwd")
    assert done.code == 0, done.out + done.err
    report = proof(folder)
    assert report["passed"] is True
    assert list(report["artefacts"]) == list(small_runs.FORMATS)
    before = json.loads((run.exported / "verify.json").read_text(encoding="utf-8"))
    for name, result in report["artefacts"].items():
        for key in ("accuracy", "rows", "size_bytes", "ids_identical", "labels_identical"):
            assert result[key] == before["artefacts"][name][key], (name, key)
    assert not list((tmp_path / "cwd").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["absent", "empty", "cut"])
def test_without_its_sample_rows_a_folder_cannot_be_verified(damage: str, run: SmallRun, tmp_path: Path) -> None:
    folder = copy(run, tmp_path / "e", "predict.tflite")
    path = folder / "sample_inputs.npz"
    content = path.read_bytes()
    path.unlink()
    if damage != "absent":
        path.write_bytes(content[: 0 if damage == "empty" else len(content) // 2])
    done = small_runs.main("verify", folder)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert "sample_inputs.npz" in done.err
    assert (folder / "predict.tflite").exists(), "nothing is known against it"
    assert not (folder / "verify.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["absent", "empty", "other JSON"])
def test_without_its_contract_a_folder_cannot_be_verified(damage: str, run: SmallRun, tmp_path: Path) -> None:
    folder = copy(run, tmp_path / "e", "predict.tflite")
    (folder / "signature.json").unlink()
    if damage != "absent":
        (folder / "signature.json").write_text("" if damage == "empty" else '{"labels": []}')
    done = small_runs.main("verify", folder)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert "signature.json" in done.err
    assert (folder / "predict.tflite").exists(), "nothing is known against it"


@pytest.mark.slow
def test_a_folder_without_artefacts_cannot_be_verified(run: SmallRun, tmp_path: Path) -> None:
    done = small_runs.main("verify", copy(run, tmp_path / "e"))
    assert done.code == 2
    assert "no artefact to verify" in done.err
