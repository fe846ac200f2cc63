"""The live line of a terminal, and what -q hides."""

from __future__ import annotations

import sys

import pytest

from mmkeras.system import screen


def test_quiet_hides_notes_inside_its_block() -> None:
    lines: list[str] = []
    with screen.quieted():
        screen.notes(lines.append)("hidden")
        with screen.quieted(False):
            screen.notes(lines.append)("shown")
        assert screen.is_quiet()
    screen.notes(lines.append)("shown again")
    assert lines == ["shown", "shown again"]


def test_the_live_line_is_cut_and_erased(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "11")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert screen.is_live()
    with screen.quieted():
        assert not screen.is_live()
    screen.show("step 1 of 1,000")
    screen.erase()
    screen.erase()
    assert capsys.readouterr().out == "\rstep 1 of \x1b[K\r\r\x1b[K"
