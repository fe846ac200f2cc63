"""The rows that went most wrong: what was predicted, what is true, and every cell as a person can judge it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmkeras.modalities import names_files
from mmkeras.report.files import RunFiles
from mmkeras.report.findings import excerpt
from mmkeras.report.held_out import Row
from mmkeras.report.media import Room, media_root, show
from mmkeras.runs.run import LINE, PART


def mistakes(run: RunFiles, verdict: Callable[[Row, RunFiles], dict[str, Any]], signed: bool) -> list[dict[str, Any]]:
    """The worst rows: where each stands, its verdict, and its cells to read, look at and listen to.

    verdict: what the task's template shows of a row: its truth, its prediction, how wrong it is.
    signed: does a column speak for an answer or against it? Else what it adds is a size.
    """
    file = run.config.get("validation") or run.schema["file"]["path"]
    root, room = media_root(run.config, file), Room()
    sizes = [abs(value) for row in run.held_out.worst for value in parts(row, run).values()]
    largest = max(sizes, default=0.0) or 1.0
    found = []
    for row in run.held_out.worst:
        adds = parts(row, run)
        cells = []
        for entry in run.inputs:
            media = names_files(entry["kind"])
            cell: dict[str, Any] = {"column": entry["column"], "kind": entry["kind"], "part": None}
            cell["shown_as"] = "media" if media else "fields"
            if entry["name"] in adds:
                cell["part"] = bar(adds[entry["name"]], largest, signed)
            if media:
                cell["media"] = show(row[entry["column"]], entry, root, room)
            else:
                cell |= excerpt(row[entry["column"]], (entry.get("rule") or {}).get("max_bytes"))
            cells.append(cell)
        found.append({"place": f"{file}, line {row[LINE]}", "cells": cells, **verdict(row, run)})
    return found


def parts(row: Row, run: RunFiles) -> dict[str, float]:
    """What each input adds to a row's answer, where the fusion can tell."""
    return {e["name"]: float(row[PART + e["name"]]) for e in run.inputs if row.get(PART + e["name"])}


def bar(value: float, largest: float, signed: bool) -> dict[str, Any]:
    """A bar to draw, in percent of the whole width, and its number.

    signed: it begins in the middle, to the right what speaks for the answer; else it is a size, and begins at the left.
    """
    width = min(1.0, abs(value) / largest) * (50 if signed else 100) if value == value else 0.0
    if not signed:
        return {"left": 0.0, "width": width, "side": "", "words": f"{value:.2f}"}
    words = f"{value:+.2f}".replace("-", "−")
    side, left = (" against", 50 - width) if value < 0 else (" for", 50.0)
    return {"left": left, "width": width, "side": side, "words": words}
