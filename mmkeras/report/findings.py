"""What a run's figures say: how sure they are, which classes are weak, what is taken for what."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from mmkeras.report.files import RunFiles
from mmkeras.run import LINE, PREDICTION, PROBABILITY

LARGEST_MATRIX: Final = 30
"""Classes a confusion matrix may have and still be read; with more, the pairs are listed."""
PREVIEW: Final = 400
"""Characters of a text shown before it must be opened."""
LONGEST_TEXT: Final = 20_000
"""Characters of a text put into the page at all."""
_JOINS: Final = "\u200d\ufe0e\ufe0f"  # zero-width joiner and variation selectors: they belong to their neighbours
# C0 controls other than tab and line feed are not allowed in HTML: show their pictures (U+2400 …).
_CONTROLS: Final = {c: 0x2400 + c for c in range(32) if c not in (9, 10, 13)} | {13: None, 127: 0x2421}


def interval(hits: float, rows: int) -> tuple[float, float]:
    """The 95% interval of a share, `hits` of `rows` (Wilson 1927): what so few rows can say."""
    if not rows:
        return 0.0, 1.0
    z, share = 1.96, hits / rows
    centre, spread = share + z * z / (2 * rows), z * (share * (1 - share) / rows + (z / (2 * rows)) ** 2) ** 0.5
    return max(0.0, (centre - spread) / (1 + z * z / rows)), min(1.0, (centre + spread) / (1 + z * z / rows))


def headline(run: RunFiles) -> dict[str, Any]:
    """The figures to read first, and what to hold them against."""
    measured = run.metrics["validation"]
    rows = measured["rows"]
    right = sum(row[k] for k, row in enumerate(measured["confusion"]))
    largest = max(measured["per_class"], key=lambda c: c["rows"])
    seen = [c for c in measured["per_class"] if c["rows"]]
    return {
        "rows": rows,
        "right": right,
        "wrong": rows - right,
        "interval": interval(right, rows),
        "largest": largest["label"],
        "largest_share": largest["rows"] / max(rows, 1),
        "weakest": min(seen, key=lambda c: c["f1"]) if seen else None,
    }


def classes(run: RunFiles) -> list[dict[str, Any]]:
    """The figures a class with its number, in the order of the matrix; where there is none, the weakest first."""
    numbered = [{"number": k, **c} for k, c in enumerate(run.metrics["validation"]["per_class"], 1)]
    if len(numbered) > LARGEST_MATRIX:
        numbered.sort(key=lambda c: (not c["rows"], c["f1"]))
    return numbered


def matrix(run: RunFiles) -> list[list[dict[str, Any]]]:
    """The confusion matrix as cells: rows of a class (truth) that were given each class; [] if there are too many.

    `shade` is the square root of the share: a mistake in every hundredth row must still be seen.
    """
    counts = run.metrics["validation"]["confusion"]
    if len(counts) > LARGEST_MATRIX:
        return []
    cells = []
    for truth, row in enumerate(counts):
        total = max(sum(row), 1)
        cells.append(
            [
                {"count": n, "share": n / total, "shade": round((n / total) ** 0.5, 2), "hit": truth == k}
                for k, n in enumerate(row)
            ]
        )
    return cells


def confused_pairs(run: RunFiles) -> list[dict[str, Any]]:
    """What was taken for what, the most rows first: ten pairs beside a matrix, forty instead of one."""
    measured = run.metrics["validation"]
    labels = [c["label"] for c in measured["per_class"]]
    pairs = [
        {"truth": labels[i], "prediction": labels[j], "rows": n, "of": sum(row)}
        for i, row in enumerate(measured["confusion"])
        for j, n in enumerate(row)
        if n and i != j
    ]
    pairs.sort(key=lambda p: (-p["rows"], p["of"]))
    return pairs[: 10 if len(labels) <= LARGEST_MATRIX else 40]


def mistakes(run: RunFiles) -> list[dict[str, Any]]:
    """The most confident mistakes: where the row stands, truth, prediction, probability, and its cells to read."""
    file = run.config.get("validation") or run.schema["file"]["path"]
    return [
        {
            "place": f"{file}, line {row[LINE]}",
            "truth": row[run.schema["target"]],
            "prediction": row[PREDICTION],
            "probability": float(row[PROBABILITY]),
            "cells": [
                {"column": i["column"], **excerpt(row[i["column"]], (i.get("rule") or {}).get("max_bytes"))}
                for i in run.inputs
            ],
        }
        for row in run.mistakes
    ]


def excerpt(text: str, max_bytes: int | None = None) -> dict[str, Any]:
    """A text in three: what is shown, what can be opened, and how many characters are left out.

    max_bytes: where the model stopped reading; what lies behind it cannot explain its answer. `unread` says so.
    """
    limit = len(text) if max_bytes is None else len(text.encode()[:max_bytes].decode(errors="ignore"))
    end = min(limit, LONGEST_TEXT)
    at = min(PREVIEW, end) if len(text) > PREVIEW * 1.2 or end < len(text) else end
    if at < end:  # between words, where they are parted by spaces
        at = 1 + max(text.rfind(sign, at - 40, at) for sign in " \n") or at
    while 0 < at < end and _belongs(text[at - 1], text[at]):
        at -= 1
    return {
        "shown": printable(text[:at]),
        "rest": printable(text[at:end]),
        "left_out": len(text) - end,
        "unread": len(text) - limit,
    }


def printable(text: str) -> str:
    """The text without what HTML forbids."""
    return text.translate(_CONTROLS)


def _belongs(before: str, after: str) -> bool:
    """Would a cut between the two characters break one sign: an accent, an emoji made of several?"""
    modifier = "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
    return before == "\u200d" or after in _JOINS or modifier or bool(unicodedata.combining(after))
