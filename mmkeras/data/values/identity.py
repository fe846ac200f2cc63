"""One value, one identity: `1`, `1.0` and `1.00` are one number, `TRUE`, `true` and `True` one truth value, `Yes` too.

A value keeps the spelling that most training rows have. Codes are no numbers: `007` and `7` differ.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

TRUTH: Final = frozenset(("true", "false", "yes", "no"))
_NUMBER: Final = re.compile(r"([+-]?)(0|[1-9][0-9]*)(?:\.([0-9]*))?")
_ZEROS: Final = ("", ".0", ".00", ".000", ".")
"""Ends that leave a whole number the same."""


def key_of(cell: str) -> str:
    """What two spellings of one number or truth value have in common; other cells are their own key."""
    if len(cell) > 32:
        return cell
    if cell.lower() in TRUTH:
        return cell.lower()
    if number := _NUMBER.fullmatch(cell):
        sign, whole, decimals = number[1], number[2], (number[3] or "").rstrip("0")
        zero = whole == "0" and not decimals
        return ("-" if sign == "-" and not zero else "") + whole + (f".{decimals}" if decimals else "")
    return cell


def usual_spellings(cells: Iterable[str] | Mapping[str, int]) -> dict[str, str]:
    """Key -> its most frequent spelling among the cells, or the cells with their rows; of equals the shortest."""
    counts = Counter(cells)
    usual: dict[str, str] = {}
    for cell in sorted(counts, key=lambda cell: (-counts[cell], len(cell), cell)):
        usual.setdefault(key_of(cell), cell)
    return usual


def spelled_alike(cells: Iterable[str], usual: Mapping[str, str]) -> list[str]:
    """The cells, each in the usual spelling of its value; a value without one stays as it is."""
    return [usual.get(key_of(cell), cell) for cell in cells]


def joined(cells: Iterable[str], usual: Mapping[str, str]) -> dict[str, list[str]]:
    """Usual spelling -> the other spellings of its value among the cells, for a message."""
    others: dict[str, list[str]] = {}
    for cell in sorted(set(cells)):
        spelling = usual.get(key_of(cell), cell)
        if spelling != cell:
            others.setdefault(spelling, []).append(cell)
    return others


def spellings(value: str) -> list[str]:
    """All ways to write a value that a graph knows without reading the cell as a number: `3` -> 3, 3.0, 3.00, …

    Words: as they are, in lower case, in upper case, and with a capital.
    """
    key = key_of(value)
    if number := _NUMBER.fullmatch(value):
        sign = number[1] if number[1] == "-" else ""
        decimals = key.partition(".")[2]
        whole = [f"{sign}{number[2]}"]
        ends = _ZEROS if not decimals else tuple(f".{decimals}{'0' * n}" for n in range(4))
        return list(dict.fromkeys([value, *(f"{part}{end}" for part in whole for end in ends)]))
    return list(dict.fromkeys([value, value.lower(), value.upper(), value.capitalize(), value.title()]))
