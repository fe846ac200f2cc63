"""Tables of many columns, CSV -> train -> export -> verify -> predict: columns of a kind are one input, a block."""

from __future__ import annotations

import csv
import json
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from small_runs import SmallRun

from mmkeras.runtime.predictor import Predictor
from mmkeras.runtime.runners import open_artefact

NUMBERS = [f"x{k}" for k in range(40)]
CATEGORIES = [f"colour {k}" for k in range(10)]
DATES = [f"day_{k}" for k in range(9)]
COLUMNS = [*NUMBERS, *CATEGORIES, *DATES, "size"]
PATHS = small_runs.FORMATS


def wide_rows(count: int, seed: int = 0) -> list[dict[str, str]]:
    """Rows whose label depends on two numbers and a category; some cells are empty, one column has a single kind."""
    rng = random.Random(seed)
    rows = []
    for _ in range(count):
        row = {name: f"{rng.gauss(0, 1):.4f}" if rng.random() > 0.05 else "" for name in NUMBERS}
        row |= {name: rng.choice(("red", "green", "blue", "gelb", "")) for name in CATEGORIES}
        row |= {name: f"20{rng.randrange(10, 26)}-0{rng.randrange(1, 10)}-1{rng.randrange(10)}" for name in DATES}
        row["size"] = rng.choice(("small", "large"))
        score = float(row["x0"] or 0) - float(row["x1"] or 0) + (row["colour 0"] == "red")
        rows.append({**row, "label": "yes" if score > 0.25 else "no"})
    return rows


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> SmallRun:
    folder = tmp_path_factory.mktemp("wide")
    path = small_runs.write_rows(folder / "wide.csv", wide_rows(120))
    with small_runs.working_folder(folder):
        training = small_runs.main("train", path.name, "--target", "label", "--epochs", "2")
        assert training.code == 0, training.err
        exporting = small_runs.main("export", "runs/wide")
        assert exporting.code == 0, exporting.out + exporting.err
    return SmallRun(path, folder / "runs/wide", folder / "exported/wide", training, exporting)


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def predicted(run: SmallRun, path: str, table: Path) -> list[dict[str, str]]:
    output = table.with_suffix(".predictions.csv")
    done = small_runs.main("predict", run.exported / path, table, "--output", output, "--overwrite", "--probabilities")
    assert done.code == 0, done.err
    return small_runs.read_csv(output)


def probabilities(rows: list[dict[str, str]]) -> np.ndarray:
    return np.array([float(row["yes"]) for row in rows])


def test_columns_of_a_kind_are_one_input(run: SmallRun) -> None:
    signature = read_json(run.exported / "signature.json")
    inputs = {spec["name"]: spec for spec in signature["graphs"]["predict"]["inputs"]}
    assert {name: spec["shape"] for name, spec in inputs.items()} == {
        "numbers": ["batch", 40],
        "numbers_present": ["batch", 40],
        "categories": ["batch", 11, "n_bytes"],
        "categories_present": ["batch", 11],
        "dates": ["batch", 9, "n_bytes"],
        "dates_present": ["batch", 9],
    }
    assert [column["column"] for column in inputs["numbers"]["columns"]] == NUMBERS
    assert {"mean", "deviation", "median", "notation"} <= inputs["numbers"]["columns"][0].keys()
    assert sorted(inputs["categories"]["columns"][0]["values"]) == ["blue", "gelb", "green", "red"]
    served = signature["artefacts"]["savedmodel"]["callables"]["serving_default"]["inputs"]
    assert {spec["name"]: spec["shape"] for spec in served} == {
        "numbers": [None, 40],
        "categories": [None, 11],
        "dates": [None, 9],
    }


def test_the_columns_are_printed_as_a_few_lines(run: SmallRun) -> None:
    assert any("and 35 more number columns" in line for line in run.training.lines)
    assert sum(" number " in line for line in run.training.lines) < 12


def test_every_format_passes_the_proof(run: SmallRun) -> None:
    proof = read_json(run.exported / "verify.json")
    assert proof["passed"]
    for result in proof["artefacts"].values():
        assert result["labels_identical"]
        assert result["ids_identical"]


def test_formats_agree_on_rows_of_a_csv_in_any_order_of_columns(run: SmallRun, tmp_path: Path) -> None:
    rows = wide_rows(30, seed=1)
    table = small_runs.write_rows(tmp_path / "new.csv", rows)
    shuffled = random.Random(2).sample([*COLUMNS, "label"], len(COLUMNS) + 1)
    other = small_runs.write_rows(tmp_path / "other.csv", [{name: row[name] for name in shuffled} for row in rows])
    expected = probabilities(predicted(run, PATHS[0], table))
    for path in PATHS:
        np.testing.assert_allclose(probabilities(predicted(run, path, table)), expected, atol=1e-5)
        np.testing.assert_allclose(probabilities(predicted(run, path, other)), expected, atol=1e-5)


@pytest.mark.parametrize("path", PATHS)
def test_a_row_by_columns_is_the_row_of_the_csv(run: SmallRun, tmp_path: Path, path: str) -> None:
    rows = wide_rows(4, seed=3)
    expected = probabilities(predicted(run, path, small_runs.write_rows(tmp_path / "new.csv", rows)))
    predictor = Predictor(open_artefact(run.exported / path), run.exported / path)
    for row, probability in zip(rows, expected, strict=True):
        cells: dict[str, Any] = {name: row[name] for name in COLUMNS}
        assert predictor(cells).probabilities["yes"] == pytest.approx(probability, abs=2e-6)
        numbers = {name: float(row[name]) for name in NUMBERS if row[name]}
        assert predictor({**cells, **numbers}).probabilities["yes"] == pytest.approx(probability, abs=2e-6)


def test_absent_columns_count_as_empty_cells(run: SmallRun, tmp_path: Path) -> None:
    rows = wide_rows(10, seed=4)
    kept = [*NUMBERS[5:], "colour 3", "label"]
    fewer = small_runs.write_rows(tmp_path / "fewer.csv", [{name: row[name] for name in kept} for row in rows])
    empty = small_runs.write_rows(
        tmp_path / "empty.csv", [{n: row[n] if n in kept else "" for n in (*COLUMNS, "label")} for row in rows]
    )
    for path in PATHS:
        np.testing.assert_allclose(
            probabilities(predicted(run, path, fewer)), probabilities(predicted(run, path, empty)), atol=1e-6
        )
    done = small_runs.main("predict", run.exported / PATHS[1], fewer, "--output", tmp_path / "out.csv", "--overwrite")
    assert "there are no columns 'x0', 'x1', 'x2', 'x3', 'x4' and 19 others" in done.out


def test_a_missing_cell_changes_no_other_cell(run: SmallRun) -> None:
    predictor = Predictor(open_artefact(run.exported / PATHS[1]), run.exported / PATHS[1])
    row = {name: cell or None for name, cell in wide_rows(1, seed=5)[0].items() if name != "label"}
    whole = predictor(row).probabilities["yes"]
    assert predictor({**row, "x0": None}).probabilities["yes"] != whole
    assert predictor({name: cell for name, cell in row.items() if cell is not None}).probabilities["yes"] == whole


def test_the_report_shows_blocks(run: SmallRun) -> None:
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "40 number columns" in page
    assert "more columns" in page


@pytest.mark.slow
def test_three_hundred_columns_take_little_longer_than_three(tmp_path: Path) -> None:
    """Processor seconds of both commands, in processes of their own; and the three columns that decide are found."""
    seconds, accuracy = {}, {}
    for count in (3, 300):
        table = tmp_path / f"wide{count}.csv"
        rng = np.random.default_rng(0)
        values = rng.normal(size=(200, count)).round(4)
        labels = np.where(values[:, 0] + values[:, 1] - values[:, 2] > 0, "yes", "no")
        with table.open("w", newline="") as file:
            rows = [[*row, label] for row, label in zip(values.tolist(), labels, strict=True)]
            csv.writer(file).writerows([[*(f"f{k}" for k in range(count)), "label"], *rows])
        with small_runs.working_folder(tmp_path):
            began = time.process_time()
            done = small_runs.main("train", table.name, "--target", "label")
            assert done.code == 0, done.err
            assert small_runs.main("export", f"runs/wide{count}").code == 0
            seconds[count] = time.process_time() - began
        accuracy[count] = read_json(tmp_path / f"runs/wide{count}/metrics.json")["validation"]["score"]
    assert accuracy[300] >= 0.8
    assert seconds[300] <= 2 * seconds[3]
