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
    assert lines == [
        "photo: 1,500 of 4,869 images checked, about 35 s left",
        "photo: 3,000 of 4,869 images checked, about 20 s left",
    ]
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


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "about 1 s"),
        (42, "about 40 s"),
        (100, "about 2 min"),
        (720, "about 12 min"),
        (3600 * 3.3, "about 3 h 20 min"),
        (3600 * 20.4, "about 20 h"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert progress.about(seconds) == words


def test_what_is_left_is_told_when_it_is_known() -> None:
    assert progress.left(1, 100, 0.5) == "", "too early"
    assert progress.left(25, 100, 10.0) == ", about 30 s left"
    assert progress.left(100, 100, 40.0) == ""


def test_a_line_of_the_block_breaks_the_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SILENT", 0.2)
    lines: list[str] = []
    with progress.not_silent(lines.append, "reading a.csv", estimate=60.0) as heard:
        for _ in range(3):
            time.sleep(0.1)
            heard("a note")
        time.sleep(0.5)
    assert lines == ["a note"] * 3 + ["still reading a.csv, 1 s so far, about 60 s left"]
