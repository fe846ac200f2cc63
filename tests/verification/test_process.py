"""The process that answers: without Keras, with memory of its own, and what it leaves when it dies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from made_up_samples import made_up_samples
from small_runs import LABELS, SmallRun

from mmkeras.verification import predictions
from mmkeras.verification.process import heard_by, in_own_process
from mmkeras.verification.samples import save_samples

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
    figures, *_ = predictions.predict_in_own_process(
        run.exported / "predict.tflite", run.exported / "sample_inputs.npz"
    )
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
        predictions.predict_in_own_process(tmp_path / "m.txt", tmp_path / "s.npz")


def test_an_answering_process_that_is_killed_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], -9, "", "")

    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(RuntimeError, match="-9"):
        predictions.predict_in_own_process(tmp_path / "m.onnx", tmp_path / "s.npz")


# the comparison itself


def test_verify_runs_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And finds this package, wherever it was started: `cd /elsewhere; python /repository/export.py …`."""
    seen: list[Any] = []

    def record(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        seen.append((command, options))
        return subprocess.CompletedProcess(command, 1, "", "words")

    monkeypatch.setattr(subprocess, "run", record)
    with pytest.raises(RuntimeError, match="words"):
        predictions.predict_in_own_process(tmp_path / "m.onnx", tmp_path / "s.npz")
    ((command, options),) = seen
    assert command[:3] == [sys.executable, "-m", "mmkeras.verification.clean_process.predictions"]
    assert str(small_runs.ROOT) in options["env"]["PYTHONPATH"]


def test_an_answering_process_that_never_ends_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "sleeps.py").write_text("import time; time.sleep(60)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(RuntimeError, match="it did not end within 0.5 seconds"):
            in_own_process("sleeps", [], tmp_path / "out", seconds=0.5)


def test_an_answering_process_reports_how_far_it_is(tmp_path: Path) -> None:
    code = (
        "import sys; from mmkeras.verification import process\nprocess.OFTEN = 0\nreport = process.Report(3)\n"
        "report.advance(1); report.advance(9); open(sys.argv[1], 'w')"
    )
    (tmp_path / "reports.py").write_text(code)
    heard: list[tuple[int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        with heard_by(lambda done, total: heard.append((done, total))):
            in_own_process("reports", [], tmp_path / "out")
        in_own_process("reports", [], tmp_path / "nobody listens")
    assert heard == [(1, 3), (3, 3)]
