"""Numbers of an artefact against those of the trained model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from made_up_samples import GRAPH, SIGNATURE, figures, made_up_samples

from mmkeras.graph import Signature
from mmkeras.metrics.agreement import max_abs_diff
from mmkeras.verification import predictions
from mmkeras.verification.result import table
from mmkeras.verification.tolerances import TOLERANCES

CONTRACT = Signature.from_json({**SIGNATURE, "artefacts": []})


def mismatches(results: list[np.ndarray], **changed: Any) -> list[str]:
    return list(predictions.check(figures(**changed), results, made_up_samples(), CONTRACT)["breaches"])


def test_equal_answers_pass() -> None:
    p = made_up_samples().answers
    assert mismatches([p, p]) == []
    assert mismatches([p + np.float32(4e-6), p]) == []


@pytest.mark.parametrize("place", [0, 1])
def test_a_breach_at_either_batch_size_counts(place: int) -> None:
    p = made_up_samples().answers
    results = [p, p]
    results[place] = p + np.float32(3e-5)
    (breach,) = mismatches(results)
    assert breach == "probabilities differ by up to 3.0e-05, more than 1e-05"
    results[place] = p[:, ::-1]
    assert any(b.startswith("labels differ on") for b in mismatches(results))


def test_a_single_other_label_counts() -> None:
    p = made_up_samples().answers
    other = p.copy()
    other[7] = np.roll(other[7], 1)
    assert "labels differ on 1 rows, the first [7]" in mismatches([p, other])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_a_breach(value: float) -> None:
    p = made_up_samples().answers
    other = p.copy()
    other[3, :] = value
    found = mismatches([other, p])
    assert "some probabilities are not numbers" in found


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (2005.0, 8.9), (1.7e9, 1e7), (1e-7, 1e-9)])
def test_numbers_may_differ_by_a_step_of_float32_and_a_little(mean: float, deviation: float) -> None:
    """What a target's unit is decides nothing: the same answer, rounded, passes, and what is off by more does not."""
    exact = mean + deviation * np.random.default_rng(0).normal(size=(1000, 1))
    contract = {"task": "regress", "targets": {"deviation": [deviation]}}

    def difference(by: float) -> float:
        found = (exact + by * deviation).astype("float32"), exact.astype("float32")
        return max_abs_diff(*found, contract)

    assert difference(4e-6) <= TOLERANCES["float32"].difference["numbers"]
    step = float(np.spacing(np.float32(np.abs(exact).max()))) / deviation
    assert difference(2e-5 + 2 * step) > TOLERANCES["float32"].difference["numbers"]


def test_other_ids_and_names_are_breaches() -> None:
    p = made_up_samples().answers
    (breach,) = mismatches([p, p], rows_with_other_ids={"1": [], "32": [4, 9]})
    assert breach.startswith("token ids differ on rows [4, 9]")
    assert len(mismatches([p, p], ids_checked=[])) == 1, "an artefact without ids cannot be checked"
    (breach,) = mismatches([p, p], signature={**GRAPH, "labels": ["x", "z", "y"]})
    assert breach.startswith("its labels inside the file are ['x', 'z', 'y'], where signature.json has ['x', 'y', 'z']")


def test_the_table_names_what_cannot_be_run() -> None:
    results = {"predict.onnx": {"rows": 0, "breaches": ["it cannot be run: x"], "passed": False}}
    lines = table(results, predictions, "accuracy").splitlines()
    assert lines[1].split() == ["predict.onnx", *["-"] * 9, "REJECTED"]
