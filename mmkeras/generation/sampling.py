"""Log-probabilities -> the next token: which tokens are allowed, and one of them drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.data.target_tokenizer import UNK
from mmkeras.generation.options import GenerationOptions

NEVER = -1e9  # the log-probability of a token that may not be generated


def allowed_of(said: np.ndarray, texts: Sequence[Sequence[int]], choice: GenerationOptions) -> np.ndarray:
    """Log-probabilities where what may not be written is NEVER. texts: of each row all pieces, a prompt's in front."""
    allowed = said.copy()
    if not choice.unknown:
        allowed[:, UNK] = NEVER
    n = choice.no_repeat
    for row, text in zip(allowed, texts, strict=True) if n else ():
        last = tuple(text[len(text) - n + 1 :])  # the n - 1 pieces before the next
        for start in range(len(text) - n + 1):
            if tuple(text[start : start + n - 1]) == last:
                row[text[start + n - 1]] = NEVER
    return allowed


def draw(allowed: np.ndarray, choice: GenerationOptions, rng: np.random.Generator) -> np.ndarray:
    """A piece a row by chance, int [b]."""
    likest = allowed.max(1, keepdims=True)  # taken away first, in float64: a temperature may be next to nothing
    with np.errstate(over="ignore"):  # -inf is what is meant
        scaled = (allowed - likest).astype("float64") / choice.temperature
    order = np.argsort(-scaled, axis=1, kind="stable")
    ranked = np.take_along_axis(scaled, order, 1)
    weights = np.exp(ranked - ranked[:, :1])
    weights /= weights.sum(1, keepdims=True)
    if choice.top_k:
        weights[:, choice.top_k :] = 0
    weights[np.cumsum(weights, 1) - weights >= choice.top_p] = 0  # the first that passes the sum still counts
    total = np.cumsum(weights, 1)
    place = (total < rng.random((len(total), 1)) * total[:, -1:]).sum(1)
    return np.take_along_axis(order, place[:, None], 1)[:, 0]
