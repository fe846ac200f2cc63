"""Libraries' messages: off the screen, but for what explains a failure, and for whoever asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_runs

from mmkeras.system.noise import without_chatter

CODE = """
import os, sys
from mmkeras.system.noise import muted_at_first, native_noise_muted
with native_noise_muted(), muted_at_first("nested"):
    os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\nF0000 the reason\\n")
    {}
os.write(2, b"after\\n")
"""


@pytest.mark.parametrize(
    ("then", "seen"),
    [
        ("pass", ["after"]),
        ("os.abort()", ["F0000 the reason"]),
        ("raise SystemExit(3)", []),
        ("raise KeyboardInterrupt", ["KeyboardInterrupt"]),
        ("raise RuntimeError", ["F0000 the reason", "RuntimeError"]),
    ],
)
def test_what_is_seen(then: str, seen: list[str], tmp_path: Path) -> None:
    done = small_runs.process("-c", CODE.format(then), cwd=tmp_path)
    lines = done.err.splitlines()
    assert [line for line in lines if line[:1].isalpha() and not line.startswith("Traceback")] == seen


def test_whoever_asks_sees_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = f"import os; os.environ['TF_CPP_MIN_LOG_LEVEL'] = '0'{CODE.format('pass')}"
    done = small_runs.process("-c", wanted, cwd=tmp_path)
    assert [line.split()[0] for line in done.err.splitlines()] == ["INFO:", "F0000", "after"]


@pytest.mark.parametrize(
    "line",
    [
        "I0000 00:00:1796062653.197278    3846 port.cc:153] oneDNN custom operations are on.",
        "2026-11-30 18:17:43.1: I tensorflow/core/util/port.cc:153] oneDNN custom operations are on.",
        "E0000 00:00:1796062655.793991    3846 cuda_platform.cc:52] failed call to cuInit: INTERNAL: CUDA error: (303)",
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
    ],
)
def test_chatter(line: str) -> None:
    assert without_chatter(f"{line}\nterminate called after std::bad_alloc\n".encode()).startswith(b"terminate")
