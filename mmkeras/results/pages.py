"""Small tables of HTML, as notebooks show them."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def html_table(head: Sequence[object], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """A table. head: the titles of the columns; () for none."""
    title = f"<caption>{html.escape(caption)}</caption>" if caption else ""
    titles = f"<thead><tr>{_cells(head, 'th')}</tr></thead>" if head else ""
    body = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in rows)
    return f"<table>{title}{titles}<tbody>{body}</tbody></table>"


def html_lines(lines: Iterable[str]) -> str:
    """Sentences below a table, one a line."""
    return "".join(f"<div>{html.escape(line)}</div>" for line in lines)


def _cells(row: Sequence[object], tag: str) -> str:
    return "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in row)
