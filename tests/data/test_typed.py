"""Numbers and dates of frames, Parquet and JSON, for a model whose columns are written in another notation."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmkeras.data.columns.column import Column
from mmkeras.data.dates.calendar import NOTATIONS, read_date
from mmkeras.data.dates.write import write_date
from mmkeras.data.files.frames import frame_source
from mmkeras.data.table import read_rows
from mmkeras.errors import BadCell

COLUMNS = (
    Column("price", "number", "input", notation="1.234,56"),
    Column("cost", "number", "input", notation="$1,234.56"),
    Column("day", "date", "input", notation="DD.MM.YYYY"),
    Column("at", "date", "input", notation="unix seconds"),
)
FRAME = pd.DataFrame(
    {
        "Price": [1.234, 2.5, None],
        "cost": [1.234, 1e-7, 3],
        "day": pd.to_datetime(["2026-11-06", None, "2026-01-02"]),
        "at": pd.to_datetime(["2026-11-26 14:30", "2026-11-26", None], format="ISO8601"),
    }
)


@pytest.mark.parametrize("kind", ["frame", "parquet", "json"])
def test_a_number_and_a_date_keep_their_value(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"t.{kind}"
    if kind == "parquet":
        FRAME.to_parquet(path)
    if kind == "json":
        rows = [{"Price": 1.234, "cost": 1.234}, {"Price": 2.5, "cost": 1e-7}, {"Price": None, "cost": 3}]
        path.write_text("\n".join(map(json.dumps, rows)))
    table = read_rows(frame_source(FRAME, "f") if kind == "frame" else path, COLUMNS, inputs_optional=True)
    assert [float(cell or "nan") for cell in table.rows["price"]] == pytest.approx([1.234, 2.5, np.nan], nan_ok=True)
    assert [float(cell) for cell in table.rows["cost"]] == pytest.approx([1.234, 1e-7, 3])
    assert not table.bad_rows
    if kind != "json":
        midnight = "" if kind == "frame" else " 00:00"
        assert table.rows["day"].tolist() == [f"06.11.2026{midnight}", "", f"02.01.2026{midnight}"]
        assert [read_date(cell, "unix seconds") for cell in table.rows["at"] if cell] == [
            "2026-11-26 14:30",
            "2026-11-26 00:00",
        ]


def test_texts_of_a_frame_are_read_in_the_notation() -> None:
    frame = pd.DataFrame({"price": ["1.234,50", "1.234", ""]})
    assert read_rows(frame_source(frame, "f"), COLUMNS[:1]).rows["price"].tolist() == ["1234.50", "1234", ""]


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_moment_is_written_so_that_it_is_read(notation: str) -> None:
    style = NOTATIONS[notation].style
    for day in (datetime.date(2026, 11, 6), datetime.date(1999, 1, 31), datetime.date(2004, 2, 29)):
        at = datetime.datetime(day.year, day.month, day.day, 14, 5)
        if style == "time":
            assert read_date(write_date(at.time(), notation), notation) == "14:05"
            with pytest.raises(BadCell, match="cannot be written"):
                write_date(day, notation)
            continue
        assert (read_date(write_date(day, notation), notation) or "")[:10] == day.isoformat()
        assert read_date(write_date(at, notation), notation) == at.isoformat(" ", "minutes")
        with pytest.raises(BadCell, match="received the time of day"):
            write_date(at.time(), notation)
    if NOTATIONS[notation].short:
        with pytest.raises(BadCell, match="cannot be written"):
            write_date(datetime.date(1875, 1, 1), notation)
