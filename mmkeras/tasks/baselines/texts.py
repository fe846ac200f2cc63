"""Baselines of tasks that write texts: one text for every row, and the frequencies of single tokens."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmkeras.config.config import Config
from mmkeras.metrics.texts import text_figures, text_statistics
from mmkeras.tasks.baselines.compare import compared


def compare_with_one_text(
    train: Sequence[str], generated: Sequence[str], references: Sequence[Sequence[str]], config: Config
) -> dict[str, Any]:
    """`baselines` of metrics.json: the most frequent training text for every row. {} with `--baseline none`."""
    if config.training.baseline == "none" or not generated:
        return {}
    text = Counter(train).most_common(1)[0][0]
    always = [text] * len(generated)
    figures = [text_figures(texts, references) for texts in (generated, always)]
    name = figures[0]["score_name"]
    statistics = [text_statistics(name, texts, references) for texts in (generated, always)]
    return {
        "baselines": {**compared([("majority", "always the most frequent text")], figures, statistics), "left_out": []}
    }


def compare_with_unigrams(
    streams: Mapping[str, np.ndarray], size: int, validation: Mapping[str, Any], config: Config
) -> dict[str, Any]:
    """`baselines` of metrics.json: the perplexity of each held-out token by its frequency in training, one added.

    streams: `train` and `validation` -> token ids int32 [n]; size: of the vocabulary; validation: the model's figures.
    """
    if config.training.baseline == "none":
        return {}
    held_out = streams["validation"]
    counts = np.bincount(streams["train"], minlength=size) + 1.0
    nats = float(-np.log(counts / counts.sum())[held_out].mean())
    model, unigram = {"score": float(validation["perplexity"])}, {"score": math.exp(nats)}
    entry = {"name": "unigram", "title": "frequencies of single tokens (unigrams)", **unigram}
    worse = model["score"] >= unigram["score"]
    remarks = ["the model is no better than the frequencies of single tokens: it has learned no context yet."] * worse
    shared = {"rows": len(held_out), "of": "tokens", "score_name": "perplexity", "remarks": remarks, "left_out": []}
    return {"baselines": {**shared, "model": model, "baselines": [entry]}}
