"""Sizes as people write them."""

from __future__ import annotations

import pytest

from mmkeras.config.sizes import in_words, size_of
from mmkeras.errors import InputError


@pytest.mark.parametrize(
    ("words", "n_bytes"),
    [
        ("1MB", 1_000_000),
        ("1M", 1_000_000),
        ("300kB", 300_000),
        ("300 KB", 300_000),
        ("0.5mb", 500_000),
        (".5 MiB", 524_288),
        ("2KiB", 2048),
        ("1,000,000", 1_000_000),
        ("700000", 700_000),
        ("1GB", 10**9),
    ],
)
def test_a_size_is_read(words: str, n_bytes: int) -> None:
    assert size_of(words) == n_bytes


@pytest.mark.parametrize("words", ["", "MB", "1XB", "-1MB", "1MB2", "0", "0.0kB", "one", "1e6"])
def test_what_is_no_size_is_refused(words: str) -> None:
    with pytest.raises(InputError, match="expected a size"):
        size_of(words)


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [(999, "999 bytes"), (1000, "1 kB"), (298_412, "298.4 kB"), (1_000_000, "1 MB"), (19_817_568, "19.82 MB")],
)
def test_a_size_in_words(n_bytes: int, words: str) -> None:
    assert in_words(n_bytes) == words
