"""The model beside the simple baselines of the same rows, for the page of every task."""

from __future__ import annotations

from typing import Any

from mmkeras.metrics.baselines import difference, scored
from mmkeras.report.files import RunFiles


def beside(run: RunFiles) -> dict[str, Any] | None:
    """`lines`: title, score and difference of each; None for a run without baselines, as of an earlier version."""
    compared = run.metrics.get("baselines")
    if not compared:
        return None
    lines = [{"title": "this model", "score": scored(compared["model"], compared), "difference": None, "p": None}]
    for entry in compared["baselines"]:
        has_difference = "difference" in entry
        lines.append(
            {
                "title": entry["title"],
                "score": scored(entry, compared),
                "difference": difference(entry, compared) if has_difference else None,
                "p": ("<0.001" if entry["p"] < 0.001 else f"{entry['p']:.3f}") if has_difference else None,
            }
        )
    return {**compared, "lines": lines}
