"""Cells that a spreadsheet would run are marked, numbers and labels of signs alone are not."""

from __future__ import annotations

import pytest

from mmkeras.data.values.formula_cells import FormulaCells, is_formula, unmarked

FORMULAS = (
    *("=1+1", "=cmd|' /C calc'!A0", "+1+cmd", "-2+3+cmd|x", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=x", "＝1+1", "＠SUM"),
    *("-5 degrees today", "- a list", "@user hello", "-=a", '=HYPERLINK("http://x")', "-1-2", "=1", "+a", "-3.5x"),
)
OTHERS = (
    *("", "a", "-3.5", "+1e5", "-1", "+1", "-1,234.5", "-1.234,5", "-5%", "-1 000", "-1\u202f000", "-inf", "+nan"),
    *("+", "-", "--", "=", "@", "==>", "'=1", " =1+1", "a=b", "1-2", "http://x", "-.5", "-1e-07", "+49 123 456"),
)


@pytest.mark.parametrize("cell", FORMULAS)
def test_formulas(cell: str) -> None:
    assert is_formula(cell)
    assert unmarked(f"'{cell}") == cell


@pytest.mark.parametrize("cell", OTHERS)
def test_others(cell: str) -> None:
    assert not is_formula(cell)
    assert unmarked(cell) == ("=1" if cell == "'=1" else cell)


def test_rows_are_marked_and_counted() -> None:
    rows = [["text", "=name"], ["@x", "-0.5"], ["y", 3], ["=1", "=2"]]
    lines: list[str] = []
    cells = FormulaCells()
    assert list(cells.marked(rows)) == [["text", "'=name"], ["'@x", "-0.5"], ["y", 3], ["'=1", "'=2"]]
    cells.log_marked(lines.append)
    assert lines == ["4 cells begin like a formula of a spreadsheet: a ' is written before (--raw-cells leaves them)"]
    raw = FormulaCells(raw=True)
    assert list(raw.marked(rows)) == rows
    raw.log_marked(lines.append)
    assert len(lines) == 1
