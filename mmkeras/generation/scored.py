"""How probable a language model finds a text, by the chain rule: what `mmkeras score` prints and Python is given."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np

from mmkeras.generation.generator import TextGenerator


@dataclass(frozen=True)
class Scored:
    """How probable a language model finds a text.

    tokens: the text's, with the end; log_probabilities: log P of each given the tokens before; perplexity: per token.
    """

    tokens: list[str]
    log_probabilities: list[float]
    log_probability: float
    perplexity: float

    def __repr__(self) -> str:
        figures = f"log_probability={self.log_probability:.4f}, perplexity={self.perplexity:.2f}"
        return f"Scored({figures}, {len(self.tokens)} tokens with the end)"


def score_text(generator: TextGenerator, text: str) -> Scored:
    """log P of a text, token by token, and its perplexity. The generator's model is a language model."""
    ids, terms = generator.score(text)
    log_probabilities = np.asarray(terms, "float64")
    total = float(log_probabilities.sum())
    names = [generator.tokenizer.name(token).strip() for token in ids]
    return Scored(names, log_probabilities.tolist(), total, perplexity_of(-total / len(ids)))


def perplexity_of(loss: float) -> float:
    """e to the mean loss per token; infinite where a float cannot hold it, as for a model that has diverged."""
    return math.exp(loss) if loss < math.log(sys.float_info.max) else math.inf
