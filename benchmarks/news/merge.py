"""Several runs of the benchmark as one: peers measured on one day, mmkeras on another.

A ratio is of one run alone: before runs are joined, each training and each saved model is given the yardstick's figure
of its own run.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.news.sets import SETS
from benchmarks.news.systems import SPEED_YARDSTICK, SYSTEMS, YARDSTICK


def merge(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The figures of several news.json, in their order -> sources, sets, left_out.

    Of two trainings of one system with the same seed the later run's is kept, so that seeds may be added; an earlier
    training of mmkeras stays only if its commit is the same. What an earlier run left out and a later one has is in.
    Raises ValueError if some of them, but not all, are of tiny sets (`--quick`).
    """
    if len({figures["quick"] for figures in results}) > 1:
        raise ValueError("Some of these runs are of tiny sets (--quick), and others are not: merge runs of one kind.")
    sets: dict[str, Any] = {}
    left_out: dict[str, str] = {}
    for figures in results:
        commit = figures["machine"]["commit"]
        for name, measured in figures["sets"].items():
            kept = sets.setdefault(name, {**measured, "systems": {}})
            for system, row in with_yardsticks(measured["systems"]).items():
                if row["runs"]:
                    kept["systems"][system] = joined(kept["systems"].get(system), {**row, "commit": commit}, system)
        left_out |= figures["left_out"]
    return {
        "sources": [{key: figures.get(key) for key in ("machine", "command", "quick")} for figures in results],
        "sets": {
            name: {**sets[name], "systems": in_order(sets[name]["systems"], SYSTEMS)} for name in in_order(sets, SETS)
        },
        "left_out": {what: reason for what, reason in left_out.items() if not measured_since(what, sets)},
    }


def with_yardsticks(systems: dict[str, Any]) -> dict[str, Any]:
    """The systems of a run; their trainings and saved models with the yardsticks of this run."""
    seconds = [whole_cpu(run) for run in systems.get(YARDSTICK, {}).get("runs", [])]
    cpu = statistics.median(seconds) if seconds else None
    clients = systems.get(SPEED_YARDSTICK, {}).get("clients", {}).values()
    p50 = next((client["latency"]["p50_us"] for client in clients if "latency" in client), None)
    return {
        name: {
            **row,
            "runs": [{**run, "yardstick_cpu_s": cpu} for run in row["runs"]],
            "clients": {title: {**client, "yardstick_p50_us": p50} for title, client in row["clients"].items()},
        }
        for name, row in systems.items()
    }


def whole_cpu(run: dict[str, Any]) -> float:
    """Processor seconds of the training and of the predictions."""
    return float(run["train"]["cpu_s"]) + float(run["predict"]["cpu_s"])


def joined(earlier: dict[str, Any] | None, later: dict[str, Any], system: str) -> dict[str, Any]:
    """The row of a system from two runs."""
    if earlier is None or (system.startswith("ours") and earlier["commit"] != later["commit"]):
        return later
    seeds = {run["seed"] for run in later["runs"]}
    clients = dict(earlier["clients"])
    for title, client in later["clients"].items():
        if "latency" in client or "latency" not in clients.get(title, {}):
            clients[title] = client
    return {
        **later,
        "runs": [run for run in earlier["runs"] if run["seed"] not in seeds] + later["runs"],
        "clients": clients,
    }


def measured_since(what: str, sets: dict[str, Any]) -> bool:
    """Has a set, or a system of a set ("trec svm"), figures?"""
    name, _, system = what.partition(" ")
    return name in sets and (not system or system in sets[name]["systems"])


def in_order(found: dict[str, Any], order: dict[str, Any]) -> dict[str, Any]:
    """`found` with its keys in the order of `order`; a key that is not there comes last."""
    return {
        key: found[key] for key in sorted(found, key=lambda key: list(order).index(key) if key in order else len(order))
    }
