"""The notation of a column of dates, told by its values; numbers and other things that look like dates are none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mmkeras.data.dates.notation import BEFORE, NOTATIONS, Notation
from mmkeras.data.dates.order import choose_order
from mmkeras.data.dates.read import reader
from mmkeras.data.dates.whole import WHOLE, find_whole, is_compact

ODD_ALLOWED: Final = 0.05  # share of a column's values: with fewer than 20 values, none
LOOKS: Final = (20, 200, 5000)  # values that are tried before all of them: most columns are no dates


@dataclass(frozen=True)
class DateReading:
    """How a column writes its dates.

    notation: a key of NOTATIONS. odd: bool [n], the values that are no dates in it. doubtful: '', or what the values
    leave open and the flag that decides it, as a part of a sentence.
    """

    notation: str
    odd: np.ndarray
    doubtful: str = ""


def find_date_notation(values: Sequence[str], name: str = "") -> DateReading | None:
    """The notation that reads at least 95 % of a column's values, and the fewest odd ones; None where none does.

    values: the distinct cells of the column without the missing ones, stripped, in the order of the file.
    name: the column's, which counts where whole numbers may be dates.
    """
    if not len(values):
        return None
    shown = _evenly(values, LOOKS[0])
    if 2 * sum(bool(WHOLE.fullmatch(value)) for value in shown) > len(shown):
        found, doubt = find_whole(values, name)
        return DateReading(found.name, _odd(found, values), doubt) if found else None
    best, odd_of = _fewest_odd(values)
    if not best or odd_of[best[0].name].sum() > ODD_ALLOWED * len(values):
        return None
    dates = [value for value, odd in zip(values, odd_of[best[0].name], strict=True) if not odd]
    found, doubt = choose_order(best, dates, name)
    if found is None or (found.style == "compact" and not is_compact(dates, name)):
        return None
    return DateReading(_as_written(found, dates), odd_of[found.name], doubt)


def _fewest_odd(values: Sequence[str]) -> tuple[list[Notation], dict[str, np.ndarray]]:
    """The notations with the fewest odd values, in the order of preference, and which values are odd in each."""
    candidates = _plausible(_evenly(values, LOOKS[0]))
    reads: dict[str, int] = {}
    for count in LOOKS:
        shown = _evenly(values, count)
        # 95 % of all may be less of a sample
        share = 1 - ODD_ALLOWED if len(shown) == len(values) else 0.75 if count == LOOKS[0] else 0.9
        reads = {n.name: len(shown) - int(_odd(n, shown).sum()) for n in candidates}
        candidates = [n for n in candidates if reads[n.name] >= share * len(shown)]
        if len(shown) == len(values):
            break
    most = max(reads.values(), default=0)
    # of the notations with one order that read as many, the first: ISO 8601, or the one with full years
    firsts = {(n.style == "named", n.order, n.before): n for n in reversed(candidates) if reads[n.name] == most}
    best = [n for n in candidates if n in firsts.values()]
    odd_of = {n.name: _odd(n, values) for n in best}
    fewest = min((int(odd.sum()) for odd in odd_of.values()), default=0)
    return [n for n in best if odd_of[n.name].sum() == fewest], odd_of


def _odd(notation: Notation, values: Sequence[str]) -> np.ndarray:
    """Bool [n]: the values that are no dates in the notation."""
    read = reader(notation.name)
    return np.fromiter((read(value) is None for value in values), dtype=bool, count=len(values))


def _evenly(values: Sequence[str], count: int) -> Sequence[str]:
    """At most `count` values, evenly spaced."""
    if len(values) <= count:
        return values
    return [values[k] for k in np.linspace(0, len(values) - 1, count).astype(int)]


_WORD = re.compile(r"[^\W\d_]{3}")


def _distinct(notations: Iterable[Notation]) -> list[Notation]:
    """One of those that read the same cells, the first."""
    return list({(n.style, n.order, n.short, n.before, n.dropped): n for n in reversed(list(notations))}.values())[::-1]


DIFFERENT: Final = _distinct(NOTATIONS.values())
"""The notations that read different cells, in the order of preference: a full year before one of two digits."""


def _plausible(values: Sequence[str]) -> list[Notation]:
    """The notations that some values may be in, told by their characters alone: spares most of the patterns."""
    usable = [value for value in values if len(value) <= 80 and any("0" <= sign <= "9" for sign in value)]
    if 4 * len(usable) < 3 * len(values):
        return []
    words = sum(bool(_WORD.search(value)) for value in usable)
    styles = ["iso", "numeric", "time", "compact", *(["named", "ctime"] if 2 * words > len(usable) else [])]
    times_first = 2 * sum(value[1:3].find(":") >= 0 for value in usable) > len(usable)
    return [n for n in DIFFERENT if n.style in styles and (times_first or not n.before)]


_SIGN = re.compile(r"[0-9] ?([./年-]|년)")


def _as_written(notation: Notation, values: Sequence[str]) -> str:
    """The name of the notation, of those that read the same cells, whose sign between the numbers is the usual one."""
    if notation.style != "numeric":
        return notation.name
    behind = [value.partition(" ")[2] if notation.before else value for value in values[:1000]]
    signs = Counter(found[1] for value in behind if (found := _SIGN.search(value)))
    usual = signs.most_common(1)[0][0]
    for name, other in NOTATIONS.items():
        same = (other.style, other.order, other.short, other.before) == (
            *(notation.style, notation.order, notation.short, notation.before),
        )
        if same and {"년": "年"}.get(usual, usual) in name.removeprefix(BEFORE):
            return name
    return notation.name
