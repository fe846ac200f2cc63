"""All sets in one table, and the table of the bars."""

from __future__ import annotations

import statistics
from typing import Any

from benchmarks.news.bars import ACCURACY, accuracy, bars, differences
from benchmarks.news.sets import SETS
from benchmarks.news.systems import SYSTEMS, TUNED

NONE = "–"
DIFFERENCES = (("ours", TUNED), ("ours_1mb", "ours"), ("ours_1mb", "fasttext_1mb"))


def overview_table(sets: dict[str, Any]) -> str:
    """Accuracy of every system on every set, the differences that matter, the bars; a mean is of the sets there are."""
    names = list(sets)
    head = ["accuracy, per cent", *(SETS[name].short for name in names), "mean"]
    lines = [row(head), row(["---"] + ["---:"] * (len(head) - 1))]
    for system, about in SYSTEMS.items():
        values = [accuracy(sets, name, system) for name in names]
        if any(value is not None for value in values):
            lines.append(row([about.title, *cells(values, "{:.2f}")]))
    lines.append(row(["*bar of mmkeras*", *(f"{ACCURACY[name]:.1f}" for name in names), NONE]))
    for one, other in DIFFERENCES:
        found = differences(sets, one, other)
        if found:
            title = f"*{SYSTEMS[one].title} − {SYSTEMS[other].title}*"
            lines.append(row([title, *cells([found.get(name) for name in names], "{:+.2f}")]))
    seeds = ", ".join(f"{SETS[name].short} {seeds_of(sets, name)}" for name in names if seeds_of(sets, name))
    note = f"\nMeans over seeds, where a system has one; seeds of mmkeras: {seeds}.\n" if seeds else ""
    return "### All sets\n\n" + "\n".join(lines) + "\n" + note


def seeds_of(sets: dict[str, Any], name: str) -> int:
    """How many seeds mmkeras was trained with."""
    return len({run["seed"] for run in sets[name]["systems"].get("ours", {}).get("runs", [])})


def cells(values: list[float | None], form: str) -> list[str]:
    """Each figure and the mean of them, which is only given where none is missing."""
    there = [value for value in values if value is not None]
    mean = form.format(statistics.fmean(there)) if len(there) == len(values) else NONE
    return [*(NONE if value is None else form.format(value) for value in values), mean]


def bars_table(sets: dict[str, Any]) -> str:
    """Each bar, what was measured, and whether it is reached: by the figure itself, not by its rounded digits."""
    lines = [row(["bar", "limit", "measured", ""]), row(["---", "---:", "---:", "---"])]
    for bar in bars(sets):
        if bar.measured is not None:
            sign = "≥" if bar.least else "≤"
            gap = abs(bar.measured - bar.limit)
            answer = "reached" if bar.reached else f"**missed by {gap:.{bar.digits}f}**"
            note = f", {bar.note}" if bar.note else ""
            figure = f"{bar.measured:.{bar.digits}f}"
            lines.append(row([bar.what, f"{sign} {bar.limit:g}", figure, answer + note]))
    return "### Bars\n\n" + "\n".join(lines) + "\n"


def row(values: list[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(values)} |"
