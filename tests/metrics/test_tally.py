"""Figures that are added up part by part are those of all rows at once."""

from __future__ import annotations

import numpy as np
import pytest

from mmkeras.metrics import tally
from mmkeras.metrics.agreement import evaluate
from mmkeras.metrics.tally import Tally

NAMES = ["a", "b", "c"]


def rows(task: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Truth and predictions of 500 rows."""
    random = np.random.default_rng(seed)
    predictions = random.random((500, 3)).astype("float32")
    if task == "classify":
        return random.integers(0, 3, 500), predictions / predictions.sum(axis=1, keepdims=True)
    if task == "multilabel":
        return (random.random((500, 3)) < 0.3).astype("float32"), predictions
    return 1e6 + random.random((500, 3)) * 10, predictions * 10 + 1e6


@pytest.mark.parametrize("exact", [2**21, 0, 600])
@pytest.mark.parametrize("task", ["classify", "multilabel", "regress"])
def test_parts_or_all_at_once(task: str, exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "EXACT", exact)
    truth, predictions = rows(task)
    added = Tally(task, NAMES)
    for start in range(0, 500, 90):
        added.add(truth[start : start + 90], predictions[start : start + 90])
    figures, expected = added.figures(), evaluate(task, truth, predictions, NAMES)
    assert figures.keys() == expected.keys()
    if exact == 2**21:
        assert figures == expected
    for name, value in expected.items():
        if isinstance(value, float):
            assert figures[name] == pytest.approx(value, rel=1e-6), name
    for k, part in enumerate(expected.get("per_class") or expected.get("per_label") or expected["per_target"]):
        (parts,) = (figures[name] for name in ("per_class", "per_label", "per_target") if name in figures)
        of_first_rows = {"average_precision"} if exact < 2**21 else set()
        for name in part.keys() - of_first_rows:
            assert parts[k][name] == (
                pytest.approx(part[name], rel=1e-6) if isinstance(part[name], float) else part[name]
            )


def test_a_constant_target() -> None:
    added = Tally("regress", ["a"])
    added.add(np.full((3, 1), 2.5), np.full((3, 1), 2.5))
    assert added.figures()["r2"] == 1.0
