"""Artefacts that were damaged, exchanged or changed by a little: each is rejected, for what is wrong with it."""

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

# what may happen to an artefact


def changed_initializer(path: Path, name_part: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """The .onnx file's only initializer of that name and floating point, changed."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(path)
    found = [i for i in model.graph.initializer if name_part in i.name]
    largest = max(found, key=lambda i: np.prod(i.dims))
    value = numpy_helper.to_array(largest).copy()
    changed = change(value.copy())
    assert changed.shape == value.shape
    assert not np.array_equal(changed, value)
    largest.CopyFrom(numpy_helper.from_array(changed.astype(value.dtype), largest.name))
    onnx.save(model, path)


def table_of(run: SmallRun) -> np.ndarray:
    """The wide part's trained table of the second column."""
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph

    core = load_graph(open_run(run.folder)).model.get_layer("core")
    return np.asarray(core.get_layer("news_text_wide").table, "<f4")


def with_votes_exchanged(table: np.ndarray) -> np.ndarray:
    """The frequent rows vote for the class beside the one they were trained for."""
    return np.concatenate([np.roll(table[:60], 1, axis=1), table[60:]])


def replace_bytes(path: Path, old: bytes, new: bytes) -> None:
    """Change a file where it holds some bytes, which must be once."""
    content = path.read_bytes()
    assert content.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(content.replace(old, new))


def rewrite_zip(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change signature.json behind a .tflite model."""
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        start = min(info.header_offset for info in archive.infolist())
    signature = json.loads(files["signature.json"])
    change(signature)
    files["signature.json"] = json.dumps(signature).encode()
    buffer = io.BytesIO(content[:start])
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    path.write_bytes(buffer.getvalue())


def onnx_table(run: SmallRun, folder: Path) -> None:
    table = table_of(run)

    def change(value: np.ndarray) -> np.ndarray:
        np.testing.assert_array_equal(value, table)
        return with_votes_exchanged(value)

    changed_initializer(folder / "predict.onnx", "news_text_wide", change)


def onnx_one_number(run: SmallRun, folder: Path) -> None:
    """One number of the table, the largest of a class, by a hundredth: no label changes."""

    def change(value: np.ndarray) -> np.ndarray:
        value[value[:, 0].argmax(), 0] += 0.01
        return value

    changed_initializer(folder / "predict.onnx", "news_text_wide", change)


def tflite_table(run: SmallRun, folder: Path) -> None:
    table = table_of(run)
    replace_bytes(folder / "predict.tflite", table.tobytes(), with_votes_exchanged(table).astype("<f4").tobytes())


def tflite_labels(run: SmallRun, folder: Path) -> None:
    rewrite_zip(folder / "predict.tflite", lambda signature: signature["labels"].reverse())


def tflite_later_cut(run: SmallRun, folder: Path) -> None:
    """A client that reads this contract would cut its texts elsewhere."""
    rewrite_zip(folder / "predict.tflite", lambda signature: signature["inputs"][1].update(max_bytes=4000))


def tflite_shorter_cut(run: SmallRun, folder: Path) -> None:
    """And here its rows have another length than the file's."""
    rewrite_zip(folder / "predict.tflite", lambda signature: signature["inputs"][1].update(max_bytes=20))


def tflite_columns(run: SmallRun, folder: Path) -> None:
    def change(signature: dict[str, Any]) -> None:
        first, second = signature["inputs"]
        first["column"], second["column"] = second["column"], first["column"]

    rewrite_zip(folder / "predict.tflite", change)


def tflite_cut_short(run: SmallRun, folder: Path) -> None:
    path = folder / "predict.tflite"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def tflite_without_metadata(run: SmallRun, folder: Path) -> None:
    path = folder / "predict.tflite"
    with zipfile.ZipFile(path) as archive:
        start = min(info.header_offset for info in archive.infolist())
    path.write_bytes(path.read_bytes()[:start])


def tflite_damaged_inside(run: SmallRun, folder: Path) -> None:
    """The flatbuffer's root points nowhere; the zip behind it is whole."""
    path = folder / "predict.tflite"
    content = bytearray(path.read_bytes())
    content[8:4096] = b"\xff" * 4088
    path.write_bytes(bytes(content))


def onnx_cut_short(run: SmallRun, folder: Path) -> None:
    path = folder / "predict.onnx"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def onnx_empty(run: SmallRun, folder: Path) -> None:
    (folder / "predict.onnx").write_bytes(b"")


CASES = [
    (onnx_table, "predict.onnx", "labels differ on"),
    (onnx_one_number, "predict.onnx", "probabilities differ by up to"),
    (tflite_table, "predict.tflite", "labels differ on"),
    (tflite_labels, "predict.tflite", "labels"),
    (tflite_columns, "predict.tflite", "column"),
    (tflite_later_cut, "predict.tflite", "its inputs inside the file"),
    (tflite_shorter_cut, "predict.tflite", "cannot be run"),
    (tflite_cut_short, "predict.tflite", "cannot be run"),
    (tflite_without_metadata, "predict.tflite", "cannot be run"),
    (tflite_damaged_inside, "predict.tflite", "cannot be run"),
    (onnx_cut_short, "predict.onnx", "cannot be run"),
    (onnx_empty, "predict.onnx", "cannot be run"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("tamper", "name", "reason"), CASES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_tampered_artefact_is_rejected(tamper: Any, name: str, reason: str, run: SmallRun, tmp_path: Path) -> None:
    folder = copy(run, tmp_path / "e", "predict.tflite", "predict.onnx")
    tamper(run, folder)
    tampered = (folder / name).read_bytes()
    (other,) = {"predict.tflite", "predict.onnx"} - {name}
    done = small_runs.main("verify", folder)
    assert done.code == 1
    assert "Traceback" not in done.err
    assert not (folder / name).exists(), "nothing that is deployed by its name"
    assert (folder / f"{name}.rejected").read_bytes() == tampered
    assert (folder / other).read_bytes() == (run.exported / other).read_bytes()
    report = proof(folder)
    assert report["passed"] is False
    assert report["artefacts"][other]["passed"] is True
    figures = report["artefacts"][name]
    assert figures["passed"] is False
    assert figures["kept_as"] == f"{name}.rejected"
    assert any(reason in breach for breach in figures["breaches"]), figures["breaches"]
    (line,) = [line for line in done.lines if line.startswith(f"{name} ")]
    assert line.endswith("REJECTED")
    lines = [line for line in done.lines if line.startswith("REJECTED ")]
    assert len(lines) == len(figures["breaches"])
    assert all(name in line for line in lines)


@pytest.mark.slow
def test_another_run_s_saved_model_is_rejected(run: SmallRun, tmp_path: Path) -> None:
    """It is sound, it has the same names and labels, and it is not this model."""
    with small_runs.working_folder(tmp_path):
        flags = ["--epochs", "1", "--random-state", "7", "--output", "other"]
        trained = small_runs.main("train", run.csv, *small_runs.FLAGS, *flags)
        assert trained.code == 0, trained.err
        exported = small_runs.main("export", "other", "--formats", "savedmodel", "--output", "others")
        assert exported.code == 0, exported.out + exported.err
    folder = copy(run, tmp_path / "e", "predict.onnx")
    shutil.copytree(tmp_path / "others/savedmodel", folder / "savedmodel")
    done = small_runs.main("verify", folder)
    assert done.code == 1
    figures = proof(folder)["artefacts"]
    assert figures["predict.onnx"]["passed"]
    assert not figures["savedmodel/1"]["passed"]
    assert figures["savedmodel/1"]["kept_as"] == "savedmodel/1.rejected"
    assert (folder / "savedmodel/1.rejected/saved_model.pb").exists()
    assert not (folder / "savedmodel/1").exists()
    # and once more: what was kept aside the first time is in the way of nothing
    shutil.copytree(tmp_path / "others/savedmodel/1", folder / "savedmodel/1")
    assert small_runs.main("verify", folder).code == 1
    assert not (folder / "savedmodel/1").exists()


@pytest.mark.slow
def test_export_fails_when_an_artefact_does(run: SmallRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With exit code 1, the folder there, and no word of what to do next with the rejected file.

    What becomes of a proven folder that it was to replace is in export/test_export.py.
    """
    from mmkeras.exporting.formats import tflite

    write = tflite.export

    def wrong(graphs: Any, assets: Any, folder: Path, precision: str) -> dict[str, Path]:
        paths = write(graphs, assets, folder, precision)
        tflite_table(run, folder)
        return paths

    monkeypatch.setattr(tflite, "export", wrong)
    with small_runs.working_folder(tmp_path):
        done = small_runs.main("export", run.folder, "--formats", "tflite", "--output", "e")
    assert done.code == 1
    assert (tmp_path / "e/predict.tflite.rejected").exists()
    assert not (tmp_path / "e/predict.tflite").exists()
    assert proof(tmp_path / "e")["passed"] is False
    assert "next:" not in done.out
    assert ".partial" not in done.out, "the folder has another name by now"


# a folder as it stands on another machine


@pytest.mark.slow
def test_what_was_rejected_stays_rejected(run: SmallRun, tmp_path: Path) -> None:
    """However often it is verified, until it is exported again; what is left can be checked by its format."""
    folder = copy(run, tmp_path / "e", "predict.tflite", "predict.onnx")
    onnx_empty(run, folder)
    for _ in range(2):
        done = small_runs.main("verify", folder)
        assert done.code == 1
        report = proof(folder)
        assert report["passed"] is False
        assert report["artefacts"]["predict.onnx"]["kept_as"] == "predict.onnx.rejected"
    assert "REJECTED predict.onnx: it was rejected earlier" in done.out
    done = small_runs.main("verify", folder, "--formats", "tflite")
    assert done.code == 0, done.out + done.err
    assert proof(folder)["not_checked"] == ["predict.onnx"]
