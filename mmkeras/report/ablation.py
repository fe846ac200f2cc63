"""The results of `mmkeras ablate`: every fusion on every subset of the modalities, as a table and a plot."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from mmkeras.report import plots
from mmkeras.report.files import ABLATION, read_json
from mmkeras.report.template import environment
from mmkeras.system.files import write_atomically


def write_ablation_report(folder: Path) -> Path:
    """Write `ablation.html`, a table and a plot, beside the `ablation.json` of a folder. Returns its path.

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
    """ablation.json -> a grid (subset x fusion), the plot, the best results, and the fusions that hurt.

    A fusion hurts if its mean score on its largest subset is lower than that of the best single modality.
    """
    rows = [{**row, **mean_and_deviation(row["scores"])} for row in result["rows"] if row["scores"]]
    fusions = list(dict.fromkeys(row["fusion"] for row in rows))
    fusions.sort(key=lambda fusion: fusion is not None)  # single columns, which need no fusion, first
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


def mean_and_deviation(scores: list[float]) -> dict[str, Any]:
    """Mean and standard deviation over the seeds; the latter is None for a single seed."""
    return {
        "mean": statistics.mean(scores),
        "deviation": statistics.stdev(scores) if len(scores) > 1 else None,
    }


def hurting(rows: list[dict[str, Any]], single: dict[str, Any]) -> list[dict[str, Any]]:
    """The fusions whose mean score on their largest subset is below that of the best single modality."""
    largest: dict[str, dict[str, Any]] = {}
    for row in rows:
        other = largest.get(row["fusion"])
        if len(row["modalities"]) > 1 and (other is None or len(row["modalities"]) > len(other["modalities"])):
            largest[row["fusion"]] = row
    return [row for row in largest.values() if row["mean"] < single["mean"]]
