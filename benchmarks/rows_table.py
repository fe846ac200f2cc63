"""A CSV of any number of made-up texts: words by Zipf's law, and each class prefers some of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

WORDS: Final = 120_000
CLASSES: Final = 10
TOPIC_SHARE: Final = 0.04  # of the words of a text are words of its class
TOPIC_WORDS: Final = 2_000
CHUNK: Final = 2_000  # rows that are made at once
SYLLABLES: Final = [c + v + e for c in "bcdfglmnprstvw" for v in "aeiou" for e in ("", "n", "r", "s", "t")]


def words(rng: np.random.Generator) -> np.ndarray:
    """WORDS made-up words, the frequent ones short."""
    lengths = 1 + (np.log2(np.arange(WORDS) + 2) / 7).astype(int)
    parts = rng.integers(len(SYLLABLES), size=(WORDS, int(lengths.max())))
    return np.array(["".join(SYLLABLES[p] for p in row[:n]) for row, n in zip(parts, lengths, strict=True)], object)


def write_table(path: Path, rows: int, n_bytes: int, seed: int = 0) -> Path:
    """Write `rows` texts of about `n_bytes` bytes as a CSV with the columns text and label."""
    rng = np.random.default_rng(seed)
    vocabulary = words(rng)
    topics = rng.integers(200, WORDS, size=(CLASSES, TOPIC_WORDS))
    frequencies = 1 / (np.arange(WORDS) + 5.0)
    cumulated = np.cumsum(frequencies / frequencies.sum())
    mean = _mean_bytes(vocabulary, frequencies)
    per_text = max(3, round(n_bytes / mean))
    with path.open("w", encoding="utf-8") as file:
        file.write("text,label\n")
        for start in range(0, rows, CHUNK):
            n = min(CHUNK, rows - start)
            label = rng.integers(CLASSES, size=n)
            index = np.searchsorted(cumulated, rng.random((n, per_text)))  # [n, words]
            of_topic = rng.random((n, per_text)) < TOPIC_SHARE
            topical = topics[label[:, None], (TOPIC_WORDS * rng.random((n, per_text)) ** 2).astype(int)]
            index = np.where(of_topic, topical, np.minimum(index, WORDS - 1))
            file.writelines(
                f'"{" ".join(vocabulary[row])}.",class {k}\n' for row, k in zip(index, label.tolist(), strict=True)
            )
    return path


def _mean_bytes(vocabulary: np.ndarray, frequencies: np.ndarray) -> float:
    """Bytes of a word of a text on average, with the space behind it."""
    lengths = np.array([len(word) + 1.0 for word in vocabulary])
    usual = float(lengths @ frequencies / frequencies.sum())
    return (1 - TOPIC_SHARE) * usual + TOPIC_SHARE * float(lengths.mean())
