"""The benchmarks of the temperature and of `--continue-from`, without their trainings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks import continuing, temperature
from mmkeras.metrics.calibration import fit_temperature


def unsure_logits(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits of three classes that are right in four rows of five, and too sure."""
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 3, rows)
    answers = np.where(draw.random(rows) < 0.8, truth, (truth + 1) % 3)
    return 6 * np.eye(3)[answers] + draw.normal(0, 1, (rows, 3)), truth


def test_the_rules_differ_in_the_weight_of_the_two_rows():
    logits, truth = unsure_logits(30)
    assert temperature.fit(logits, truth, 1.0) == pytest.approx(fit_temperature(logits, truth), rel=0.01)
    right = logits.argmax(axis=1)
    weights = [temperature.fit(logits, right, weight) for weight in (0.0, 0.5, 1.0)]
    assert weights == sorted(weights)  # where every row is right, the two rows alone keep the temperature up
    assert temperature.fit(np.zeros((4, 3)), truth[:4], 1.0) == 1.0


def test_the_rules_are_compared_on_rows_that_are_not_drawn(tmp_path, capsys):
    logits, truth = unsure_logits(60)
    np.savez(tmp_path / "iris.npz", task="classify", logits=logits, truth=truth)
    flags = ["--tables", "iris", "--logits", str(tmp_path), "--rows", "20", "50", "--draws", "2", "--each"]
    assert temperature.main(flags) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[:2] for line in lines[2:]] == [["| 20", "iris"], ["| 20", "1"]]  # 50 are too many of 60
    never, *fitted = (float(cell.split(",")[0]) for cell in lines[2].strip("| ").split(" | ")[2:])
    assert min(fitted) < never


@pytest.mark.parametrize("split", [continuing.by_first_word, continuing.by_class])
def test_old_and_new_rows_are_all_rows_each_once(split):
    rows = pd.DataFrame({"text": [f"{'What' if k % 2 else 'Who'} {k}" for k in range(200)], "label": "NUM"})
    old, new = split(rows)
    assert sorted([*old["text"], *new["text"]]) == sorted(rows["text"])
    assert 0 < len(new) < len(rows)
