"""The figures as Markdown: one table a set, one row a system (a further row for each further artefact)."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import Any

from benchmarks.news.systems import YARDSTICK

NONE = "–"
HEAD = (
    "system",
    "accuracy",
    "macro-F1",
    "training s",
    "× SVM",
    "× SVM (CPU)",
    "peak MiB",
    "predict s",
    "MB",
    "p50 µs",
    "one doc s",
    "one doc MiB",
)
TRAINED_CELLS = 8  # the cells of HEAD that are of a training; the others are of a saved model


def markdown(figures: dict[str, Any]) -> str:
    """The whole report: the machine, one table a set, and what was left out."""
    machine = figures["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    variables = " ".join(f"{name}={value}" for name, value in machine["variables"].items())
    parts = [
        f"{machine['date']}, commit {machine['commit']}, {machine['processor']}, {machine['cores']} cores, Python "
        f"{machine['python']}, {packages}. Load average before the run: {machine['load_before']}. Every training ran "
        f"with `{variables}`; every latency on one thread.\n"
    ]
    if machine["load_before"] > 0.25 * machine["cores"]:
        parts.append(
            "**The machine was busy before the run.** Wall-clock figures of long calls suffer more than those of short "
            "ones: compare processor seconds, and measure again on a quiet machine.\n"
        )
    if figures["quick"]:
        parts.append("**`--quick`: tiny sets. These figures only show that the harness works.**\n")
    parts += [set_table(each) for each in figures["sets"].values()]
    if figures["left_out"]:
        reasons = "".join(f"- {name}: {reason.splitlines()[0]}\n" for name, reason in figures["left_out"].items())
        parts.append(f"Left out:\n{reasons}")
    return "\n".join(parts)


def set_table(figures: dict[str, Any]) -> str:
    """The table of one set."""
    repeated = figures["unseen_rows"] < figures["test_rows"]
    head = list(HEAD)
    if repeated:
        head.insert(3, "accuracy, unseen")
    yardstick = figures["systems"].get(YARDSTICK, {}).get("runs", [])
    lines = [line(head), line("---" if i == 0 else "---:" for i in range(len(head)))]
    for system in figures["systems"].values():
        lines += system_lines(system, yardstick, repeated)
    rows = f"{figures['train_rows']} training rows, {figures['test_rows']} test rows"
    if repeated:
        rows += f", {figures['unseen_rows']} of them with a text that is not in train ('unseen')"
    return f"### {figures['title']}\n\n{rows}.\n\n" + "\n".join(lines) + "\n"


def system_lines(system: dict[str, Any], yardstick: list[Any], repeated: bool) -> Iterable[str]:
    """The row of a system; with several saved models, a further row for each."""
    if not system["runs"]:
        return
    trained = trained_cells(system["runs"], yardstick, repeated)
    clients = list(system["clients"].items())
    if len(clients) < 2:
        yield line([system["title"], *trained, *client_cells(clients[0][1] if clients else {})])
        return
    for index, (title, client) in enumerate(clients):
        cells = trained if index == 0 else [NONE] * len(trained)
        yield line([f"{system['title']}, {title}", *cells, *client_cells(client)])


def trained_cells(runs: list[Any], yardstick: list[Any], repeated: bool) -> list[str]:
    """Accuracy, macro-F1, (accuracy on unseen texts,) time and its ratios, memory, time of the predictions."""
    cells = [mean_and_range(run["accuracy"] for run in runs), mean_and_range(run["macro_f1"] for run in runs)]
    if repeated:
        cells.append(mean_and_range(run["unseen"]["accuracy"] for run in runs))
    wall, cpu = cost(runs, "train", "wall_s"), cost(runs, "train", "cpu_s")
    if yardstick:
        ratios = [wall / cost(yardstick, "train", "wall_s"), cpu / cost(yardstick, "train", "cpu_s")]
    peak = max(run["train"]["peak_mib"] for run in runs)
    return [
        *cells,
        f"{wall:.1f}",
        *([f"{ratio:.2f}" for ratio in ratios] if yardstick else [NONE, NONE]),
        f"{peak:.0f}",
        f"{cost(runs, 'predict', 'wall_s'):.1f}",
    ]


def client_cells(client: dict[str, Any]) -> list[str]:
    """Size, p50 of one document, and a one-document process's time and memory."""
    if not client:
        return [NONE] * (len(HEAD) - TRAINED_CELLS)
    processes = client["one_document"]
    return [
        f"{client['size_mb']:.1f}",
        f"{client['latency']['p50_us']:.0f}" if "latency" in client else NONE,
        f"{statistics.median(each['wall_s'] for each in processes):.2f}" if processes else NONE,
        f"{max(each['peak_mib'] for each in processes):.0f}" if processes else NONE,
    ]


def cost(runs: list[Any], step: str, figure: str) -> float:
    """The median of one figure of one step over the runs."""
    return statistics.median(float(run[step][figure]) for run in runs)


def mean_and_range(values: Iterable[float]) -> str:
    """The mean, with the smallest and the largest if they differ."""
    figures = list(values)
    mean = f"{statistics.fmean(figures):.2f}"
    return mean if min(figures) == max(figures) else f"{mean} ({min(figures):.2f}–{max(figures):.2f})"


def line(cells: Iterable[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
