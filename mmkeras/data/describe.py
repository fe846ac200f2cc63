"""A table as lines to print: its columns, their guessed kinds, and notes."""

from __future__ import annotations

from mmkeras.data.cells import is_empty, one_line, width_of
from mmkeras.data.table import Table
from mmkeras.data.target_kinds import KINDS


def describe(table: Table) -> str:
    """The table as a few lines to print: its columns, their kinds and roles, and the notes."""
    file_format = f"{table.encoding}, delimiter {table.delimiter!r}" if table.delimiter else "Parquet"
    head = f"{table.path}: {len(table.rows):,} rows, {file_format}, {len(table.bad_rows):,} bad rows"
    grid = [("column", "kind", "role", "from", "filled", "example")]
    for column in (*table.columns, *table.ignored):
        cells = table.rows[column.name]
        filled = 1 - is_empty(cells).mean() if len(cells) else 0.0
        example = one_line(next((cell for cell in cells if cell.strip()), ""))
        if column.role == "target":
            example += f" ({KINDS[column.kind].extent(cells)})"
        origin = "given" if column.given else "guessed"
        grid.append((one_line(column.name, 24), column.kind, column.role, origin, f"{filled:.0%}", example))
    widths = [max(width_of(row[i]) for row in grid) for i in range(5)]
    lines = [head]
    for row in grid:
        padded = (cell + " " * (width - width_of(cell)) for cell, width in zip(row, widths, strict=False))
        lines.append("  " + "  ".join([*padded, row[5]]).rstrip())
    return "\n".join([*lines, *(f"  {note}" for note in table.notes)])
