"""Flags that do not suit a model that writes are refused, as a user meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_runs
from small_texts import write_pairs


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pairs(tmp_path_factory.mktemp("pairs") / "pairs.csv")


# translation


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--fusion", "decision"), "Give attention, concat or sum"),
        (("--model", "mlp"), "--task generate needs a decoder"),
        (("--mixed-precision",), "trained in float32"),
        (("--cell", "gru"), "--cell: --task generate trains a Transformer"),
    ],
)
def test_flags_that_do_not_suit_a_writer(pairs: Path, flags: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = small_runs.main(
        "train", pairs, "--task", "generate", "--text", "en", "--target", "de", *flags, "--output", tmp_path / "r"
    )
    assert done.code == 2
    assert message in done.err


# language models


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "expected a text. Name a file"),
        (("--text", "a", "b"), "one text column"),
        (("--text-file", "t.txt", "--text", "a"), "--text: a language model is trained on one text"),
        (("--text-file", "t.txt", "--fusion", "sum"), "--fusion: a language model"),
        (("--text-file", "t.txt", "--max-tokens", "9"), "--max-tokens: a language model reads its text to the end"),
        (("--text-file", "t.txt", "--mixed-precision"), "trained in float32"),
    ],
)
def test_flags_that_do_not_suit_a_language_model(flags: tuple[str, ...], message: str, tmp_path: Path) -> None:
    done = small_runs.main("train", "--task", "language_model", *flags, "--output", tmp_path / "r")
    assert done.code == 2
    assert message in done.err
