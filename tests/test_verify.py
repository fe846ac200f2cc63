"""An artefact that does not answer like the model is caught, named and set aside, whatever has happened to it."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from made_up_samples import GRAPH, SIGNATURE, figures, made_up_samples
from small_runs import LABELS, SmallRun, copy, proof

from mmkeras.verification import verify
from mmkeras.verification.samples import Samples, load_samples, save_samples


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    return small_runs.exported_run(tmp_path_factory.getbasetemp())


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
    """One number of the table, by a hundredth: no label changes."""

    def change(value: np.ndarray) -> np.ndarray:
        value[1, 0] += 0.01
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
    (tflite_later_cut, "predict.tflite", "max_bytes"),
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
    said = [line for line in done.lines if line.startswith("REJECTED ")]
    assert len(said) == len(figures["breaches"])
    assert all(name in line for line in said)


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

    What becomes of a proven folder that it was to replace is in test_exporting.py.
    """
    from mmkeras.export.formats import tflite

    write = tflite.export

    def wrong(graph: Any, folder: Path) -> Path:
        path = write(graph, folder)
        tflite_table(run, folder)
        return path

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


# the process that answers

NO_KERAS = """
import sys, mmkeras.verification.clean_process.predictions as answer
real = answer.open_artefact
def open_artefact(*arguments, **options):
    for name in ("keras", "tf_keras", "keras.layers", "keras_hub"):
        try:
            __import__(name)
        except ImportError:
            continue
        sys.exit(f"{name} could be imported")
    return real(*arguments, **options)
answer.open_artefact = open_artefact
answer.main(*sys.argv[1:])
loaded = [name for name in sys.modules if name.split(".")[0] in ("keras", "tf_keras") and sys.modules[name]]
assert not loaded, loaded
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", small_runs.FORMATS)
def test_artefacts_answer_where_keras_is_blocked(name: str, run: SmallRun, tmp_path: Path) -> None:
    arguments = [run.exported / name, run.exported / "sample_inputs.npz", tmp_path / "answers.npz"]
    done = small_runs.process("-c", NO_KERAS, *arguments, cwd=tmp_path)
    assert done.code == 0, done.err
    with np.load(tmp_path / "answers.npz", allow_pickle=False) as answers:
        assert answers["batch_1"].shape == answers["batch_n"].shape == (32, len(LABELS))


@pytest.mark.slow
def test_peak_memory_is_the_answering_process_s_own(run: SmallRun) -> None:
    """Asked for by a process with TensorFlow and a gigabyte in it, LiteRT still takes a few tens of MiB.

    getrusage's ru_maxrss would start from what the parent had when it forked.
    """
    ballast = np.ones(40_000_000)  # 305 MiB, all touched
    assert len(ballast)
    figures, *_ = verify.answers(run.exported / "predict.tflite", run.exported / "sample_inputs.npz")
    assert 20 < figures["peak_memory_mib"] < 150


def test_peak_memory_is_the_most_there_ever_was(tmp_path: Path) -> None:
    """Not what is left at the end."""
    if not Path("/proc/self/status").exists():
        pytest.skip("VmHWM is Linux")
    code = (
        "import numpy as np; from mmkeras.verification.clean_process.predictions import peak_memory_mib\n"
        "before = peak_memory_mib(); b = np.ones(25_000_000); del b; print(peak_memory_mib() - before)"
    )
    grown = float(small_runs.process("-c", code, cwd=tmp_path).out)
    assert 180 < grown < 260, "25 million doubles are 191 MiB"


def test_an_answering_process_that_dies_gives_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("no model")
    samples = made_up_samples()
    save_samples(samples, tmp_path / "s.npz")
    with pytest.raises(RuntimeError, match=r"m\.txt: expected a \.tflite file"):
        verify.answers(tmp_path / "m.txt", tmp_path / "s.npz")


def test_an_answering_process_that_is_killed_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], -9, "", "")

    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(RuntimeError, match="-9"):
        verify.answers(tmp_path / "m.onnx", tmp_path / "s.npz")


# the comparison itself


def breaches(results: list[np.ndarray], **changed: Any) -> list[str]:
    return list(verify.check(figures(**changed), results, made_up_samples(), SIGNATURE)["breaches"])


def test_equal_answers_pass() -> None:
    p = made_up_samples().answers
    assert breaches([p, p]) == []
    assert breaches([p + np.float32(4e-6), p]) == []


@pytest.mark.parametrize("place", [0, 1])
def test_a_breach_at_either_batch_size_counts(place: int) -> None:
    p = made_up_samples().answers
    results = [p, p]
    results[place] = p + np.float32(3e-5)
    (breach,) = breaches(results)
    assert breach == "probabilities differ by up to 3.0e-05, more than 1e-05"
    results[place] = p[:, ::-1]
    assert any(b.startswith("labels differ on") for b in breaches(results))


def test_a_single_other_label_counts() -> None:
    p = made_up_samples().answers
    other = p.copy()
    other[7] = np.roll(other[7], 1)
    assert "labels differ on 1 rows, the first [7]" in breaches([p, other])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_a_breach(value: float) -> None:
    p = made_up_samples().answers
    other = p.copy()
    other[3, :] = value
    found = breaches([other, p])
    assert "some probabilities are not numbers" in found


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (2005.0, 8.9), (1.7e9, 1e7), (1e-7, 1e-9)])
def test_numbers_may_differ_by_a_step_of_float32_and_a_little(mean: float, deviation: float) -> None:
    """What a target's unit is decides nothing: the same answer, rounded, passes, and what is off by more does not."""
    exact = mean + deviation * np.random.default_rng(0).normal(size=(1000, 1))
    contract = {"task": "regress", "targets": {"deviation": [deviation]}}

    def difference(by: float) -> float:
        found = (exact + by * deviation).astype("float32"), exact.astype("float32")
        return verify.largest_difference(*found, contract)

    assert difference(4e-6) <= verify.LARGEST_DIFFERENCE
    step = float(np.spacing(np.float32(np.abs(exact).max()))) / deviation
    assert difference(2e-5 + 2 * step) > verify.LARGEST_DIFFERENCE


def test_other_ids_and_names_are_breaches() -> None:
    p = made_up_samples().answers
    (breach,) = breaches([p, p], rows_with_other_ids={"1": [], "32": [4, 9]})
    assert breach.startswith("token ids differ on rows [4, 9]")
    assert len(breaches([p, p], ids_checked=[])) == 1, "an artefact without ids cannot be checked"
    (breach,) = breaches([p, p], signature={**GRAPH, "labels": ["x", "z", "y"]})
    assert breach.startswith("its labels inside the file are ['x', 'z', 'y'], where signature.json has ['x', 'y', 'z']")


def test_samples_survive_their_file(tmp_path: Path) -> None:
    before = made_up_samples()
    empty = Samples({**before.inputs, "b": [b"", *before.inputs["b"][1:]]}, before.truth, before.answers, before.ids)
    save_samples(empty, tmp_path / "s.npz")
    after = load_samples(tmp_path / "s.npz")
    assert after.inputs == empty.inputs
    np.testing.assert_array_equal(after.truth, empty.truth)
    assert after.answers.tobytes() == empty.answers.tobytes()
    for a, b in zip(after.ids["a_ids"], empty.ids["a_ids"], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_table_names_what_cannot_be_run() -> None:
    results = {"predict.onnx": {"rows": 0, "breaches": ["it cannot be run: x"], "passed": False}}
    lines = verify.table(results, "accuracy").splitlines()
    assert lines[1].split() == ["predict.onnx", *["-"] * 9, "REJECTED"]


def test_verify_runs_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And finds this package, wherever it was started: `cd /elsewhere; python /repository/export.py …`."""
    seen: list[Any] = []

    def record(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        seen.append((command, options))
        return subprocess.CompletedProcess(command, 1, "", "words")

    monkeypatch.setattr(subprocess, "run", record)
    with pytest.raises(RuntimeError, match="words"):
        verify.answers(tmp_path / "m.onnx", tmp_path / "s.npz")
    ((command, options),) = seen
    assert command[:3] == [sys.executable, "-m", "mmkeras.verification.clean_process.predictions"]
    assert str(small_runs.ROOT) in options["env"]["PYTHONPATH"]
