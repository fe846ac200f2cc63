"""CIDEr (Vedantam et al. 2015, arXiv:1411.5726), without its stemmer: similarity of TF-IDF vectors of n-grams."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

LONGEST = 4


def grams(text: str, n: int) -> Counter[tuple[str, ...]]:
    """Counts of the n-grams of words, in lower case."""
    words = re.findall(r"\w+", text.lower())
    return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))


def cider(texts: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """The mean over texts and over n = 1 … 4 of the cosine between TF-IDF vectors, times 10.

    The idf of an n-gram counts the texts that have it in any of their references.
    """
    scores = []
    for n in range(1, LONGEST + 1):
        frequency = Counter(gram for refs in references for gram in set().union(*(grams(ref, n) for ref in refs)))
        log_texts = math.log(len(references))

        def vector(text: str, n: int = n, frequency: Any = frequency, log_texts: float = log_texts) -> dict:
            counts = grams(text, n)
            idf = {gram: log_texts - math.log(max(1, frequency[gram])) for gram in counts}
            return {gram: count / counts.total() * idf[gram] for gram, count in counts.items()}

        for text, refs in zip(texts, references, strict=True):
            candidate = vector(text)
            scores.append(np.mean([cosine(candidate, vector(ref)) for ref in refs]))
    return 10.0 * float(np.mean(scores))


def cosine(a: dict, b: dict) -> float:
    """Cosine of two sparse vectors; 0 if one is empty."""
    norms = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
    return sum(value * b.get(key, 0.0) for key, value in a.items()) / norms if norms else 0.0
