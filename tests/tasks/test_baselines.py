"""Simple baselines on the same held-out rows: what they answer, how they are compared, and odd tables."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_runs

from mmkeras.config.config import Config
from mmkeras.data.targets.targets import fit_targets
from mmkeras.metrics.baselines import lines_of
from mmkeras.metrics.intervals import share_of
from mmkeras.tasks.baselines.columns import Standardised, Words, without_spaces
from mmkeras.tasks.baselines.compare import compare_with_baselines, drawn_scores
from mmkeras.tasks.baselines.texts import compare_with_one_text, compare_with_unigrams

WORDS = {"sport": "a goal in the last minute", "trade": "shares fell on the market"}


def table(n: int, seed: int, **columns: Any) -> pd.DataFrame:
    """`topic`, every third row `trade`, and the columns: name -> function of topic and random -> cell."""
    random = np.random.default_rng(seed)
    topics = ["trade" if k % 3 == 0 else "sport" for k in range(n)]
    return pd.DataFrame({name: [cell(t, random) for t in topics] for name, cell in columns.items()} | {"topic": topics})


def compare(
    train: pd.DataFrame,
    held_out: pd.DataFrame,
    kinds: dict[str, str],
    task: str = "classify",
    target: str = "topic",
    right: float = 0.9,
    **flags: Any,
) -> dict[str, Any]:
    """`baselines` for a model that has a share of the rows right."""
    targets = fit_targets(task, [target], train)
    truth = targets.truth(held_out)
    predictions = np.asarray(targets.encode(held_out))
    if task == "regress":
        predictions = truth + 0.1
    else:
        predictions = predictions.copy()
        predictions[: round((1 - right) * len(truth))] = np.roll(predictions[: round((1 - right) * len(truth))], 1, 1)
    inputs = [{"name": name, "column": name, "kind": kind} for name, kind in kinds.items()]
    encoded = {"train": targets.encode(train)}
    split = SimpleNamespace(train=train, validation=held_out)
    data = SimpleNamespace(targets=targets, split=split, inputs=inputs, encoded=encoded)
    return compare_with_baselines(data, predictions, truth, Config.of(**flags), lambda line: None)


def two_parts(n: int = 240, **columns: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    return table(n, 0, **columns), table(n // 2, 1, **columns)


def text(topic: str, random: Any) -> str:
    return " ".join([random.choice(WORDS[topic].split()) for _ in range(3)] + [f"w{random.integers(40)}"])


def test_a_classifier_beside_the_most_frequent_class_and_a_linear_svm() -> None:
    found = compare(*two_parts(text=text), {"text": "text"})
    baselines = {entry["name"]: entry for entry in found["baselines"]["baselines"]}
    assert baselines["majority"]["score"] == pytest.approx(2 / 3)
    assert baselines["svm"]["score"] > 0.9
    low, high = baselines["majority"]["difference_interval"]
    assert 0 < low < baselines["majority"]["difference"] < high
    assert baselines["majority"]["difference"] == pytest.approx(0.9 - 2 / 3)
    line = lines_of(found)[0]
    start = (
        "on the same 120 held-out rows: this model 90.0 % (83.3–94.2); most frequent class 66.7 % (57.8–74.5); TF-IDF"
    )
    assert line.startswith(start)
    assert "; difference " in line
    assert compare(*two_parts(text=text), {"text": "text"}) == found


def test_a_model_that_is_worse_is_told_so() -> None:
    found = compare(*two_parts(text=text), {"text": "text"}, right=0.3)
    assert lines_of(found)[1].startswith("the model is clearly worse than this baseline: TF-IDF + linear SVM. ")
    alone = compare(*two_parts(text=text), {"text": "text"}, right=0.68, baseline="majority")
    assert lines_of(alone)[1].startswith("the model is not clearly better than this baseline: most frequent class. ")


def test_numbers_categories_and_dates_are_read_too() -> None:
    columns = {
        "price": lambda topic, random: "" if random.random() < 0.1 else str(random.normal(3.0 * (topic == "trade"))),
        "shop": lambda topic, random: random.choice(["a", "b", topic]),
        "day": lambda topic, random: f"20{20 + random.integers(5)}-0{1 + random.integers(9)}-11",
    }
    kinds = {"price": "number", "shop": "category", "day": "date"}
    entries = compare(*two_parts(**columns), kinds)["baselines"]["baselines"]
    assert entries[1]["title"] == "linear SVM"
    assert entries[1]["score"] > 0.85
    with_media = compare(*two_parts(**columns, photo=lambda *_: "a.png"), {**kinds, "photo": "image"})
    assert with_media["baselines"]["baselines"][1]["title"] == "linear SVM without the image columns"


@pytest.mark.parametrize(
    ("cell", "kind", "flags", "words"),
    [
        (lambda *_: "a.png", "image", {}, "no linear baseline: it reads no columns of image"),
        (lambda *_: "", "text", {}, "TF-IDF + linear SVM left out: no word of the texts occurs in two training rows"),
        (lambda *_: "word " * 40_000, "text", {}, "left out, it would take about "),
        (text, "text", {"baseline": "majority"}, ""),
    ],
)
def test_where_there_is_no_linear_model_the_line_says_why(cell: Any, kind: str, flags: Any, words: str) -> None:
    found = compare(*two_parts(x=cell), {"x": kind}, **flags)
    (line,) = lines_of(found)
    assert [entry["name"] for entry in found["baselines"]["baselines"]] == ["majority"]
    assert words in line
    assert ("(--baseline svm)" in line) == (cell("", None).startswith("word ") if words.startswith("left") else False)
    assert not compare(*two_parts(x=cell), {"x": kind}, baseline="none")


def test_training_rows_of_one_class() -> None:
    train, held_out = two_parts(text=text)
    train["topic"] = "sport"
    targets = fit_targets("classify", ["topic"], held_out)
    data = SimpleNamespace(
        targets=targets,
        split=SimpleNamespace(train=train, validation=held_out),
        inputs=[{"name": "text", "column": "text", "kind": "text"}],
        encoded={"train": targets.encode(train)},
    )
    truth = targets.truth(held_out)
    found = compare_with_baselines(data, np.asarray(targets.encode(held_out)), truth, Config(), lambda line: None)
    assert [entry["score"] for entry in found["baselines"]["baselines"]] == pytest.approx([2 / 3, 2 / 3])


def test_numbers_and_labels() -> None:
    columns = {"x": lambda topic, random: str(random.normal()), "text": text}
    train, held_out = two_parts(**columns)
    for frame in (train, held_out):
        frame["y"] = [str(3 * float(x)) for x in frame["x"]]
        frame["labels"] = ["a|b" if topic == "trade" else "b" for topic in frame["topic"]]
    found = compare(train, held_out, {"x": "number"}, "regress", "y")
    mean, ridge = found["baselines"]["baselines"]
    assert mean["score"] < 0 < 0.99 < ridge["score"]
    assert mean["median_mae"] > 1
    line = lines_of(found)[0]
    assert "this model R² 0.9" in line
    assert "always the mean R² -0.0" in line
    assert "ridge regression R² " in line
    found = compare(train, held_out, {"text": "text"}, "multilabel", "labels", right=1.0)
    always, svm = found["baselines"]["baselines"]
    assert always["score"] == pytest.approx(2 * 120 / (120 + 160))  # `b` for every row
    assert svm["score"] > 0.95
    assert "all labels right" in lines_of(found)[0]


def test_the_features_are_of_the_training_rows_alone() -> None:
    words = Words(False)
    words.fit(["one two", "one two", "I a"])
    assert sorted(words.tfidf.vocabulary_) == ["one", "one two", "two"]
    assert words.transform(["three three three"]).nnz == 0
    assert without_spaces(["今天的新闻", "股市 ABC"])
    assert not without_spaces(["news", "東 of the day"])
    characters = Words(True)
    characters.fit(["今天", "今天"])
    assert "今天" in characters.tfidf.vocabulary_
    number = Standardised(None)
    np.testing.assert_allclose(number.fit(["1", "3", ""]).toarray(), [[-1, 0], [1, 0], [0, 1]])
    assert Standardised(None).fit(["", ""]).toarray().tolist() == [[0, 1], [0, 1]]


def test_of_many_rows_blocks_are_drawn_and_the_interval_is_the_same() -> None:
    right = np.random.default_rng(0).random(25_001) < 0.8
    (drawn,) = drawn_scores([share_of(right)])
    expected = np.sqrt(right.mean() * (1 - right.mean()) / len(right))
    assert drawn.std() == pytest.approx(expected, rel=0.1)
    assert drawn.mean() == pytest.approx(right.mean(), abs=0.001)


def test_tasks_that_write_texts() -> None:
    streams = {"train": np.array([1, 1, 2, 3]), "validation": np.array([1, 4])}
    found = compare_with_unigrams(streams, 5, {"perplexity": 9.0}, Config())
    assert found["baselines"]["baselines"][0]["score"] == pytest.approx((3 / 9 * 1 / 9) ** -0.5)
    assert len(lines_of(found)) == 2  # it has learned no context
    texts = ["a dog runs", "a cat sits", "it rains now"]
    found = compare_with_one_text(["a dog runs", "a dog runs", "a cat"], texts, [[t] for t in texts], Config())
    line = lines_of(found)[0]
    assert "on the same 3 held-out rows: this model chrF 100" in line
    assert "always the most frequent text chrF" in line
    assert not compare_with_one_text(["a"], texts, [[t] for t in texts], Config.of(baseline="none"))


def test_a_training_prints_it_and_the_report_and_the_card_have_it(run: small_runs.SmallRun) -> None:
    metrics = json.loads((run.folder / "metrics.json").read_text(encoding="utf-8"))
    compared = metrics["baselines"]
    assert [entry["name"] for entry in compared["baselines"]] == ["majority", "svm"]
    assert compared["model"]["score"] == pytest.approx(metrics["validation"]["accuracy"])
    lines = lines_of(metrics)
    assert set(lines) <= set(run.training.lines)
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    card = (run.exported / "MODEL_CARD.md").read_text(encoding="utf-8")
    for entry in compared["baselines"]:
        assert entry["title"] in page
        assert entry["title"] in card
    assert 'href="#baselines"' in page
    assert lines[0][1:] in card
