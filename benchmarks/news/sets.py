"""The sets of texts: the source of each, and its train.csv and test.csv with the columns `text` and `label`."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

QUICK_TRAIN, QUICK_TEST = 240, 80
"""Rows of a `--quick` set: enough to try the harness, too few for figures."""

DOCUMENT_SEED = 7


class SetMissing(RuntimeError):
    """A set is not on this machine. The message names the missing file and its source."""


@dataclass(frozen=True)
class NewsSet:
    """One set.

    short: its name in the table of all sets. files: of the folder of its name below --shared; BBC has none there.
    characters: peers without a tokenizer for Chinese take its characters as tokens. budget: a size below 1 MB that a
    model of this set is made for, too.
    """

    name: str
    short: str
    title: str
    files: tuple[str, str] | None = ("train.csv", "test.csv")
    characters: bool = False
    budget: str | None = None


SETS = {
    news.name: news
    for news in (
        NewsSet("trec", "TREC", "TREC questions, 6 classes"),
        NewsSet("webkb", "WebKB", "WebKB, pages of universities as stemmed words, 4 classes"),
        NewsSet("mr", "MR", "MR, sentences of film reviews, 2 classes"),
        NewsSet("bbc", "BBC", "BBC News, 5 classes, stratified 80/20", files=None, budget="300kB"),
        NewsSet(
            "news20",
            "20 Newsgroups",
            "20 Newsgroups by date, 20 classes, whole posts with headers",
            ("train.csv.gz", "test.csv.gz"),
            budget="500kB",
        ),
        NewsSet(
            "tnews",
            "TNEWS",
            "TNEWS (Chinese headlines), 15 classes, scored on dev",
            ("train.csv", "dev.csv"),
            characters=True,
            budget="700kB",
        ),
    )
}


@dataclass(frozen=True)
class Split:
    """A set, ready for every system.

    train, test: CSVs. documents: CSV of the test documents whose latency is measured. document: a text file with one
    test document, of median length. labels: of the test rows. unseen: a bool a test row: its text is not in train.
    """

    news: NewsSet
    train: Path
    test: Path
    documents: Path
    document: Path
    labels: list[str]
    unseen: list[bool]
    train_rows: int
    document_rows: int


def prepare(name: str, folder: Path, bbc: Path, shared: Path, quick: bool, documents: int) -> Split:
    """Write one set's files into `folder`.

    bbc: the CSV of BBC News, which is made if it is absent. shared: the folder of the other sets. documents: the
    number of test documents, drawn at random, whose latency is measured. Raises SetMissing if the source is absent.
    """
    train, test = read_set(name, bbc, shared)
    if quick:
        train, test = stratified(train, QUICK_TRAIN), stratified(test, QUICK_TEST)
    folder.mkdir(parents=True, exist_ok=True)
    train_texts = set(folded(train["text"]))
    drawn = test.sample(min(documents, len(test)), random_state=DOCUMENT_SEED)
    by_length = test["text"].iloc[test["text"].str.len().argsort()]
    split = Split(
        news=SETS[name],
        train=folder / "train.csv",
        test=folder / "test.csv",
        documents=folder / "documents.csv",
        document=folder / "document.txt",
        labels=test["label"].tolist(),
        unseen=[text not in train_texts for text in folded(test["text"])],
        train_rows=len(train),
        document_rows=len(drawn),
    )
    for rows, path in ((train, split.train), (test, split.test), (drawn, split.documents)):
        rows.to_csv(path, index=False, lineterminator="\n")
    split.document.write_text(by_length.iloc[len(by_length) // 2], encoding="utf-8")
    return split


def read_set(name: str, bbc: Path, shared: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows of a set."""
    files = SETS[name].files
    if files is None:
        return split_bbc(bbc)
    train, test = (shared / name / file for file in files)
    if not train.exists():
        raise SetMissing(f"{train} is not there. Name the folder that holds {name}/ with --shared.")
    return read_csv(train), read_csv(test)


def split_bbc(source: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test rows of BBC News; its CSV is made first if it is absent."""
    if not source.exists():
        script = source.with_name("make_news.py")
        if not script.exists():
            raise SetMissing(f"{source} is not there, nor is {script}, which would make it. Name it with --bbc.")
        done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
        if done.returncode != 0 or not source.exists():
            raise SetMissing(f"{script} could not make {source}: {done.stderr.strip() or done.stdout.strip()}")
    from sklearn.model_selection import train_test_split

    rows = read_csv(source)
    train, test = train_test_split(rows, test_size=0.2, stratify=rows["label"], random_state=42)
    return train, test


def read_csv(path: Path) -> pd.DataFrame:
    """The columns text and label, every cell a string ("null" and "NA" are words, not missing cells)."""
    import pandas as pd

    return pd.read_csv(path, usecols=["text", "label"], dtype=str, keep_default_na=False)


def stratified(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    """About `count` rows at most: of every class its share, and at least two."""
    share = min(1.0, count / len(rows))
    return rows.groupby("label", group_keys=False)[["text", "label"]].apply(
        lambda part: part.sample(max(2, round(share * len(part))), random_state=0)
    )


def folded(texts: pd.Series) -> list[str]:
    """Texts with case and white space folded, as the README of the set counts repeats."""
    return [" ".join(text.lower().split()) for text in texts]
