"""Targets as arrays: what the model learns to give, what it is held against, and what is kept of them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmkeras.data.targets.targets import Targets, fit_targets
from mmkeras.data.values.clean import clean
from mmkeras.errors import InputError


def frame(**columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=object)


CLASSES = fit_targets("classify", ["label"], frame(label=["b", "a", "体育", "a"]))
LABELS = fit_targets("multilabel", ["tags"], frame(tags=["drama", "comedy|drama", "war"]))
NUMBERS = fit_targets("regress", ["width", "height"], frame(width=["1", "3", "5"], height=["-10", "1e1", "0.0"]))


def test_classes_are_one_hot() -> None:
    assert (CLASSES.labels, CLASSES.outputs, CLASSES.mean) == (("a", "b", "体育"), 3, ())
    rows = frame(label=["体育", "a", "?", ""])
    assert CLASSES.truth(rows).tolist() == [2, 0, -1, -1]
    assert CLASSES.known(rows).tolist() == [True, True, False, False]
    encoded = np.asarray(CLASSES.encode(rows))
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 0], [0, 0, 0]]


def test_labels_are_multi_hot() -> None:
    assert (LABELS.labels, LABELS.outputs) == (("comedy", "drama", "war"), 3)
    rows = frame(tags=["comedy|war", "war", "drama|noir", ""])
    assert LABELS.known(rows).tolist() == [True, True, False, False]
    encoded = np.asarray(LABELS.encode(rows))
    assert encoded.dtype == np.float32
    assert encoded.tolist() == [[1, 0, 1], [0, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert LABELS.truth(rows).tolist() == encoded.tolist()


def test_numbers_are_standardised_and_restored() -> None:
    assert (NUMBERS.labels, NUMBERS.outputs) == ((), 2)
    np.testing.assert_allclose(NUMBERS.mean, [3, 0])
    np.testing.assert_allclose(NUMBERS.deviation, [np.std([1, 3, 5]), np.std([-10, 10, 0])])
    rows = frame(height=["-10", "10", "0", ""], width=["1", "3", "x", "5"])
    encoded = NUMBERS.encode(rows)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded[:2], [[-1.2247449, -1.2247449], [0, 1.2247449]], rtol=1e-6)
    assert NUMBERS.known(rows).tolist() == [True, True, False, False]
    np.testing.assert_array_equal(NUMBERS.truth(rows), [[1, -10], [3, 10], [np.nan, 0], [5, np.nan]])
    np.testing.assert_allclose(NUMBERS.restore(encoded[:2]), [[1, -10], [3, 10]], rtol=1e-6)


@pytest.mark.parametrize(
    ("cells", "mean", "deviation"),
    [
        (["7", "7.0"], 7.0, 1.0),
        (["0.1"] * 30, 0.1, 1.0),
        (["0", "0"], 0.0, 1.0),
        (["1e-40", "2e-40"], 1.5e-40, 1.0),
        (["3e38", "-3e38"], 0.0, 3e38),
        (["1700000000", "1700000060"], 1700000030.0, 30.0),
    ],
)
def test_the_deviation_is_never_zero_nor_infinite(cells: list[str], mean: float, deviation: float) -> None:
    targets = fit_targets("regress", ["x"], frame(x=cells))
    assert targets.mean[0] == pytest.approx(mean)
    assert targets.deviation[0] == pytest.approx(deviation)
    assert np.isfinite(targets.encode(frame(x=cells))).all()


@pytest.mark.parametrize("targets", [CLASSES, LABELS, NUMBERS], ids=lambda t: t.task)
def test_a_file_to_predict_may_lack_the_targets(targets: Targets) -> None:
    rows = frame(text=["a", "b"])
    assert targets.known(rows).tolist() == [False, False]
    assert targets.encode(rows).shape == (2, targets.outputs)
    assert len(targets.truth(rows.iloc[:0])) == len(targets.known(rows.iloc[:0])) == 0


@pytest.mark.parametrize("targets", [CLASSES, LABELS, NUMBERS], ids=lambda t: t.task)
def test_they_survive_json(targets: Targets) -> None:
    assert Targets.from_json(json.loads(json.dumps(targets.to_json()))) == targets
    assert {c.role for c in targets.columns} == {"target"}
    assert [c.name for c in targets.columns] == list(targets.names)


@pytest.mark.parametrize(
    "change",
    [
        {"task": "dance"},
        {"task": None},
        {"task": ["classify"]},
        {"names": "label"},
        {"names": []},
        {"names": ["a", "b"]},
        {"labels": []},
        {"labels": [1]},
        {"mean": [0.0]},
        {"task": "regress"},
        {"task": "regress", "mean": [0.0], "deviation": [0.0]},
        {"task": "regress", "mean": [0.0], "deviation": ["1"]},
    ],
)
def test_damaged_json_is_a_sentence(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"r/schema.json: the run is damaged.*Train again\."):
        Targets.from_json({**CLASSES.to_json(), **change}, "r/schema.json")


@pytest.mark.parametrize("values", [None, [], "x", {}, {"task": "classify"}])
def test_what_is_no_targets_at_all_is_a_sentence(values: Any) -> None:
    with pytest.raises(InputError, match="damaged"):
        Targets.from_json(values)


def test_marks_of_missing_targets_are_kept() -> None:
    targets = fit_targets("regress", ["x"], frame(x=["1", "2"]), missing=["-999", "-999"])
    assert Targets.from_json(targets.to_json()) == targets
    (column,) = targets.columns
    assert clean(pd.Series(["1", "-999", "NA"], dtype=object), column)[0].tolist() == ["1", "", ""]


def test_a_class_is_never_missing() -> None:
    (column,) = fit_targets("classify", ["x"], frame(x=["+", "-", "NA"])).columns
    cells = pd.Series(["+", "-", "NA", "nan", ""], dtype=object)
    assert clean(cells, column)[0].tolist() == ["+", "-", "NA", "", ""]
