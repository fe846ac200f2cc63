"""The result of an artefact: its verdict, its line in the table, and the file name of a rejected one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def reject(path: Path) -> None:
    """Rename a failed artefact, so that nothing deploys it."""
    kept = path.with_name(path.name + ".rejected")
    if kept.is_dir() and not kept.is_symlink():
        shutil.rmtree(kept)
    path.replace(kept)


def verdict(result: Mapping[str, Any]) -> str:
    """The word for an artefact's result."""
    return "ok" if result["passed"] else "ABSENT" if result.get("absent") else "REJECTED"


def table(results: Mapping[str, Mapping[str, Any]], comparison: Any, score: str) -> str:
    """The verification as lines to print. comparison: of `verify.COMPARISONS`; score: the key of the score's column."""
    return in_columns(table_cells(results, comparison, score))


def table_cells(results: Mapping[str, Mapping[str, Any]], comparison: Any, score: str) -> list[list[str]]:
    """The head of the table, and a line for each artefact with its verdict at the end."""
    lines = [[*comparison.head(score), ""]]
    for name, result in results.items():
        cells = comparison.cells(result, score) if result["rows"] else ["-"] * (len(lines[0]) - 2)
        lines.append([name, *cells, verdict(result)])
    return lines


def in_columns(lines: Sequence[Sequence[str]]) -> str:
    """Cells as lines with aligned columns."""
    widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
