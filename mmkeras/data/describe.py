"""A table as lines to print: its columns, their guessed kinds, and notes."""

from __future__ import annotations

from typing import Final

from mmkeras.data.folding import fold_columns, fold_notes
from mmkeras.data.table import Table
from mmkeras.data.targets.target_kinds import KINDS
from mmkeras.data.values.cells import is_empty, one_line, width_of

WORDS: Final = ("text", "category", "labels")
"""Kinds that any cell fits."""


def describe(table: Table) -> str:
    """The table as a few lines to print: its columns, their kinds and roles, and the notes.

    fits: share of the filled cells that are of the column's kind; the others count as missing. `?`: the notation may be
    another one.
    """
    file_format = f"{table.encoding}, delimiter {table.delimiter!r}" if table.delimiter else table.format
    head = f"{table.path}: {len(table.rows):,} rows, {file_format}, {len(table.bad_rows):,} bad rows"
    grid = [("column", "kind", "role", "from", "filled", "fits", "example")]
    folded: dict[int, str] = {}  # line of the grid -> the line behind it
    for column, more in fold_columns((*table.columns, *table.ignored)):
        cells = table.rows[column.name]
        filled = 1 - is_empty(cells).mean() if len(cells) else 0.0
        fits = 1 - column.odd / max(1, column.odd + filled * len(cells))
        example = one_line(next((cell for cell in cells if cell.strip()), ""))
        if column.role == "target":
            example += f" ({KINDS[column.kind].extent(cells)})"
        origin = "given" if column.given else "guessed"
        kind = f"{column.kind} {column.notation}".strip()
        shares = (share(filled), "" if column.kind in WORDS else share(fits) + "?" * bool(column.doubtful))
        grid.append((one_line(column.name, 24), kind, column.role, origin, *shares, example))
        if more:
            rest = f"{more:,} more {column.kind} columns ({column.role})"
            folded[len(grid) - 1] = f"  … and {rest}{'; schema.json has all' if column.role != 'ignored' else ''}"
    widths = [max(width_of(row[i]) for row in grid) for i in range(6)]
    lines = [head]
    for k, row in enumerate(grid):
        padded = (cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=False))
        lines.append("  " + "  ".join([*padded, row[6]]).rstrip())
        lines += [folded[k]] if k in folded else []
    return "\n".join([*lines, *(f"  {note}" for note in fold_notes(table.notes))])


def share(part: float) -> str:
    """A share in per cent: 100% where nothing is left, 99.7% where little is."""
    return f"{part:.0%}" if part in (0, 1) or 0.01 <= part <= 0.99 else f"{part:.1%}"
