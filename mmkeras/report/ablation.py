"""What `mmkeras ablate` found: every fusion on every subset of the modalities, as a table and a plot."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from mmkeras.report import plots
from mmkeras.report.files import ABLATION, read_json
from mmkeras.report.template import environment
from mmkeras.system.files import write_atomically


def write_ablation_report(folder: Path) -> Path:
    """Write `ablation.html` beside a folder's `ablation.json`: its table and its plot. Returns its path.

    Raises FileNotFoundError, naming the file, when there is no ablation.json.
    """
    page = folder / "ablation.html"
    result = read_json(folder / ABLATION)
    text = (
        environment()
        .get_template("ablation.html.j2")
        .render(name=folder.resolve().name, csv=result.get("csv", "–"), ablation=findings(result))
    )
    write_atomically(page, text)
    return page


def findings(result: dict[str, Any]) -> dict[str, Any]:
    """ablation.json -> a grid (subset x fusion), the plot, the best of each, and fusions that hurt.

    A fusion hurts that has, on the largest subset it was tried on, a lower mean score than the best single modality.
    """
    rows = [{**row, **spread(row["scores"])} for row in result["rows"] if row["scores"]]
    fusions = list(dict.fromkeys(row["fusion"] for row in rows))
    fusions.sort(key=lambda fusion: fusion is not None)  # single columns, where there is nothing to fuse, first
    best = max(rows, key=lambda row: row["mean"], default=None)
    grid: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row["modalities"])
        line = grid.setdefault(key, {"modalities": key, "columns": row["columns"], "cells": {}})
        line["cells"][row["fusion"]] = {**row, "best": row is best}
    single = max((row for row in rows if len(row["modalities"]) == 1), key=lambda row: row["mean"], default=None)
    return {
        "score_name": result["score_name"],
        "fusions": fusions,
        "grid": list(grid.values()),
        "best": best,
        "single": single,
        "hurt": hurting(rows, single) if single else [],
        "seeds": sorted({len(row["scores"]) for row in rows}),
        "plot": plots.ablation(rows, result["score_name"]) if rows else None,
    }


def spread(scores: list[float]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds; the latter None for a single one."""
    return {
        "mean": statistics.mean(scores),
        "deviation": statistics.stdev(scores) if len(scores) > 1 else None,
    }


def hurting(rows: list[dict[str, Any]], single: dict[str, Any]) -> list[dict[str, Any]]:
    """The fusions whose mean on the most modalities is below the best single modality's."""
    fullest: dict[str, dict[str, Any]] = {}
    for row in rows:
        known = fullest.get(row["fusion"])
        if len(row["modalities"]) > 1 and (known is None or len(row["modalities"]) > len(known["modalities"])):
            fullest[row["fusion"]] = row
    return [row for row in fullest.values() if row["mean"] < single["mean"]]
