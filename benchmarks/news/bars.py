"""What the figures are held against: bars of accuracy, size and speed, and whether each is reached."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.news.merge import whole_cpu
from benchmarks.news.sets import SETS
from benchmarks.news.systems import TUNED

ACCURACY = {"trec": 90.5, "webkb": 93.0, "mr": 77.3, "bbc": 98.6, "news20": 87.0, "tnews": 56.7}
AIMS = {"news20": 87.5, "tnews": 57.0}
BELOW_SVM, AIM_ABOVE_SVM = 0.3, 0.5

BUDGETS = {"news20": ("ours_1mb", 1.0, 0.4), "bbc": ("ours_small", 0.3, 0.2), "tnews": ("ours_small", 0.7, 0.4)}
"""Set -> the system, its bar in MB, and the points that it may lose against the float model."""

BIG = 50_000  # training rows from which mmkeras is to be no slower than scikit-learn


@dataclass(frozen=True)
class Bar:
    """One bar. least: `measured` must not be below `limit`; else not above. digits: of the figures in the table.
    measured: None if there are no figures."""

    what: str
    limit: float
    measured: float | None
    least: bool = True
    digits: int = 2
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Is it reached? None: not measured."""
        if self.measured is None:
            return None
        gap = self.measured - self.limit
        return gap >= -1e-9 if self.least else gap <= 1e-9  # a mean of floats may be off by so much


def accuracy(sets: dict[str, Any], name: str, system: str) -> float | None:
    """Mean accuracy over the seeds."""
    runs = sets.get(name, {}).get("systems", {}).get(system, {}).get("runs", [])
    return statistics.fmean(run["accuracy"] for run in runs) if runs else None


def differences(sets: dict[str, Any], one: str, other: str) -> dict[str, float]:
    """Set -> accuracy of `one` less that of `other`, where both are measured."""
    pairs = {name: (accuracy(sets, name, one), accuracy(sets, name, other)) for name in SETS}
    return {name: a - b for name, (a, b) in pairs.items() if a is not None and b is not None}


def bars(sets: dict[str, Any]) -> list[Bar]:
    """All bars, in the order of the page."""
    return [*accuracy_bars(sets), *size_bars(sets), *speed_bars(sets)]


def accuracy_bars(sets: dict[str, Any]) -> Iterator[Bar]:
    """Accuracy of the float model, by itself and beside the tuned SVM."""
    for name, limit in ACCURACY.items():
        aim = f"aim {AIMS[name]}" if name in AIMS else ""
        yield Bar(f"{SETS[name].short}: accuracy", limit, accuracy(sets, name, "ours"), note=aim)
    above = differences(sets, "ours", TUNED)
    worst = min(above, key=lambda name: above[name], default="")
    yield Bar(
        "lowest accuracy beside the tuned SVM", -BELOW_SVM, above.get(worst), note=SETS[worst].short if worst else ""
    )
    mean = statistics.fmean(above.values()) if above else None
    yield Bar("mean accuracy beside the tuned SVM", 0.0, mean, note=f"aim {AIM_ABOVE_SVM} on every set")


def size_bars(sets: dict[str, Any]) -> Iterator[Bar]:
    """The models of a size budget, beside the float model and beside fastText's."""
    for name, (system, limit, loss) in BUDGETS.items():
        short = SETS[name].short
        yield Bar(f"{short}: MB of {limit:g}", limit, size(sets, name, system), least=False, digits=3)
        measured = differences(sets, system, "ours").get(name)
        yield Bar(f"{short}: accuracy beside the float model, at {limit:g} MB", -loss, measured)
    ahead = differences(sets, "ours_1mb", "fasttext_1mb")
    worst = min(ahead, key=lambda name: ahead[name], default="")
    note = SETS[worst].short if worst else ""
    yield Bar("lowest accuracy beside fastText's 1 MB", 0.0, ahead.get(worst), note=note)


def speed_bars(sets: dict[str, Any]) -> Iterator[Bar]:
    """One document beside fastText, ONNX Runtime beside LiteRT, training and predictions beside scikit-learn."""
    for name in ("tnews", "news20"):
        clients = sets.get(name, {}).get("systems", {}).get("ours", {}).get("clients", {})
        times = {title.rpartition(", ")[2]: client for title, client in clients.items() if "latency" in client}
        lite = times.get("LiteRT")
        against = lite["latency"]["p50_us"] / lite["yardstick_p50_us"] if lite and lite["yardstick_p50_us"] else None
        yield Bar(f"{SETS[name].short}: p50 of a document, × fastText", 1.0, against, least=False, note="aim 0.5")
        if name == "tnews":
            both = lite and "ONNX Runtime" in times
            onnx = times["ONNX Runtime"]["latency"]["p50_us"] / lite["latency"]["p50_us"] if lite and both else None
            yield Bar("TNEWS: p50 of a document, ONNX Runtime × LiteRT", 3.0, onnx, least=False)
    for name, measured in sets.items():
        if measured["train_rows"] >= BIG:
            ratio = whole_ratio(measured["systems"].get("ours", {}).get("runs", []))
            what = f"{SETS[name].short}: CPU seconds of training and predictions, × LinearSVC"
            yield Bar(what, 1.0, ratio, least=False)


def whole_ratio(runs: list[Any]) -> float | None:
    """CPU seconds of training and predictions over the untuned SVM's of the same run: the median over the trainings."""
    ratios = [whole_cpu(run) / run["yardstick_cpu_s"] for run in runs if run.get("yardstick_cpu_s")]
    return statistics.median(ratios) if ratios else None


def size(sets: dict[str, Any], name: str, system: str) -> float | None:
    """MB of the LiteRT file of a system of ours."""
    clients = sets.get(name, {}).get("systems", {}).get(system, {}).get("clients", {})
    return next((client["size_mb"] for title, client in clients.items() if title.endswith("LiteRT")), None)
