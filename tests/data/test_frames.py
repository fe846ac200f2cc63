"""A DataFrame as a table: its values count, and neither dtypes nor the index; the file that records it."""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmkeras.config.data import Data
from mmkeras.data.files.frame_file import parquet_of, recorded
from mmkeras.data.files.frames import frame_source, index_note
from mmkeras.data.files.parquet import parquet_rows
from mmkeras.data.files.reading import read_source
from mmkeras.data.files.source import Source
from mmkeras.data.table import read_table
from mmkeras.errors import InputError

CELLS: dict[str, tuple[Any, list[str]]] = {
    "whole": ([1, 2, 3], ["1", "2", "3"]),
    "small": (np.array([1, 2, 3], "int8"), ["1", "2", "3"]),
    "whole floats": ([1.0, None, 3.0], ["1", "", "3"]),
    "fractions": ([0.1, 1e-7, float("nan")], ["0.1", "1e-07", ""]),
    "float32": (np.array([0.1, 0.2, 3], "float32"), ["0.1", "0.2", "3"]),
    "nullable": (pd.array([1, None, 3], dtype="Int64"), ["1", "", "3"]),
    "decimals": ([decimal.Decimal("1.50"), None, decimal.Decimal(2)], ["1.50", "", "2"]),
    "truth": ([True, False, True], ["True", "False", "True"]),
    "nullable truth": (pd.array([True, None, False], dtype="boolean"), ["True", "", "False"]),
    "texts": (["a", None, " b "], ["a", "", " b "]),
    "nothing": ([pd.NA, pd.NaT, float("nan")], ["", "", ""]),
    "mixed": ([1, "x", 2.0], ["1", "x", "2"]),
    "categories": (pd.Categorical(["x", "y", "x"]), ["x", "y", "x"]),
    "number categories": (pd.Categorical([1, 2, 1]), ["1", "2", "1"]),
    "days": (pd.to_datetime(["2026-01-02", None, "2026-03-04"]), ["2026-01-02", "", "2026-03-04"]),
    "times": (
        pd.to_datetime(["2026-01-02", "2026-01-02 14:30:15", None], format="ISO8601"),
        ["2026-01-02 00:00", "2026-01-02 14:30:15", ""],
    ),
    "zoned": (
        pd.date_range("2026-01-02 14:30", periods=3, tz="Europe/Berlin"),
        [f"2026-01-0{k} 14:30" for k in (2, 3, 4)],
    ),
    "dates": ([datetime.date(2026, 1, 2), None, datetime.date(2026, 3, 4)], ["2026-01-02", "", "2026-03-04"]),
    "durations": (pd.to_timedelta([1, 2, 90], unit="m"), ["60", "120", "5400"]),
    "lists": ([["a", "b"], [], ["c"]], ["a|b", "", "c"]),
    "paths": ([Path("a/b.png"), None, Path("c.png")], ["a/b.png", "", "c.png"]),
    "sparse": (pd.arrays.SparseArray([1.5, 0.0, 0.0]), ["1.5", "0", "0"]),
}


@pytest.mark.parametrize("name", CELLS)
def test_cells_of_every_dtype_and_in_the_file(name: str, tmp_path: Path) -> None:
    values, expected = CELLS[name]
    source = frame_source(pd.DataFrame({"x": values, "t": ["a"] * 3}), "frame")
    assert source.rows["x"].tolist() == expected
    read = parquet_rows(parquet_of(source), "frame").rows["x"]
    if name in ("times", "zoned"):  # the file writes them to the second
        expected = [cell and f"{cell}{':00' * (len(cell) == 16)}.000" for cell in expected]
        assert read.tolist() == [cell[:19] + ".000" if cell else "" for cell in expected]
    else:
        assert read.tolist() == expected


def test_names() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=[7, ("a", 1), "  b  c "])
    assert list(frame_source(frame, "f").rows) == ["7", "('a', 1)", "b c"]
    levels = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")]))
    assert list(frame_source(levels, "f").rows) == ["a x", "a y"]
    for columns, word in ((["a", "a"], "columns 1 and 2 of the frame are both named 'a'"), (["a", ""], "no name")):
        with pytest.raises(InputError, match=word):
            frame_source(pd.DataFrame([[1, 2]], columns=columns), "f")
    with pytest.raises(InputError, match="both named '1'"):
        frame_source(pd.DataFrame([[1, 2]], columns=[1, "1"]), "f")
    with pytest.raises(InputError, match=r"it has columns \(a\) but no rows"):
        frame_source(pd.DataFrame({"a": []}), "f")
    with pytest.raises(InputError, match="has no columns"):
        frame_source(pd.DataFrame(), "f")


def test_the_index_is_told_where_it_may_hold_something() -> None:
    frame = pd.DataFrame({"a": [1, 2]})
    assert not index_note(frame)
    assert not index_note(frame[::-1])
    assert "The index is no column" in index_note(frame.set_axis(["x", "y"]))[0]
    assert (
        "The index 'key' is no column"
        in index_note(frame.rename_axis("key").set_axis(["x", "y"]).rename_axis("key"))[0]
    )


def test_what_is_no_cell_is_left_out_and_told() -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "b": [{"k": 1}, None]})
    source = frame_source(frame, "f")
    assert list(source.rows) == ["a"]
    assert "Column 'b' is left out: row 1: expected" in source.notes[0]
    assert "a dict" in source.notes[0]
    with pytest.raises(InputError, match="f: column 'b', row 1: expected"):
        frame_source(frame, "f", needed=["b"])
    with pytest.raises(InputError, match="no column of the frame can be used"):
        frame_source(frame[["b"]], "f")


def test_a_frame_and_its_csv_are_read_alike(tmp_path: Path) -> None:
    """Numbers of three decimals too, which in a CSV could be thousands."""
    n = 60
    frame = pd.DataFrame(
        {
            "text": [f"a text of words, number {k}" for k in range(n)],
            "price": [1.234 + k if k % 2 else float(k) for k in range(n)],
            "shop": pd.Categorical([f"shop {k % 3}" for k in range(n)]),
            "open": [k % 2 == 0 for k in range(n)],
            "day": pd.date_range("2026-01-01", periods=n),
            "label": [("yes", "no")[k % 2] for k in range(n)],
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    source = frame_source(frame, f"{tmp_path / 'run.parquet'}")
    with recorded(source, overwrite=False):
        pass
    by_csv = read_table(Data(csv=f"{tmp_path / 't.csv'}"))
    by_frame = read_table(Data(csv=source.path))
    kinds = [(column.name, column.kind, column.role, column.notation) for column in by_frame.columns]
    assert kinds == [(column.name, column.kind, column.role, column.notation) for column in by_csv.columns]
    prices = by_frame.rows["price"].astype(float)
    assert np.allclose(prices, frame["price"])
    assert np.allclose(by_csv.rows["price"].astype(float), frame["price"])
    frame["price"] = [f"{k % 9}.{100 + k}" if k % 2 else f"{k}" for k in range(n)]
    frame["price"] = frame["price"].astype(float)
    path = f"{tmp_path / 'thousands.parquet'}"
    with recorded(frame_source(frame, path), overwrite=False):
        assert np.allclose(read_table(Data(csv=path)).rows["price"].astype(float), frame["price"])
    frame.to_parquet(path)
    assert np.allclose(read_table(Data(csv=path)).rows["price"].astype(float), frame["price"]), "a Parquet file too"


def fail_in(source: Source, overwrite: bool) -> None:
    """A training that is refused while the frame's file is there."""
    with recorded(source, overwrite):
        assert read_source(source.path).rows.equals(source.rows)
        raise InputError("wrong")


def test_the_file_of_a_frame_is_replaced_only_where_asked(tmp_path: Path) -> None:
    path = tmp_path / "runs/x.parquet"
    one = frame_source(pd.DataFrame({"a": [1, 2], "b": ["x", None]}), f"{path}")
    other = frame_source(pd.DataFrame({"a": [1, 3], "b": ["x", None]}), f"{path}")
    with pytest.raises(InputError, match="wrong"):
        fail_in(one, overwrite=False)
    assert not path.exists()
    with recorded(one, overwrite=False):
        assert read_source(path).rows.equals(one.rows)
    content = path.read_bytes()
    with recorded(one, overwrite=False):
        pass
    with pytest.raises(InputError, match="other rows than the frame. Replace it with overwrite=True"):
        recorded(other, overwrite=False).__enter__()
    with pytest.raises(InputError, match="wrong"):
        fail_in(other, overwrite=True)
    assert path.read_bytes() == content, "as it was before"
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match="something else than a frame's rows. Choose another output="):
        recorded(other, overwrite=True).__enter__()
    assert path.read_bytes() == b"mine"
