"""scikit-learn: TF-IDF of word 1–2-grams (Chinese: character 1–2-grams) and a linear classifier.

    python -m benchmarks.peers.sklearn_tfidf train.csv test.csv --output folder --classifier svm [--tune]

Reads the CSV with pandas and saves with joblib, as its users do.
"""

from __future__ import annotations

import argparse
import math
import statistics
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.peers.command import Model, Peer, run

GRID = (0.1, 0.3, 1.0, 3.0, 10.0)
FOLDS = 5
FOLDED_ROWS = 10_000
"""Tables of at most so many training rows are tuned on all folds, larger ones on the first, which says enough."""

MODEL = "model.joblib"


def add_flags(parser: argparse.ArgumentParser) -> None:
    """The classifier and its settings."""
    parser.add_argument("--classifier", choices=("svm", "logistic"), default="svm")
    parser.add_argument("--C", type=float, default=1.0, help="scikit-learn's own default is 1")
    parser.add_argument("--tune", action="store_true", help=f"pick C from {GRID} by folds of the training rows")
    parser.add_argument(
        "--token-pattern", default=r"\w+", help=r"scikit-learn's own, (?u)\b\w\w+\b, drops words of one letter"
    )


def make_pipeline(args: argparse.Namespace, c: float) -> Any:
    """Vectorizer and classifier, neither fitted yet."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import Pipeline

    if args.characters:
        vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    else:
        vectorizer = TfidfVectorizer(token_pattern=args.token_pattern, ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    return Pipeline([("tfidf", vectorizer), ("classifier", make_classifier(args, c))])


def make_classifier(args: argparse.Namespace, c: float) -> Any:
    """The linear classifier with this C."""
    if args.classifier == "svm":
        from sklearn.svm import LinearSVC

        return LinearSVC(C=c, random_state=args.seed)
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=1000)


def train(args: argparse.Namespace) -> dict[str, Any]:
    """Read the CSV, fit and save. Returns the C in use and, with --tune, what each C scored."""
    import joblib
    import pandas as pd

    rows = pd.read_csv(args.train, keep_default_na=False)  # "null" and "NA" are words here
    texts, labels = rows["text"].tolist(), rows["label"].tolist()
    settings: dict[str, Any] = {"C": args.C}
    if args.tune:
        settings = tune(args, texts, labels)
    pipeline = make_pipeline(args, settings["C"]).fit(texts, labels)
    joblib.dump(pipeline, args.output / MODEL)
    return settings


def tune(args: argparse.Namespace, texts: list[str], labels: list[str]) -> dict[str, Any]:
    """Pick C by the mean accuracy on stratified fifths of the training rows, as GridSearchCV does.

    A text that repeats itself may stand on both sides, as some test texts stand in train, too. Among equals the C
    nearest to scikit-learn's own wins.
    """
    from sklearn.model_selection import StratifiedKFold

    scores: dict[float, list[float]] = {c: [] for c in GRID}
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=42).split(texts, labels)
    for fit, held in islice(folds, FOLDS if len(texts) <= FOLDED_ROWS else 1):
        fit_texts, fit_labels = [texts[i] for i in fit], [labels[i] for i in fit]
        vectorizer = make_pipeline(args, 1.0).named_steps["tfidf"]
        fit_features = vectorizer.fit_transform(fit_texts)
        held_features, held_labels = vectorizer.transform([texts[i] for i in held]), [labels[i] for i in held]
        for c in GRID:
            scores[c].append(make_classifier(args, c).fit(fit_features, fit_labels).score(held_features, held_labels))
    means = {c: statistics.fmean(each) for c, each in scores.items()}
    best = max(GRID, key=lambda c: (means[c], -abs(math.log(c))))
    return {"C": best, "held_out_accuracy": means, "folds": len(scores[best])}


def load(folder: Path) -> Model:
    """The saved pipeline."""
    import joblib

    pipeline = joblib.load(folder / MODEL)
    return Model(
        predict=lambda texts: [str(label) for label in pipeline.predict(texts)],
        answer=lambda text: str(pipeline.predict([text])[0]),
    )


PEER = Peer(add_flags, train, load, (MODEL,))

if __name__ == "__main__":
    run(__doc__, PEER)
