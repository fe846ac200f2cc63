"""CIDEr (Vedantam et al. 2015, arXiv:1411.5726), without its stemmer: how much of telling n-grams is shared."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

LONGEST = 4


def grams(text: str, n: int) -> Counter[tuple[str, ...]]:
    """Runs of n words, in lower case."""
    words = re.findall(r"\w+", text.lower())
    return Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))


def cider(texts: Sequence[str], references: Sequence[Sequence[str]]) -> float:
    """The mean over texts and over n = 1 … 4 of the cosine between TF-IDF vectors, times 10.

    An n-gram's idf is from the references of all texts: in how many texts' references it stands.
    """
    scores = []
    for n in range(1, LONGEST + 1):
        seen = Counter(gram for refs in references for gram in set().union(*(grams(ref, n) for ref in refs)))
        total = math.log(len(references))

        def vector(text: str, n: int = n, seen: Counter[tuple[str, ...]] = seen, total: float = total) -> dict:
            counts = grams(text, n)
            return {g: c / counts.total() * (total - math.log(max(1, seen[g]))) for g, c in counts.items()}

        for text, refs in zip(texts, references, strict=True):
            own = vector(text)
            scores.append(np.mean([cosine(own, vector(ref)) for ref in refs]))
    return 10.0 * float(np.mean(scores))


def cosine(a: dict, b: dict) -> float:
    """Of two sparse vectors; 0 where one is empty."""
    size = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
    return sum(value * b.get(key, 0.0) for key, value in a.items()) / size if size else 0.0
