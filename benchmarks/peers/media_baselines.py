"""What plain scikit-learn gets on the same split: the figures to hold the multimodal model against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from mmkeras.modalities.audio.cells import read_clip
from mmkeras.modalities.audio.spec import audio_spec
from mmkeras.modalities.audio.spectrum import log_mel
from mmkeras.modalities.media.paths import MediaRoot


def rows(path: Path) -> pd.DataFrame:
    """A CSV's rows as text."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def spectra(table: pd.DataFrame, folder: Path) -> np.ndarray:
    """float32 [n, frames * mels]: the log-mel of each clip, silence behind it."""
    spec = audio_spec(8000, 1.0)
    return np.stack([log_mel(read_clip(c, MediaRoot(str(folder)), spec), spec).ravel() for c in table["audio"]])


def fsdd(folder: Path) -> dict[str, float]:
    """A linear model of log-mel, on both splits."""
    found = {}
    for split, train, test in (("official", "train", "test"), ("new speaker", "speaker_train", "speaker_test")):
        learned, asked = rows(folder / f"{train}.csv"), rows(folder / f"{test}.csv")
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
        model.fit(spectra(learned, folder), learned["label"])
        found[f"{split}, logistic regression of log-mel"] = float(model.score(spectra(asked, folder), asked["label"]))
    return found


def mvsa(folder: Path) -> dict[str, float]:
    """The most frequent class, and linear models of the text."""
    learned, asked = rows(folder / "train.csv"), rows(folder / "val.csv")
    found = {"most frequent class": float((asked["label"] == learned["label"].mode()[0]).mean())}
    words = TfidfVectorizer(sublinear_tf=True, min_df=2)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    for name, features, model in (
        ("words, LinearSVC", words, LinearSVC()),
        ("words, logistic regression", words, LogisticRegression(max_iter=1000)),
        ("pieces of words, logistic regression", pieces, LogisticRegression(C=2.0, max_iter=2000)),
        ("words and pieces, logistic regression", make_union(words, pieces), LogisticRegression(C=2.0, max_iter=2000)),
    ):
        text = make_pipeline(features, model)
        text.fit(learned["text"], learned["label"])
        found[f"TF-IDF of {name}"] = float(text.score(asked["text"], asked["label"]))
    return found


PEERS: dict[str, Callable[[Path], dict[str, float]]] = {"fsdd": fsdd, "mvsa": mvsa}
