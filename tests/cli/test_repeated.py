"""A flag of several values that is given twice has the values of both."""

from __future__ import annotations

import pytest

from mmkeras.cli.dispatch import parse
from mmkeras.cli.repeated import joined


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
