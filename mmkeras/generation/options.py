"""How the next piece is chosen from log-probabilities: the most probable, or by chance; what may not be written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmkeras.data.target_tokenizer import UNKNOWN
from mmkeras.errors import InputError

NEVER = -1e9  # the log-probability of what may not be written


@dataclass(frozen=True)
class Choice:
    """How pieces are chosen: greedy, by a beam, or by chance."""

    beam: int = 1
    """Texts kept side by side; 1 for the most probable piece each time."""
    length_penalty: float = 1.0
    """How much longer texts are favoured by a beam (alpha of Wu et al. 2016, arXiv:1609.08144, eq. 14)."""
    temperature: float = 0.0
    """0 for the most probable piece; above, pieces are drawn, the more evenly the higher."""
    top_k: int = 0
    """Draw from so many of the most probable pieces; 0 for all."""
    top_p: float = 1.0
    """Draw from the fewest pieces whose probabilities sum to this (Holtzman et al. 2020)."""
    seed: int = 0
    """Seed of what is drawn."""
    no_repeat: int = 0
    """No run of so many pieces comes twice, counting what a language model goes on with; 0 to allow it."""
    longest: int | None = None
    """Most pieces to write. Default: as many as the model was made for."""
    unknown: bool = False
    """Let the unknown piece be written."""

    def check(self) -> None:
        """Raise InputError for numbers outside their range, or that contradict each other."""
        for name, low, high in (
            ("beam", 1, 64),
            ("length_penalty", 0.0, 10.0),
            ("temperature", 0.0, 10.0),
            ("top_k", 0, 10**6),
            ("top_p", 1e-6, 1.0),
            ("no_repeat", 0, 100),
            ("longest", 1, 100_000),
            ("seed", 0, 2**62),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"--{name.replace('_', '-')} {value}: expected a number between {low} and {high}.")
        if self.beam > 1 and self.temperature:
            raise InputError("--beam and --temperature contradict each other: a beam draws nothing by chance.")
        if not self.temperature and (self.top_k or self.top_p < 1):
            raise InputError("--top-k and --top-p are for drawing by chance: give a --temperature, such as 0.8.")


def allowed_of(said: np.ndarray, texts: Sequence[Sequence[int]], choice: Choice) -> np.ndarray:
    """Log-probabilities where what may not be written is NEVER. texts: of each row all pieces, a prompt's in front."""
    allowed = said.copy()
    if not choice.unknown:
        allowed[:, UNKNOWN] = NEVER
    n = choice.no_repeat
    for row, text in zip(allowed, texts, strict=True) if n else ():
        last = tuple(text[len(text) - n + 1 :])  # the n - 1 pieces before the next
        for start in range(len(text) - n + 1):
            if tuple(text[start : start + n - 1]) == last:
                row[text[start + n - 1]] = NEVER
    return allowed


def draw(allowed: np.ndarray, choice: Choice, rng: np.random.Generator) -> np.ndarray:
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
