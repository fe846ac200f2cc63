"""Lines of progress, on a terminal and off it."""

from __future__ import annotations

import sys
import time

import pytest

from mmkeras.system import progress


def test_progress_off_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    lines: list[str] = []
    counting = progress.Progress(("photo: ", " images checked"), 4869, lines.append)
    for _ in range(40):
        now[0] += 1.0
        counting.advance(100)
    counting.end()
    assert lines == ["photo: 1,500 of 4,869 images checked", "photo: 3,000 of 4,869 images checked"]
    assert counting.seconds == 40.0


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(progress, "LIVE_SECONDS", 0.0)
    counting = progress.Progress(("photo: ", " images checked"), 2, pytest.fail)
    counting.advance(1)
    counting.end()
    assert capsys.readouterr().out == "\rphoto: 1 of 2 images checked\x1b[K\r\r\x1b[K"


def test_a_long_block_is_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SILENT", 0.01)
    lines: list[str] = []
    with progress.not_silent(lines.append, "reading a.csv"):
        time.sleep(0.1)
    assert 2 <= len(lines) <= 5
    assert lines[0] == "still reading a.csv, 0 s so far"
    count = len(lines)
    time.sleep(0.05)
    assert len(lines) == count
    monkeypatch.setattr(progress, "SILENT", 10.0)
    with progress.not_silent(lines.append, "reading a.csv"):
        pass
    assert len(lines) == count
