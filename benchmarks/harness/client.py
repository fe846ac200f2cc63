"""One raw document in, one answer out, timed: the same loop for mmkeras and for every peer. Standard library only."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Answer = Callable[[Any], Any]

WARM_UP = 50
"""Documents that a client answers before it counts as started."""

WAKE = 5
"""Documents answered untimed at the start of each turn: other clients have used the processor's caches."""

REPLY = "@times "
"""Prefix of the lines that a serving client writes for the harness; libraries write to the same pipe."""


def serve(answer: Answer, texts: Sequence[Any]) -> None:
    """Take turns with other clients: for each line `start stop` on stdin, time those documents and write the times.

    So every system is loaded once, and a slow moment of the machine slows all of them.
    """
    for text in texts[:WARM_UP]:
        answer(text)
    print(REPLY + "[]", flush=True)
    for line in sys.stdin:
        start, stop = map(int, line.split())
        for text in texts[start : min(stop, start + WAKE)]:
            answer(text)
        print(REPLY + json.dumps(time_each(answer, texts[start:stop])), flush=True)


def time_each(answer: Answer, texts: Sequence[Any]) -> list[float]:
    """Microseconds from each raw text to its label."""
    spent = []
    for text in texts:
        started = time.perf_counter_ns()
        answer(text)
        spent.append((time.perf_counter_ns() - started) / 1000)
    return spent


def summary(spent: Sequence[float]) -> dict[str, float]:
    """Microseconds of each document -> documents, p50_us, p95_us and mean_us."""
    ordered = sorted(spent)
    return {
        "documents": len(ordered),
        "p50_us": round(statistics.median(ordered), 2),
        "p95_us": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "mean_us": round(statistics.fmean(ordered), 2),
    }


def write_json(path: Path, values: object) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
