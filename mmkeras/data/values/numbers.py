"""Numbers as people write them: `1.234,56`, `1,234.56`, `$1,200.50`, `67,0 %`, `12 kg`, `1.2M`, `(300)`.

A column has one notation, a text that shows it: `$1,234.56`. The plain notation of Python, `-1234.56` or `1e-3`, is ''.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mmkeras.errors import InputError

PLAIN: Final = ""
LONGEST: Final = 64
"""Characters of a number, with its unit."""
SCALES: Final = {
    **dict.fromkeys(("k", "tsd", "thousand", "tys", "тыс", "mil"), 1e3),
    **dict.fromkeys(("m", "mio", "mn", "mln", "million", "millionen", "milj", "млн"), 1e6),
    **dict.fromkeys(("b", "bn", "mrd", "mld", "mlrd", "billion", "milliarden", "млрд"), 1e9),
    **{"t": 1e12, "l": 1e5, "lac": 1e5, "lakh": 1e5, "cr": 1e7, "crore": 1e7},
    **{"万": 1e4, "萬": 1e4, "만": 1e4, "億": 1e8, "亿": 1e8, "억": 1e8},
}
"""Suffixes that stand for a power of ten."""
MAY_BE_UNITS: Final = frozenset("mbtl")
"""Metres, bytes, tonnes, litres: suffixes that are scales only beside others, or behind a currency."""
CURRENCIES: Final = frozenset(
    (
        *("usd", "eur", "gbp", "chf", "jpy", "cny", "inr", "aud", "cad", "sek", "nok", "dkk", "pln", "czk", "huf"),
        *("brl", "rub", "mxn", "zar", "krw", "us$", "a$", "c$", "r$", "nt$", "hk$", "kr", "rs", "rs.", "fr.", "zł"),
    )
)
"""Prefixes of letters, besides the signs of currencies."""
GROUPS: Final = (("", "."), (",", "."), ("", ","), (".", ","), (" ", ","), (" ", "."), ("'", "."), ("'", ","))
"""Separator of thousands and of decimals, the more usual first."""

_CELL: Final = re.compile(
    r"(?P<open>\()?(?P<sign>[-+])? *"
    r"(?P<prefix>[^\d\s.,()+'-][^\d\s,()+'-]{0,3})? *(?P<inner>[-+(])? *"
    r"(?P<core>(?:\d[\d.,' ]*)?\d|[.,]\d+|\d+[.,])(?P<exponent>[eE][-+]?\d{1,3})?(?P<minus>-)? *"
    r"(?P<suffix>[^\d\s()-][^\d()]{0,11}(?:(?<=[mtndi])[23])?)? *(?P<close>\))?"  # m2, ft3
)
_SPACES: Final = dict.fromkeys(["\u00a0", "\u202f", "\u2009"], " ")
_SAME: Final = str.maketrans({"−": "-", "–": "-", "٬": ",", "٫": ".", "’": "'", "´": "'", "`": "'", **_SPACES})


@dataclass(frozen=True)
class Parts:
    """A cell that may be a number. negative: by a minus on either side, or brackets as in accounting."""

    negative: bool
    prefix: str
    core: str
    exponent: str
    suffix: str

    @property
    def unit(self) -> str:
        """Suffix without case, a full stop, the s of a plural, or a plus: 1 year, 2 years, 10K+."""
        unit = self.suffix.casefold().rstrip(".")
        unit = unit.rstrip("+") or unit
        return unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit


@dataclass(frozen=True)
class Notation:
    """group, decimal: separators. prefix, suffix: the unit. scaled: a suffix of SCALES multiplies the number."""

    group: str
    decimal: str
    prefix: str = ""
    suffix: str = ""
    scaled: bool = False

    def __str__(self) -> str:
        number = f"1{self.group}234{self.decimal}56"
        if number == "1234.56" and not (self.prefix or self.suffix or self.scaled):
            return PLAIN
        space = " " if self.prefix[-1:].isalpha() else ""
        return f"{self.prefix}{space}{number}{'k' if self.scaled else self.suffix}"


@functools.lru_cache(65536)
def parts_of(cell: str) -> Parts | None:
    """The parts of a cell; None for a cell that is no number in any notation."""
    if len(cell) > LONGEST:
        return None
    if not cell.isascii():
        cell = unicodedata.normalize("NFKC", cell.translate(_SAME)).translate(_SAME)
        cell = "".join(str(unicodedata.decimal(c)) if not c.isascii() and c.isdecimal() else c for c in cell)
    found = _CELL.fullmatch(cell.strip())
    if not found:
        return None
    signs = [sign for sign in (found["sign"], found["inner"], found["minus"], found["open"]) if sign]
    if ("(" in signs) != bool(found["close"]):
        return None
    prefix, suffix = found["prefix"] or "", (found["suffix"] or "").strip()
    if len(signs) > 1 or (prefix and not _is_currency(prefix)):
        return None
    return Parts("-" in signs or "(" in signs, prefix, found["core"], found["exponent"] or "", suffix)


def _is_currency(prefix: str) -> bool:
    return prefix.casefold() in CURRENCIES or (len(prefix) == 1 and unicodedata.category(prefix) == "Sc")


@functools.cache
def core_pattern(group: str, decimal: str) -> re.Pattern[str]:
    """The digits of a number with these separators: thousands in groups of three, in India also of two."""
    whole = r"\d+"
    if group:
        sign = re.escape(group)
        indian = rf"[1-9]\d?(?:{sign}\d\d)+{sign}\d{{3}}|" if group == "," else ""
        whole = rf"(?:[1-9]\d{{0,2}}(?:{sign}\d{{3}})+|{indian}\d+)"
    return re.compile(rf"({whole})?(?:{re.escape(decimal)}(\d*))?", re.ASCII)


LARGEST: Final = 3.4028234663852886e38
"""The largest float32: the models compute with those, so a cell beyond is no number, as infinity is none."""


def as_plain(cell: str, notation: Notation) -> str | None:
    """A cell in Python's notation: `1234.56`; None for a cell that is no number in this notation."""
    parts = parts_of(cell)
    if parts is None or not _has_unit(parts, notation):
        return None
    digits = core_pattern(notation.group, notation.decimal).fullmatch(parts.core)
    if not digits or not (digits[1] or digits[2]) or not may_have_exponent(parts, notation.group):
        return None
    whole = (digits[1] or "0").replace(notation.group, "") if notation.group else digits[1] or "0"
    number = f"{'-' if parts.negative else ''}{whole}{'.' + digits[2] if digits[2] else ''}{parts.exponent}"
    if notation.scaled and parts.unit:
        number = repr(float(number) * SCALES[parts.unit])
    return number if abs(float(number)) <= LARGEST else None


def all_plain(cells: Sequence[str], notation: Notation) -> list[str | None]:
    """`as_plain` of cells without white space around them; the usual spelling of a number is read by one pattern."""
    if notation.scaled or any("\n" in cell for cell in cells):
        return [as_plain(cell, notation) for cell in cells]
    unit = re.escape(notation.prefix), re.escape(notation.suffix)
    digits = core_pattern(notation.group, notation.decimal).pattern
    usual = re.compile(rf"^(?:(-?){unit[0]} ?{digits} ?{unit[1]}|.*)$", re.ASCII | re.MULTILINE)
    found = usual.findall("\n".join(cells)) if cells else []  # (sign, whole, decimals) of each cell
    wholes = "\n".join(whole for _, whole, _ in found)
    wholes = wholes.replace(notation.group, "") if notation.group else wholes
    plain: list[str | None] = [
        f"{sign}{whole or '0'}.{decimals}" if decimals else f"{sign}{whole}"
        for (sign, _, decimals), whole in zip(found, wholes.split("\n"), strict=True)
    ]
    for i, (_, whole, decimals) in enumerate(found):
        if not (whole or decimals) or len(cells[i]) > LONGEST:
            plain[i] = as_plain(cells[i], notation)
    return plain


def may_have_exponent(parts: Parts, group: str) -> bool:
    """Is there no separator of thousands before an exponent? In 1,234E+02 the comma is a decimal one."""
    return not (parts.exponent and group and group in parts.core)


def _has_unit(parts: Parts, notation: Notation) -> bool:
    """Has a cell the notation's unit, or none? Currency signs of another currency are another unit."""
    if parts.prefix and parts.prefix.casefold() != notation.prefix.casefold():
        return False
    if notation.scaled:
        return not parts.unit or parts.unit in SCALES
    return not parts.suffix or parts.unit == Parts(False, "", "", "", notation.suffix).unit


def check_number_notation(text: str, column: str) -> None:
    """Raise InputError for a text that shows a notation neither of numbers nor, as was tried before, of dates."""
    try:
        parse_notation(text, column)
    except InputError as error:
        raise InputError(f"{error} Dates: such as DD.MM.YYYY, MM/DD/YYYY, YYYYMMDD or unix seconds.") from None


def parse_notation(text: str, column: str = "") -> Notation:
    """The Notation that a text shows. Raises InputError for a text that shows none."""
    if text == PLAIN:
        return Notation("", ".")
    parts = parts_of(text)
    shown = re.fullmatch(r"1([., ']?)234(?:([.,])56)?", parts.core) if parts and not parts.negative else None
    if not parts or not shown or shown[1] == (shown[2] or ""):
        raise InputError(
            f"--notation {column}={text}: expected the number 1234.56 in the column's notation, such as 1.234,56 or "
            "1,234.56 or 1 234,56 or 1234,56, with its unit if it has one, such as $1,234.56 or 1234,56 %."
        )
    group, decimal = shown[1], shown[2] or ("," if shown[1] == "." else ".")
    scaled = parts.suffix.casefold() == "k"
    return Notation(group, decimal, parts.prefix, "" if scaled else parts.suffix, scaled)
