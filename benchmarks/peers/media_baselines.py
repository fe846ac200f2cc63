"""Plain scikit-learn on the same splits: the baselines of the multimodal model."""

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
    """Accuracy of a linear model of log-mel, on both splits."""
    accuracies = {}
    for split, train, test in (("official", "train", "test"), ("new speaker", "speaker_train", "speaker_test")):
        train_rows, test_rows = rows(folder / f"{train}.csv"), rows(folder / f"{test}.csv")
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
        model.fit(spectra(train_rows, folder), train_rows["label"])
        accuracy = model.score(spectra(test_rows, folder), test_rows["label"])
        accuracies[f"{split}, logistic regression of log-mel"] = float(accuracy)
    return accuracies


def mvsa(folder: Path) -> dict[str, float]:
    """Accuracy of the most frequent class, and of linear models of the text."""
    train, test = rows(folder / "train.csv"), rows(folder / "val.csv")
    accuracies = {"most frequent class": float((test["label"] == train["label"].mode()[0]).mean())}
    words = TfidfVectorizer(sublinear_tf=True, min_df=2)
    character_ngrams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2)
    for name, features, model in (
        ("words, LinearSVC", words, LinearSVC()),
        ("words, logistic regression", words, LogisticRegression(max_iter=1000)),
        ("pieces of words, logistic regression", character_ngrams, LogisticRegression(C=2.0, max_iter=2000)),
        (
            "words and pieces, logistic regression",
            make_union(words, character_ngrams),
            LogisticRegression(C=2.0, max_iter=2000),
        ),
    ):
        text = make_pipeline(features, model)
        text.fit(train["text"], train["label"])
        accuracies[f"TF-IDF of {name}"] = float(text.score(test["text"], test["label"]))
    return accuracies


PEERS: dict[str, Callable[[Path], dict[str, float]]] = {"fsdd": fsdd, "mvsa": mvsa}
