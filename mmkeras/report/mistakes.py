"""The worst predictions: prediction, truth, and every input cell in a form that a person can judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmkeras.modalities import names_files
from mmkeras.report.files import RunFiles
from mmkeras.report.findings import excerpt
from mmkeras.report.held_out import Row
from mmkeras.report.media import MediaBudget, media_root, show
from mmkeras.runs.run import LINE, PART

BLOCK_SHOWN = 8  # columns of a block whose cells are shown


def mistakes(run: RunFiles, verdict: Callable[[Row, RunFiles], dict[str, Any]], signed: bool) -> list[dict[str, Any]]:
    """The worst rows: line in the file, verdict, and the cells as text, pictures and sound.

    verdict: (row, run) -> the variables of the task's template for a row: truth, prediction, error.
    signed: whether the contribution of a column has a sign, for or against the prediction; else it is a size.
    """
    file = run.config.get("validation") or run.schema["file"]["path"]
    root, budget = media_root(run.config, file), MediaBudget()
    sizes = [abs(value) for row in run.held_out.worst for value in contributions_of(row, run).values()]
    largest = max(sizes, default=0.0) or 1.0
    reasons = {str(entry["line"]): entry for entry in run.explained.get("mistakes", [])}
    worst_rows = []
    for row in run.held_out.worst:
        contributions = contributions_of(row, run)
        cells = []
        for input_spec in run.inputs:
            media = names_files(input_spec["kind"])
            cell: dict[str, Any] = {"column": input_spec["column"], "kind": input_spec["kind"], "part": None}
            cell["shown_as"] = "media" if media else "fields"
            if input_spec["name"] in contributions:
                cell["part"] = bar(contributions[input_spec["name"]], largest, signed)
            if media:
                cell["media"] = show(row[input_spec["column"]], input_spec, root, budget)
            else:
                cell |= excerpt(cell_of(row, input_spec), (input_spec.get("rule") or {}).get("max_bytes"))
            cells.append(cell)
        why = reasons.get(row[LINE])
        worst_rows.append({"place": f"{file}, line {row[LINE]}", "cells": cells, "why": why, **verdict(row, run)})
    return worst_rows


def cell_of(row: Row, input_spec: dict[str, Any]) -> str:
    """The cell of an input; of a block the first BLOCK_SHOWN columns with their cells, and how many more there are."""
    if "columns" not in input_spec:
        return str(row[input_spec["column"]])
    names = [column["column"] for column in input_spec["columns"]]
    cells = "; ".join(f"{name}: {row[name] or '–'}" for name in names[:BLOCK_SHOWN])
    return f"{cells}; and {len(names) - BLOCK_SHOWN:,} more columns"


def contributions_of(row: Row, run: RunFiles) -> dict[str, float]:
    """Input -> its contribution to the prediction of a row; {} for a fusion without contributions."""
    names = [input_spec["name"] for input_spec in run.inputs]
    return {name: float(row[PART + name]) for name in names if row.get(PART + name)}


def bar(value: float, largest: float, signed: bool) -> dict[str, Any]:
    """A bar to draw, in percent of the whole width, and its number.

    signed: the bar begins in the middle; to the right it supports the prediction. Else it begins at the left.
    """
    width = min(1.0, abs(value) / largest) * (50 if signed else 100) if value == value else 0.0
    if not signed:
        return {"left": 0.0, "width": width, "side": "", "words": f"{value:.2f}"}
    words = f"{value:+.2f}".replace("-", "−")
    side, left = (" against", 50 - width) if value < 0 else (" for", 50.0)
    return {"left": left, "width": width, "side": side, "words": words}
