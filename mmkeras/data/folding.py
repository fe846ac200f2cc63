"""Long lists as a few lines: the first columns of a kind and a count, the first notes of a form and a count."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from mmkeras.data.columns.column import Column

MOST_ALIKE: Final = 12  # columns of one kind and role, and notes of one form, that are all shown
FIRST: Final = 5  # of more than that
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|[0-9][0-9.,]*")


def fold_columns(columns: Sequence[Column]) -> list[tuple[Column, int]]:
    """The columns to show, and how many others of the same kind and role stand behind each one.

    Columns that the user named, and those whose reading is doubtful, are shown as long as they are few.
    """
    alike = Counter((column.kind, column.role) for column in columns)
    shown: list[tuple[Column, int]] = []
    count: Counter[tuple[str, str]] = Counter()
    notable = 0
    for column in columns:
        key = column.kind, column.role
        count[key] += 1
        special = (column.given or bool(column.doubtful)) and notable < MOST_ALIKE
        if alike[key] <= MOST_ALIKE or count[key] <= FIRST or special:
            notable += special and count[key] > FIRST
            shown.append((column, 0))
    rest = alike - Counter((column.kind, column.role) for column, _ in shown)
    last = {(column.kind, column.role): k for k, (column, _) in enumerate(shown)}
    return [
        (column, rest[key] if last[key := (column.kind, column.role)] == k else 0)
        for k, (column, _) in enumerate(shown)
    ]


def fold_notes(notes: Iterable[str]) -> list[str]:
    """The notes; of more than MOST_ALIKE that differ in names and numbers alone the first, and how many more."""
    forms: dict[str, list[str]] = defaultdict(list)
    for note in notes:
        forms[_QUOTED.sub("…", note)].append(note)
    lines = []
    for alike in forms.values():
        if len(alike) <= MOST_ALIKE:
            lines += alike
            continue
        lines += alike[:FIRST]
        names = [found[0] for note in alike[FIRST:] if (found := _QUOTED.findall(note))]
        such = f", of {', '.join(names[:FIRST])}, …" if names else ""
        lines.append(f"({len(alike) - FIRST:,} more notes as the {FIRST} above{such})")
    return lines
