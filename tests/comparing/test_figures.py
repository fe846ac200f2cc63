"""The figures of a comparison, with every row counted once, are those of a training's end."""

from __future__ import annotations

import numpy as np
import pytest

from mmkeras.comparing.answers import Answers
from mmkeras.comparing.differences import difference_of
from mmkeras.comparing.figures import (
    Figure,
    class_figures,
    label_figures,
    line_figures,
    mean,
    number_figures,
    text_figures,
)
from mmkeras.comparing.result import Compared, Comparison
from mmkeras.config.tasks import TARGET_KINDS
from mmkeras.metrics import texts
from mmkeras.metrics.agreement import evaluate
from mmkeras.metrics.calibration import calibration
from mmkeras.metrics.resampling import Interval, drawn

N = 60
RANDOM = np.random.default_rng(3)


def values(figures: list[Figure]) -> dict[str, float]:
    return {figure.name: figure.value(np.ones(N)) for figure in figures}


def answered(words: list[str], **arrays: np.ndarray) -> Answers:
    nothing = np.full(N, np.nan)
    return Answers(words, arrays.get("confidence", nothing), arrays.get("true_probability", nothing))


def test_classes() -> None:
    labels = ["a", "b", "c"]
    probabilities = RANDOM.dirichlet([1, 1, 1], N)
    truth = RANDOM.integers(3, size=N)
    own = values(
        class_figures(
            [labels[k] for k in truth],
            answered(
                [labels[k] for k in probabilities.argmax(1)],
                confidence=probabilities.max(1),
                true_probability=probabilities[np.arange(N), truth],
            ),
        )
    )
    expected = evaluate("classify", truth, probabilities, labels)
    calibrated = calibration(probabilities, truth)
    assert own["accuracy"] == pytest.approx(expected["accuracy"])
    assert own["macro_f1"] == pytest.approx(expected["macro_f1"])
    assert own["negative_log_likelihood"] == pytest.approx(calibrated["negative_log_likelihood"])
    assert own["expected_calibration_error"] == pytest.approx(calibrated["expected_calibration_error"])


def test_labels() -> None:
    names = ["a", "b", "c"]
    truth, probabilities = RANDOM.integers(2, size=(N, 3)), RANDOM.random((N, 3))

    def words(rows: np.ndarray) -> list[str]:
        return ["|".join(name for name, yes in zip(names, row, strict=True) if yes) for row in rows]

    own = values(label_figures(words(truth), answered(words(probabilities > 0.5))))
    expected = evaluate("multilabel", truth, probabilities, names)
    assert own == pytest.approx({name: expected[name] for name in own})


def test_numbers() -> None:
    truth = RANDOM.normal(size=(N, 2))
    predicted = truth + RANDOM.normal(size=(N, 2))
    own = values(number_figures(truth, answered([f"{a!r} {b!r}" for a, b in predicted.tolist()])))
    expected = evaluate("regress", truth, predicted, ["x", "y"])
    assert own == pytest.approx({"r2": expected["r2"], "mae": expected["mae"]})


def test_texts() -> None:
    references = [[f"the cat {k} sat on the mat"] + [f"a cat {k} sat there today"] * (k % 2) for k in range(N)]
    written = [f"the cat {k} sat on a mat" if k % 3 else refs[0] for k, refs in enumerate(references)]
    own = values(text_figures(references, answered(written)))
    expected = texts.text_figures(written, references)
    assert own == pytest.approx({name: expected[name] for name in ("chrf", "bleu", "exact")})


def test_lines() -> None:
    own = values(line_figures(np.full(N, 2 * np.log(8)), np.full(N, 2.0), np.full(N, 6.0)))
    assert own == pytest.approx({"perplexity": 8.0, "bits_a_byte": 1.0})


def test_every_task_has_figures() -> None:
    from mmkeras.comparing.figures import FIGURES

    assert FIGURES.keys() == TARGET_KINDS.keys()


def test_a_difference_is_paired() -> None:
    """A model that is right wherever the other is, and on ten more rows, is better, although the intervals overlap."""
    first = np.arange(N) < 40
    second = np.arange(N) < 50
    figures = [[Figure("accuracy", mean(right.astype("float64")), right)] for right in (first, second)]
    samples = [drawn([figure.value for figure in own], N) for own in figures]
    interval = {"accuracy": Interval(50 / N, 0.0, 1.0)}
    found = difference_of("accuracy", (figures[1], samples[1]), (figures[0], samples[0]), interval, N)
    assert found.value == pytest.approx(10 / N)
    assert found.low > 0
    assert found.p == pytest.approx(2 * 0.5**10)


def test_the_table_of_a_run_without_a_figure() -> None:
    some = {"accuracy": Interval(0.5, 0.4, 0.6)}
    runs = (
        Compared("a", {**some, "negative_log_likelihood": Interval(1.0, 0.9, 1.1)}, None, 1.0, None),
        Compared("=b", some, None, 1.0, 2.0),
    )
    comparison = Comparison(runs, 20, "accuracy", ("a note",))
    assert str(comparison).splitlines()[-1] == "a note"
    assert "0.500 [0.400, 0.600]" in str(comparison)
    assert comparison.frame.negative_log_likelihood.isna().tolist() == [False, True]
