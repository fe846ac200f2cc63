"""What may be wrong with a CSV file of which too few columns or rows are left, and the flag that may help."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mmkeras.data.files.csv_trial import Sample
from mmkeras.data.files.dialects import Layout


def hint_on(sample: Sample, layout: Layout, width: int, malformed: Sequence[int]) -> str:
    """A sentence for the error message; '' where nothing is known.

    width: fields of a row. malformed: lines of the rows that cannot be used.
    """
    lines = [line.rstrip("\r\n") for line in sample.lines[layout.skip :] if line.strip()]
    if width == 1 and (spaced := _spaced(lines)):
        return spaced
    wrong = [sample.lines[line - 1] for line in malformed[:50] if line <= len(sample.lines)]
    if not wrong:
        return ""
    for sign in "#%":
        comments = sum(line.startswith(sign) for line in wrong)
        if 2 * comments > len(wrong):
            return f"Lines that begin with {sign!r} may be comments: --comment {sign!r}."
    if not layout.format.escape and 2 * sum('\\"' in line for line in wrong) > len(wrong):
        return "Quotes seem to be escaped with a backslash: --escape '\\'."
    if layout.named and 2 * len(malformed) > len(sample.lines) - layout.skip:
        return (
            f"Line {layout.skip + 1} is read as the column names, {width} of them. If the names stand further below, "
            "give --skip-lines N; if there are none, --no-header."
        )
    return ""


def _spaced(lines: Sequence[str]) -> str:
    """The hint for cells that spaces set apart: one space, or columns of a fixed width."""
    if len(lines) < 3:
        return ""
    for pattern, advice in (
        (r" {2,}|\t+", "in columns of a fixed width. Save it as CSV, or try --delimiter space where no cell has one"),
        (r" +", "apart by spaces. Give --delimiter space, or save it as CSV"),
    ):
        first, *widths = [len(re.split(pattern, _without_quoted(line).strip())) for line in lines[:200]]
        # R's write.table has no name for the names of the rows.
        if len(set(widths)) == 1 and widths[0] > 1 and first in (widths[0], widths[0] - 1):
            return f"The cells seem to be set {advice}."
    if lines[0].startswith("|") or re.fullmatch(r"[|+\-: ]{5,}", lines[1]):
        return "It looks like a table of text drawn with lines. Save it as CSV."
    return ""


def _without_quoted(line: str) -> str:
    return re.sub(r'"[^"]*"', "q", line)
