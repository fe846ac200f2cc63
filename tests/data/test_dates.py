"""What is a date, and which columns are of dates."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import small_runs

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.dates.calendar import ISO, notation_of
from mmkeras.data.dates.read import read_date as date_in
from mmkeras.data.table import read_table
from mmkeras.data.values.clean import clean
from mmkeras.errors import BadCell
from mmkeras.modalities.date.cells import read as read_date


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-11-26", True),
        (" 2026-11-26 ", True),
        ("2024-02-29T23:59:59Z", True),
        ("2026-11-26 14:30 +0100", True),
        ("2023-02-29", False),
        ("2026-13-01", False),
        ("0000-01-01", False),
        ("2026-11-26 24:00", False),
        ("26.11.2026", False),
        ("2026-1-5", False),
        ("20261126", False),
        ("٢٠٢٦-11-26", False),
        ("2026-11-26 and more", False),
        ("NA", False),
        ("", False),
    ],
)
def test_what_is_a_date(cell: str, expected: bool) -> None:
    assert (date_in(cell, ISO) is not None) == expected
    entry = {"max_bytes": notation_of(ISO).max_bytes}
    if expected:
        assert read_date(cell, entry, None) == cell.strip()[: entry["max_bytes"]].encode()  # type: ignore[arg-type]
    elif cell in ("", "NA"):
        assert read_date(cell, entry, None) == b"", "missing"  # type: ignore[arg-type]
    else:
        with pytest.raises(BadCell, match="expected a date such as"):
            read_date(cell, entry, None)  # type: ignore[arg-type]


def test_cells_of_a_column_are_dates_missing_or_faults() -> None:
    cells = pd.Series(["2026-11-26", "NA", " 2026-11-26 07:00 ", "tomorrow", ""], dtype=object)
    cells, faults = clean(cells, Column("day", "date", "input"))
    assert cells.tolist() == ["2026-11-26", "", "2026-11-26 07:00", "", ""]
    assert faults.tolist() == [False, False, False, True, False]


# as a user has them


@pytest.mark.parametrize(("last", "kind"), [("2026-12-31", "date"), ("NA", "date"), ("soon", "date")])
def test_a_column_is_of_dates_where_nearly_all_its_cells_are(tmp_path: Path, last: str, kind: str) -> None:
    days = [*(f"2026-{1 + k % 12:02d}-{1 + k % 28:02d} 07:00" for k in range(40)), last]
    csv = small_runs.write_rows(
        tmp_path / "d.csv", [{"day": d, "label": "ab"[len(d) % 2 + k % 2 - 1]} for k, d in enumerate(days)]
    )
    assert [column.kind for column in read_table(Config.of(csv=str(csv)).data).inputs] == [kind]
