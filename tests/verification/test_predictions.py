"""Numbers of an artefact against those of the trained model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made_up_samples import GRAPH, SIGNATURE, figures, made_up_samples, words_of

from mmkeras.graph import Signature
from mmkeras.metrics.agreement import largest_log_odds, max_abs_diff
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


def sure(log_odds: float, rows: int = 12) -> np.ndarray:
    """Probabilities of three classes, float32 [rows, 3], with log-odds of up to `log_odds`."""
    spread = np.linspace(0.1, 1, rows) * log_odds
    logits = np.stack([spread, spread / 2, 0 * spread], axis=1)  # [rows, 3]
    return np.asarray(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), "float32")


@pytest.mark.parametrize("log_odds", [0.1, 5.0, 19.9])
def test_models_of_usual_sureness_have_no_larger_tolerance(log_odds: float) -> None:
    answers = sure(log_odds)
    assert largest_log_odds("classify", answers) == pytest.approx(log_odds, rel=1e-4)
    assert TOLERANCES["float32"].at_scale(log_odds) == TOLERANCES["float32"]
    samples = replace(made_up_samples(), answers=answers)
    moved = answers + np.float32(1.5e-5) * np.array([1, -1, 0], "float32")
    (breach,) = predictions.check(figures(words=words_of(moved, answers)), [moved, answers], samples, CONTRACT)[
        "breaches"
    ]
    assert breach.startswith("probabilities differ by up to 1.5e-05, more than 1e-05")


def test_the_rounding_of_larger_logits_is_not_a_breach_and_more_is() -> None:
    """A subset that is surer counts too: the temperature is the same in it."""
    samples = replace(made_up_samples(), subsets={"text": sure(60.0)})
    p = samples.answers
    by_subset = dict(samples.subsets)

    def found(difference: float) -> dict[str, Any]:
        return predictions.check(figures(), [p + np.float32(difference), p], samples, CONTRACT, by_subset)

    assert found(2.5e-5)["breaches"] == []
    assert found(2.5e-5)["difference_allowed"] == pytest.approx(3e-5, rel=1e-3)
    assert found(4e-5)["breaches"] == ["probabilities differ by up to 4.0e-05, more than 3e-05"]
    assert largest_log_odds("classify", np.eye(3, dtype="float32")) < 88, "zeros are float32's smallest numbers"
    assert largest_log_odds("multilabel", np.array([[0.0, 1.0, 0.5]], "float32")) < 88
    assert largest_log_odds("regress", np.array([[1e9]], "float32")) == 0.0
    assert largest_log_odds("classify", np.array([[np.nan, 1.0]], "float32")) == 0.0


def test_another_label_at_a_tie_is_counted_and_no_breach() -> None:
    """Where the model's best two probabilities are equal but for rounding, the runtime's rounding decides."""
    samples = made_up_samples()
    samples.answers[4], samples.answers[7] = (0.4, 0.4, 0.2), (0.4, 0.39999, 0.20001)
    other = samples.answers.copy()
    other[4] += np.array([-1e-7, 1e-7, 0], "float32")
    result = predictions.check(
        figures(words=words_of(samples.answers, other)), [samples.answers, other], samples, CONTRACT
    )
    assert (result["breaches"], result["labels_identical"], result["labels_apart_at_ties"]) == ([], True, 1)
    line = {**result, **dict.fromkeys(("size_bytes", "load_seconds", "latency_ms_p50"), 0.0)}
    assert predictions.cells({**line, "latency_ms_p95": 0.0, "peak_memory_mib": 0.0}, "accuracy")[1] == (
        "same but 1 at ties"
    )
    other[7] += np.array([-6e-6, 6e-6, 0], "float32")
    result = predictions.check(
        figures(words=words_of(samples.answers, other)), [samples.answers, other], samples, CONTRACT
    )
    assert result["breaches"] == ["labels differ on 1 rows, the first [7]"]
    other[4] = (0.2, 0.2, 0.6)
    result = predictions.check(
        figures(words=words_of(samples.answers, other)), [samples.answers, other], samples, CONTRACT
    )
    assert result["breaches"][0] == "labels differ on 2 rows, the first [4, 7]", "the third class was no tie"


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
