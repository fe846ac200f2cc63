"""Every notation of dates: the graph reads a cell's bytes as Python reads the cell, in every format."""

from __future__ import annotations

import datetime
import functools
import random
from collections.abc import Sequence
from typing import Any

import made_up_dates
import numpy as np
import pytest
from parity import runners

from mmkeras.data.dates.calendar import ISO, NOTATIONS, Notation, read_date
from mmkeras.modalities.date import layers, reading
from mmkeras.modalities.date.column import DateColumn, load
from mmkeras.modalities.date.serving import read_served
from mmkeras.modalities.date.spec import DateState, adapt_state
from mmkeras.modalities.text.cells import encode_cells

STATE = DateState(730_000.0, 20_000.0)
STYLES = ("DD.MM.YYYY", "MM/DD/YY", "HH:MM DD/MM/YYYY", "D Mon YYYY", "HH:MM Mon D, YYYY", "Mon D HH:MM YYYY")
DIFFERENT = (ISO, "YYYY年MM月DD日", "YYYYMMDD", "HH:MM", "unix seconds", "unix milliseconds", *STYLES)
QUICK = (ISO, "MM/DD/YY", "HH:MM Mon D, YYYY", "unix milliseconds")  # of each way to read; the export takes seconds


def cells_in(notation: Notation, count: int, seed: int = 0) -> list[str]:
    """Dates in a notation, half of them with a time of day."""
    rng = random.Random(seed)
    moments = made_up_dates.moments(count, seed, *made_up_dates.years_of(notation))
    return [made_up_dates.write(moment, notation, rng, timed=bool(k % 2)) for k, moment in enumerate(moments)]


def state_of(notation: Notation) -> DateState:
    return DateState(0.5, 0.25) if notation.style == "time" else STATE


def features(cells: Sequence[str], notation: Notation) -> np.ndarray:
    """The layer's features of cells, each given as present."""
    state = state_of(notation)
    layer = layers.DateParts(state.mean, state.deviation, notation.name)
    return np.asarray(layer(encode_cells(cells, 200), np.ones((len(cells), 1), "float32")))


def expected(cells: Sequence[str], notation: Notation) -> np.ndarray:
    """Features by Python's calendar, float64 [n, 14]; zeros where Python reads no date."""
    state, rows = state_of(notation), np.zeros((len(cells), layers.PARTS))
    for row, cell in zip(rows, cells, strict=True):
        date = read_date(cell, notation.name)
        if date is None:
            continue
        day, _, time = date.rpartition(" ") if ":" in date else (date, "", "00:00")
        share = (60 * int(time[:2]) + int(time[3:])) / 1440
        row[12:] = np.sin(2 * np.pi * share), np.cos(2 * np.pi * share)
        days = 0.0
        if day:
            d = datetime.date.fromisoformat(day)
            march = datetime.date(d.year - (d.month < 3), 3, 1)
            season, of_month = 2 * np.pi * (d - march).days / 365.25, 2 * np.pi * (d.day - 1) / 31
            row[1:3], row[10:12] = (np.sin(season), np.cos(season)), (np.sin(of_month), np.cos(of_month))
            row[3 + d.weekday()] = 1
            days = d.toordinal() + 305
        row[0] = np.clip((days + share - state.mean) / state.deviation, -layers.FURTHEST, layers.FURTHEST)
    return rows


NO_DATES = (
    "",
    " ",
    "x",
    "no date at all",
    "00",
    "/",
    "--",
    "\x7f\xff",
    "NaN",
    "0000-00-00",
    "99999999999999999999999999",
)


def wrong_days(notation: Notation) -> list[str]:
    """Cells in the notation of days and times that there are not."""
    if notation.style == "time":
        return ["24:00", "12:60", "99:99"]
    if notation.style == "unix":
        return ["1" * (11 + notation.dropped), "-1"]
    example = notation.example
    year, day, month = "26" if notation.short else "2026", "26", "Nov" if "Nov" in example else "11"
    february, thirtieth = ("Feb" if month == "Nov" else "02"), (lambda text: text.replace("26", "30", 1))
    cells = [example.replace(month, february)]
    cells = [thirtieth(cells[0]) if day in cells[0].replace(year, "", 1) else cells[0]]
    if month == "11":
        cells += [example.replace("11", "13"), example.replace("11", "00")]
    return [cell for cell in cells if read_date(cell, notation.name) is None]


@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
def test_the_graph_reads_what_python_reads(notation: Notation) -> None:
    cells = cells_in(notation, 1500)
    assert all(read_date(cell, notation.name) for cell in cells), [c for c in cells if not read_date(c, notation.name)]
    cells += [*NO_DATES, *wrong_days(notation)]
    assert read_date(cells[-1], notation.name) is None
    np.testing.assert_allclose(features(cells, notation), expected(cells, notation), atol=1e-6, rtol=1e-6)


@functools.cache
def exported(name: str) -> dict[str, Any]:
    import keras

    data, present = keras.Input((None,), dtype="uint8", name="data"), keras.Input((1,), name="present")
    state = state_of(NOTATIONS[name])
    answer = layers.DateParts(state.mean, state.deviation, name)(data, present)
    return runners(keras.Model({"data": data, "present": present}, {"features": answer}))


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in DIFFERENT])
def test_every_format_reads_what_python_reads(name: str) -> None:
    notation = NOTATIONS[name]
    cells = [*cells_in(notation, 1000, seed=1), *NO_DATES, *wrong_days(notation)]
    want = expected(cells, notation)
    for fmt, run in exported(name).items():
        for batch in (cells, cells[:1], [""], cells[::-7]):
            data = encode_cells(batch, 200)
            answer = run({"data": data, "present": np.ones((len(batch), 1), "float32")})["features"]
            wanted = want if batch is cells else expected(batch, notation)
            np.testing.assert_allclose(answer, wanted, atol=1e-6, rtol=1e-6, err_msg=fmt)


@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
def test_clients_of_tf_serving_send_what_the_table_has(notation: Notation) -> None:
    """A string that is no date in the notation counts as missing; outer white space does not matter."""
    cells = [*cells_in(notation, 100, seed=2), *NO_DATES[:-2], *wrong_days(notation), "NA"]
    texts = [f"\u2003{cell}\n" for cell in cells]
    data, present = read_served(np.array([text.encode() for text in texts], object), notation.name)
    dates = [read_date(cell, notation.name) for cell in cells]
    assert present.numpy().ravel().tolist() == [float(date is not None) for date in dates]
    state = state_of(notation)
    answer = layers.DateParts(state.mean, state.deviation, notation.name)(data, present)
    np.testing.assert_allclose(answer, expected(cells, notation), atol=1e-6, rtol=1e-6)


def test_a_cell_longer_than_the_graph_reads_is_no_date() -> None:
    day, long = "26.11.2026 02:30 PM", " (Central European Summer Time)"
    assert read_date(f"{day} GMT+0200{long}", "DD.MM.YYYY") == "2026-11-26 14:30"
    too_long = f"Donnerstag, {day} GMT+0200{long}"
    assert len(too_long.encode()) > NOTATIONS["DD.MM.YYYY"].max_bytes
    assert read_date(too_long, "DD.MM.YYYY") is None


def test_whole_numbers_of_seconds_are_exact() -> None:
    rng = np.random.default_rng(0)
    seconds = np.r_[rng.integers(0, 10**10, 20_000), 86400 * rng.integers(0, 115_740, 5000), 0, 10**10 - 1]
    seconds = np.r_[seconds, np.maximum(seconds - 1, 0)]
    moment = reading.read_moment(encode_cells([str(s) for s in seconds], 40), NOTATIONS["unix seconds"])
    want = np.array(seconds, "datetime64[s]")
    days = want.astype("datetime64[D]")
    months = want.astype("datetime64[M]")
    parts = [
        *(
            want.astype("datetime64[Y]").astype(int) + 1970,
            months.astype(int) % 12 + 1,
            (days - months).astype(int) + 1,
        ),
        *(seconds % 86400 // 3600, seconds % 3600 // 60, np.ones(len(seconds))),
    ]
    got = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.valid)
    for answer, part in zip(got, parts, strict=True):
        np.testing.assert_array_equal(np.asarray(answer).ravel(), part)


def test_days_become_months_exactly() -> None:
    days = np.arange(1_100_000).astype("float32")
    year, month, day = (np.asarray(x) for x in reading.civil(days[:, None]))
    want = np.array(days - reading.EPOCH, "int64").astype("datetime64[D]")
    months = want.astype("datetime64[M]")
    np.testing.assert_array_equal(year.ravel(), want.astype("datetime64[Y]").astype(int) + 1970)
    np.testing.assert_array_equal(month.ravel(), months.astype(int) % 12 + 1)
    np.testing.assert_array_equal(day.ravel(), (want - months).astype(int) + 1)


def test_names_of_months_do_not_collide() -> None:
    from mmkeras.data.dates.months import JUI, KEYS, NAMES
    from mmkeras.modalities.text.exact import modulo_is_exact

    prime = int(reading.NAMES_PRIME)
    assert len({key % prime for key in KEYS}) == len(KEYS)
    assert modulo_is_exact(prime)
    for month, names in enumerate(NAMES, 1):
        for name in names.split():
            for spelling in (name, name.upper(), name.capitalize()):
                key = int.from_bytes(spelling.encode().lower()[:3], "big")
                july = key == JUI and spelling.lower()[3] == "l"
                assert KEYS[key] + july == month, name


# a column


def test_a_column_is_rebuilt_in_its_notation_and_without_one_in_iso() -> None:
    column = DateColumn("day", DateState(1.0, 2.0), "DD.MM.YYYY")
    assert load({"name": "day", **column.entry()}, None) == column  # type: ignore[arg-type]
    old = load({"name": "day", "state": {"mean": 1.0, "deviation": 2.0}}, None)  # type: ignore[arg-type]
    assert old.notation == ISO
    assert load({"name": "day", "state": {"mean": 1.0, "deviation": 2.0}, "notation": ""}, None) == old  # type: ignore[arg-type]


def test_the_contract_says_how_the_column_writes_dates() -> None:
    metadata = DateColumn("day", STATE, "MM/DD/YYYY").input("day").metadata
    assert metadata["notation"] == "MM/DD/YYYY"
    assert metadata["format"].startswith("MM/DD/YYYY, such as 11/26/2026")
    assert metadata["example"] == "11/26/2026"
    assert metadata["max_bytes"] == 64


def test_the_mean_is_of_days_and_of_minutes_in_a_column_of_times() -> None:
    assert adapt_state(["26.11.2026", "", "28.11.2026"], "DD.MM.YYYY") == adapt_state(["2026-11-26", "2026-11-28"])
    assert adapt_state(["06:00", "6:00 PM", ""], "HH:MM") == DateState(0.5, 0.25)


@pytest.mark.parametrize("rows", [1, 20])
def test_a_date_for_never_does_not_flatten_all_others(rows: int) -> None:
    days = [f"2024-{month:02d}-{day:02d}" for month in (1, 2) for day in range(1, 29)]
    known, far = adapt_state(days), adapt_state([*days, *["9999-12-31"] * rows])
    assert far == known
