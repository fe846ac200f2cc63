"""What the tokens of a memory are called in an attention map."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mmkeras.modalities.audio.spec import audio_spec
from mmkeras.modalities.text.spec import TextSpec

TEXT = SimpleNamespace(state=SimpleNamespace(spec=TextSpec(orders=1)))
BLOCK = SimpleNamespace(columns=(SimpleNamespace(name="a"), SimpleNamespace(name="b")))


@pytest.mark.parametrize(
    ("column", "kind", "length", "words"),
    [
        (TEXT, "text", 4, ["two", "dogs", "狗", ""]),
        (TEXT, "text", 2, ["two", "dogs"]),
        (TEXT, "text", 1, ["the column"]),
        (None, "image", 4, ["row 1, column 1", "row 1, column 2", "row 2, column 1", "row 2, column 2"]),
        (None, "image", 3, ["the column 1", "the column 2", "the column 3"]),
        (SimpleNamespace(spec=audio_spec(8000, 1.0)), "audio", 3, ["0.00 s", "0.04 s", "0.08 s"]),
        (BLOCK, "number", 2, ["a", "b"]),
        (BLOCK, "number", 3, ["the column 1", "the column 2", "the column 3"]),
        (None, "date", 1, ["the column"]),
    ],
)
def test_words_places_seconds_and_names(column: Any, kind: str, length: int, words: list[str]) -> None:
    from mmkeras.tasks.text_generation.memory_words import token_words

    assert token_words(column, kind, "the column", "Two dogs, 狗!", length) == words
