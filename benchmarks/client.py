"""One raw document in, one label out, timed: the same loop for ours and for every peer. Standard library only."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Answer = Callable[[str], str]

WARM_UP = 50


def time_answers(answer: Answer, texts: Sequence[str]) -> dict[str, float]:
    """Answer the texts one by one, the first few of them once before the clock runs.

    Returns documents, p50_us, p95_us and mean_us: microseconds from the raw text to its label.
    """
    for text in texts[:WARM_UP]:
        answer(text)
    spent = []
    for text in texts:
        started = time.perf_counter_ns()
        answer(text)
        spent.append((time.perf_counter_ns() - started) / 1000)
    spent.sort()
    return {
        "documents": len(spent),
        "p50_us": round(statistics.median(spent), 2),
        "p95_us": round(spent[int(0.95 * (len(spent) - 1))], 2),
        "mean_us": round(statistics.fmean(spent), 2),
    }


def write_json(path: Path, values: object) -> None:
    """Write readable JSON."""
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
