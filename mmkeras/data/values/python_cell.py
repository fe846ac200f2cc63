"""A value as Python holds it -> the cell that a table would have: one rule for rows and frames. Without pandas."""

from __future__ import annotations

import datetime
import decimal
import math
import numbers
import os
import sys
from collections.abc import Callable
from typing import Any

from mmkeras.data.dates.calendar import ISO
from mmkeras.data.dates.write import write_date
from mmkeras.errors import BadCell

LABEL_SIGN = "|"
_NOTHING = ("NAType", "NaTType")  # pandas', which is not imported here


def is_missing(value: Any) -> bool:
    """Is a value None, NaN, NaT or pandas' NA?"""
    if value is None or type(value).__name__ in _NOTHING:
        return True
    return isinstance(value, numbers.Number) and bool(value != value)


def is_number(value: Any) -> bool:
    """Is a value a number, and no truth value?"""
    is_span = type(value).__name__ == "timedelta64"  # which NumPy counts among its integers
    return isinstance(value, numbers.Real | decimal.Decimal) and not is_truth(value) and not is_span


def is_truth(value: Any) -> bool:
    """Is a value True or False, of Python or NumPy?"""
    return isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")


def python_cell(value: Any, notation: str = ISO) -> str:
    """A value as a cell: '' for a missing one; True, 3, 0.1, 2026-11-26 14:30, a path, a text, labels `a|b`.

    Whole numbers have no fraction whatever their type is: 3.0 is the cell `3`. notation: of dates.
    Raises BadCell for infinite numbers, and for types that are no cell.
    """
    if isinstance(value, str):
        return str(value)
    if is_missing(value):
        return ""
    if is_truth(value):
        return str(bool(value))
    if is_number(value):
        return number_cell(value)
    if isinstance(value, datetime.date | datetime.time):  # of which pandas' Timestamp is one
        return write_date(value, notation)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return python_cell(_from_numpy(value), notation)
    if isinstance(value, datetime.timedelta):
        return number_cell(value.total_seconds())
    if isinstance(value, list | tuple | set | frozenset) and all(isinstance(part, str | int) for part in value):
        return LABEL_SIGN.join(map(str, sorted(value, key=str) if isinstance(value, set | frozenset) else value))
    raise BadCell(f"expected a text, a number, a date, True, False or None, received {type_in_words(value)}.")


def number_cell(value: Any) -> str:
    """A finite number in Python's notation, with the digits of its own type: 0.1 of a float32 too."""
    try:
        finite = math.isfinite(value)
    except OverflowError:  # a whole number of more than 308 digits
        raise BadCell(f"expected a finite number, up to {sys.float_info.max:.3g}.") from None
    if not finite:
        raise BadCell(f"expected a finite number, received {value}.")
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return str(value) if type(value).__module__ == "numpy" or isinstance(value, decimal.Decimal) else repr(float(value))


def _from_numpy(value: Any) -> Any:
    """A scalar of NumPy, or an array without dimensions, as Python's own; a date to the microsecond."""
    if value.dtype.kind == "M":
        return value.item() if value.dtype == "datetime64[D]" else value.astype("datetime64[us]").item()
    return value.astype("timedelta64[us]").item() if value.dtype.kind == "m" else value.item()


def type_in_words(value: Any) -> str:
    """A value's type for a message, with the shape and dtype of an array."""
    name = type(value).__name__
    name = f"{'an' if name[0] in 'aeiouAEIOU' or name == 'ndarray' else 'a'} {name}"
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is not None and dtype is not None:
        return f"{name} of shape {list(shape)} and dtype {dtype}"
    if isinstance(value, bytes | bytearray):
        return f"{len(value):,} bytes"
    return name


Converter = Callable[[Any], str]
"""A value that is no cell, such as a picture in memory -> a cell. Raises BadCell."""
