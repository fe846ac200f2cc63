"""The prompt of `mmkeras generate`, and the lines of a pipe."""

from __future__ import annotations

import os

import numpy as np
import pytest

from mmkeras.data.targets.target_tokenizer import TargetTokenizer
from mmkeras.generation.prompt import StreamedStep, history_path, lines_of


def test_lines_come_as_they_arrive_and_a_character_may_arrive_in_parts() -> None:
    reading, writing = os.pipe()
    lines = lines_of(reading)
    os.write(writing, "één\r\n\nzw".encode())
    assert next(lines) == ["één", ""]
    first, second = "ö".encode()[:1], "ö".encode()[1:]
    os.write(writing, first)
    os.write(writing, second + b"lf\nlast")
    os.close(writing)
    assert [line for part in lines for line in part] == ["zwölf", "last"]
    os.close(reading)


def test_a_streamed_step_shows_the_text_behind_the_prompt_alone() -> None:
    tokenizer = TargetTokenizer("word", (b"", b" <unk>", b" one", b" two", b" three"))
    shown: list[str] = []
    calls = FakeRunner()
    step = StreamedStep(calls, tokenizer, 2, shown.append)
    for token in (0, 2, 3, 4):  # EOS, the prompt `one`, then what is generated
        step({"piece": np.array([[token]])})
    assert shown == [" two", " two three"]
    assert calls.count == 4
    step({"piece": np.array([[2], [3]])})  # the rows of a beam are not shown
    assert len(shown) == 2


class FakeRunner:
    def __init__(self) -> None:
        self.signature: dict[str, object] = {}
        self.count = 0

    def __call__(self, inputs: object, names: object = None) -> dict[str, np.ndarray]:
        self.count += 1
        return {}


def test_the_history_lies_where_the_system_keeps_states(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert str(history_path()) == "/state/mmkeras/generate_history"
