"""Baselines of captions: one sentence for every picture, and the caption of the most similar training picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.generation.caption_score import cider
from mmkeras.metrics.texts import text_figures

SIDE = 16


def peers(shared: Path, work: Path) -> dict[str, dict[str, float]]:
    """Scores of both baselines on the test pictures, by the metrics of `benchmarks.generation`."""
    train, test = (pd.read_csv(work / f"captions_{split}.csv", dtype=str) for split in ("train", "test"))
    references = test.groupby("image", sort=False)["caption"].apply(list)
    captions = train.groupby("image", sort=False)["caption"].apply(list)
    constant = best_constant(captions)
    train_pixels, test_pixels = (
        np.array([thumbnail(shared / path) for path in table.index]) for table in (captions, references)
    )
    nearest = [int(np.square(train_pixels - pixels).sum(1).argmin()) for pixels in test_pixels]
    texts = {"constant": [constant] * len(references), "nearest": [captions.iloc[k][0] for k in nearest]}
    return {name: figures(predicted, references.tolist()) for name, predicted in texts.items()}


def figures(texts: list[str], references: list[list[str]]) -> dict[str, float]:
    """BLEU and CIDEr."""
    return {"bleu": text_figures(texts, references)["bleu"], "cider": cider(texts, references)}


def best_constant(captions: Any) -> str:
    """Of 400 training captions, the one with the highest BLEU as the text of every fourth training picture."""
    texts = [text for references in captions for text in references]
    candidates = texts[:: max(1, len(texts) // 400)]
    sample = captions.tolist()[::4]
    return max(candidates, key=lambda text: text_figures([text] * len(sample), sample)["bleu"])


def thumbnail(path: Path) -> np.ndarray:
    """16 x 16 pixels of three colours, [768], without the picture's mean brightness."""
    from PIL import Image

    with Image.open(path) as image:
        small = np.asarray(image.convert("RGB").resize((SIDE, SIDE)), "float32").ravel()
    return np.asarray(small - small.mean())
