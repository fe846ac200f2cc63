"""Dates: the calendar inside the graph against Python's, and a model of them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from hypothesis import given, settings
from hypothesis import strategies as st

from mmkeras.data.dates.calendar import ISO, notation_of
from mmkeras.modalities.date import layers as date
from mmkeras.modalities.date.column import DateColumn
from mmkeras.modalities.date.spec import BEFORE_ORDINAL, DateState, adapt_state
from mmkeras.modalities.text.cells import encode_cells

DATE_BYTES = notation_of(ISO).max_bytes


def parts(cells: Sequence[str], state: DateState | None = None) -> np.ndarray:
    """The layer's features of cells, none of which is missing."""
    known = state or DateState(0.0, 1e7)
    layer = date.DateParts(known.mean, known.deviation)
    return np.asarray(layer(encode_cells(cells, DATE_BYTES), np.ones((len(cells), 1), "float32")))


def test_days_of_ten_thousand_years_are_the_ones_they_are() -> None:
    days = [datetime.date.fromordinal(n) for n in range(1, datetime.date.max.toordinal() + 1, 3)]
    ends = [datetime.date(year, month, 28) for year in (1900, 2000, 2023, 2024) for month in (2, 12)]
    days += [day + datetime.timedelta(k) for day in ends for k in range(4)]
    numbers = np.array([[d.year, d.month, d.day] for d in days], "float32")
    since, weekday, of_year = (np.asarray(x).ravel() for x in date.calendar(*np.split(numbers, 3, axis=1)))
    np.testing.assert_array_equal(since - BEFORE_ORDINAL, [d.toordinal() for d in days])
    np.testing.assert_array_equal(weekday, [d.weekday() for d in days])
    march = [datetime.date(max(d.year - (d.month < 3), 1), 3, 1) for d in days]
    after = np.array([d.toordinal() >= m.toordinal() for d, m in zip(days, march, strict=True)])
    want = np.array([d.toordinal() - m.toordinal() for d, m in zip(days, march, strict=True)])
    np.testing.assert_array_equal(of_year[after], want[after])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.datetimes(), min_size=1, max_size=8))
def test_the_bytes_of_a_cell_are_read_as_python_reads_them(times: list[datetime.datetime]) -> None:
    features = parts([time.isoformat(" ") for time in times])
    for row, time in zip(features, times, strict=True):
        assert row[3:10].argmax() == time.weekday()
        assert row[3:10].sum() == 1
        minutes = 60 * time.hour + time.minute
        days = time.date().toordinal() + BEFORE_ORDINAL + minutes / 1440
        assert row[0] == pytest.approx(days / 1e7, rel=1e-6)
        angle = np.arctan2(row[12], row[13]) / (2 * np.pi) % 1
        assert min(abs(angle - minutes / 1440), 1 - abs(angle - minutes / 1440)) < 1e-5


def test_a_time_zone_and_seconds_are_not_read_and_padding_changes_nothing() -> None:
    cells = ["2026-11-26T14:30", "2026-11-26 14:30:59.25+01:00"]
    short, long = parts(cells)
    np.testing.assert_array_equal(short, long)
    layer = date.DateParts(0.0, 1.0)
    one = np.ones((1, 1), "float32")
    data = encode_cells(["2026-11-26"], DATE_BYTES)
    np.testing.assert_array_equal(layer(data, one), layer(np.pad(data, [(0, 0), (0, 6)]), one))


def test_what_is_missing_is_zeros_and_bytes_that_are_no_date_stay_finite() -> None:
    layer = date.DateParts(730_000.0, 100.0)
    data = encode_cells(["", "2026-11-26", "\x7fno date at all", "9999-99-99 99:99"], DATE_BYTES)
    features = np.asarray(layer(data, np.array([[0], [0], [1], [1]], "float32")))
    assert not features[:2].any()
    assert np.isfinite(features).all()


def test_days_are_standardised() -> None:
    cells = ["2026-01-01", "", "2026-01-11 12:00", "2026-01-21"]
    state = adapt_state(cells)
    assert state.deviation == pytest.approx(np.std([0, 10, 20]))
    features = parts(["2026-01-01", "2026-01-11", "2026-01-21"], state)[:, 0]
    np.testing.assert_allclose(features, np.array([-10, 0, 10]) / state.deviation, atol=1e-4)
    far = parts(["0001-01-01", "9999-12-31"], state)[:, 0]
    assert far.tolist() == [-date.FURTHEST, date.FURTHEST]
    assert adapt_state(["", " "]) == DateState(0.0, 1.0)


def test_strings_of_a_client_are_read_as_cells_are() -> None:
    """A string that is no date counts as missing, as in `mmkeras predict`."""
    serving = DateColumn("day", DateState(0.0, 1.0)).input("day").serving
    assert serving is not None
    texts = ["2026-11-26", " 2026-11-26 14:30:10Z\n", "NA", "26.11.2026", "", "2026-11-26 noon"]
    data, present = serving.read(np.array([text.encode() for text in texts], object))
    assert present.numpy().ravel().tolist() == [1, 1, 0, 0, 0, 0]
    expected = encode_cells(["2026-11-26", "2026-11-26 14:30"], DATE_BYTES)
    np.testing.assert_array_equal(data.numpy()[:2], expected)


# as a user has them


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def write_table(path: Path, rows: int = 240) -> Path:
    """Orders, and whether they were shipped at once: on working days before noon."""
    start, made = datetime.datetime(2025, 1, 1), []
    for k in range(rows):
        time = start + k * datetime.timedelta(days=1, hours=7)
        now = time.weekday() < 5 and time.hour < 12
        cell = "" if k % 40 == 39 else time.isoformat("T" if k % 2 else " ", "minutes")
        made.append({"ordered": cell, "price": f"{k % 7}.5", "shipped": "at once" if now else "later"})
    made[5]["ordered"] = "2025-02-30 10:00"
    return small_runs.write_rows(path, made)


ORDERS = ("--date", "ordered", "--number", "price", "--target", "shipped")


@pytest.mark.slow
def test_a_model_of_dates_in_every_format(tmp_path: Path) -> None:
    """Weekday and time decide; an invalid day is told and counts as missing, as empty cells do."""
    csv = write_table(tmp_path / "orders.csv")
    with small_runs.working_folder(tmp_path):
        done = small_runs.main("train", csv, *ORDERS, "--width", "32", "--epochs", "40", "--output", "r")
        assert done.code == 0, done.err
        exported = small_runs.main("export", "r", "--output", "e")
        assert exported.code == 0, exported.out + exported.err
    columns = read_json(tmp_path / "r/schema.json")["inputs"]
    assert [(c["name"], c["kind"]) for c in columns] == [("ordered", "date"), ("price", "number")]
    assert "In column 'ordered' 1 of 240 cells is no date (1 × '2025-02-30 10:00')" in done.out
    assert read_json(tmp_path / "r/metrics.json")["validation"]["score"] > 0.85  # rows without a date stay
    rows = [("2025-08-04 09:00", "at once"), ("2025-08-04 18:00", "later"), ("2025-08-02T09:00", "later")]
    asked = small_runs.write_rows(tmp_path / "asked.csv", [{"ordered": cell, "price": "1.5"} for cell, _ in rows])
    for artefact in ("predict.tflite", "predict.onnx", "savedmodel/1"):
        out = tmp_path / f"{artefact.replace('/', '-')}.csv"
        done = small_runs.main("predict", tmp_path / "e" / artefact, asked, "--output", out)
        assert done.code == 0, done.err
        assert [row["prediction"] for row in small_runs.read_csv(out)] == [prediction for _, prediction in rows]
