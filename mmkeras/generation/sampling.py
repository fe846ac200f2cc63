"""Log-probabilities -> the next token: tokens that may not be generated are masked, and one is drawn at random."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.data.targets.target_tokenizer import UNK
from mmkeras.generation.options import GenerationOptions

NEVER = -1e9  # the log-probability of a token that may not be generated


def mask_log_probs(log_probs: np.ndarray, prefixes: Sequence[Sequence[int]], options: GenerationOptions) -> np.ndarray:
    """Log-probabilities [b, vocabulary], NEVER for tokens that the options forbid.

    prefixes: of each row all token ids before the next, those of the prompt first.
    """
    masked = log_probs.copy()
    if not options.unknown:
        masked[:, UNK] = NEVER
    n = options.no_repeat
    for row, ids in zip(masked, prefixes, strict=True) if n else ():
        last = tuple(ids[len(ids) - n + 1 :])  # the n - 1 tokens before the next
        for start in range(len(ids) - n + 1):
            if tuple(ids[start : start + n - 1]) == last:
                row[ids[start + n - 1]] = NEVER
    return masked


def draw(masked: np.ndarray, options: GenerationOptions, rng: np.random.Generator) -> np.ndarray:
    """Sample a token of each row, int [b]."""
    highest = masked.max(1, keepdims=True)  # subtracted first, in float64: a temperature may be next to nothing
    with np.errstate(over="ignore"):  # -inf is what is meant
        scaled = (masked - highest).astype("float64") / options.temperature
    order = np.argsort(-scaled, axis=1, kind="stable")
    ranked = np.take_along_axis(scaled, order, 1)
    weights = np.exp(ranked - ranked[:, :1])
    weights /= weights.sum(1, keepdims=True)
    if options.top_k:
        weights[:, options.top_k :] = 0
    weights[np.cumsum(weights, 1) - weights >= options.top_p] = 0  # the first that passes the sum still counts
    total = np.cumsum(weights, 1)
    rank = (total < rng.random((len(total), 1)) * total[:, -1:]).sum(1)
    return np.take_along_axis(order, rank[:, None], 1)[:, 0]
