"""The rows that went most wrong: what was said, what is true, and every cell as a person can judge it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mmkeras.report.files import RunFiles
from mmkeras.report.findings import excerpt
from mmkeras.report.held_out import Row, labels_of, numbers_of, scaled_errors
from mmkeras.report.media import Room, media_root, show
from mmkeras.runs.run import LINE, PART, PREDICTION, PROBABILITY

TARGETS_SHOWN: Final = 4
"""Targets of a row whose errors are shown, the largest first."""


def mistakes(run: RunFiles) -> list[dict[str, Any]]:
    """The worst rows: where each stands, its verdict (by the task), and its cells to read, look at and listen to."""
    file = run.config.get("validation") or run.schema["file"]["path"]
    root, room = media_root(run.config, file), Room()
    sizes = [abs(value) for row in run.held_out.worst for value in parts(row, run).values()]
    largest = max(sizes, default=0.0) or 1.0
    found = []
    for row in run.held_out.worst:
        adds = parts(row, run)
        cells = []
        for entry in run.inputs:
            media = entry["kind"] in ("image", "audio")
            cell: dict[str, Any] = {"column": entry["column"], "kind": entry["kind"], "part": None}
            cell["shown_as"] = "media" if media else "fields"
            if entry["name"] in adds:
                cell["part"] = bar(adds[entry["name"]], largest, run.task == "classify")
            if media:
                cell["media"] = show(row[entry["column"]], entry, root, room)
            else:
                cell |= excerpt(row[entry["column"]], (entry.get("rule") or {}).get("max_bytes"))
            cells.append(cell)
        found.append({"place": f"{file}, line {row[LINE]}", "cells": cells, **VERDICTS[run.task](row, run)})
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


def _class(row: Row, run: RunFiles) -> dict[str, Any]:
    return {
        "truth": row[run.targets[0]],
        "prediction": row[PREDICTION],
        "probability": float(row[PROBABILITY]),
    }


def _labels(row: Row, run: RunFiles) -> dict[str, Any]:
    truth, said = labels_of(row[run.targets[0]]), labels_of(row[PREDICTION])
    return {
        "right": sorted(truth & said),
        "missed": sorted(truth - said),
        "added": sorted(said - truth),
        "probability": float(row[PROBABILITY]),
    }


def _numbers(row: Row, run: RunFiles) -> dict[str, Any]:
    truth, said = numbers_of(row, run.schema["targets"])
    sizes = scaled_errors(row, run.schema["targets"])
    worst = sorted(range(len(sizes)), key=lambda k: -sizes[k])
    shown = [
        {"target": run.targets[k], "truth": truth[k], "said": said[k], "error": said[k] - truth[k]}
        for k in worst[:TARGETS_SHOWN]
    ]
    return {"targets": shown, "others": len(sizes) - len(shown)}


VERDICTS: Final[dict[str, Callable[[Row, RunFiles], dict[str, Any]]]] = {
    "classify": _class,
    "multilabel": _labels,
    "regress": _numbers,
}
