"""A flag of several values that is given twice has the values of both."""

from __future__ import annotations

import pytest

from mmkeras.cli.dispatch import parse
from mmkeras.cli.repeated import joined
from mmkeras.errors import InputError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("f t --input a=1 b=2 --beam 2", "f t --input a=1 b=2 --beam 2"),
        ("f t --input a=1 --beam 2 --input b=2", "f t --beam 2 --input a=1 b=2"),
        ("--input a=1 --input=b=2 t --in_put c=3", "t --in_put c=3 --input a=1 b=2"),
        ("--input a=1 --input b=2 -- --input t", "--input a=1 b=2 -- --input t"),
        ("--input=a=1 t", "--input=a=1 t"),
    ],
)
def test_words(given: str, expected: str) -> None:
    assert joined(given.split(" "), {"input"}) == expected.split(" ")


def test_commands() -> None:
    assert parse("generate", ["f", "t", "--input", "a=1", "--input", "b=2"]).input == ("a=1", "b=2")  # type: ignore[attr-defined]
    assert parse("train", ["a.csv", "--text", "a", "--text=b"]).data.text == ("a", "b")  # type: ignore[attr-defined]


@pytest.mark.parametrize("words", [["--text"], ["a.csv", "--text", "--epochs", "3"], ["--text", "--", "a"]])
def test_a_flag_without_a_value_is_told(words: list[str]) -> None:
    with pytest.raises(InputError, match="--text: expected a value behind it"):
        joined(words, ["text"])
