"""The figures of one or several runs as Markdown, and the page benchmarks/RESULTS.md.

    python -m benchmarks.news.table peers/news.json ours/news.json            # prints
    python -m benchmarks.news.table peers/news.json ours/news.json --page     # writes it into RESULTS.md

Of two runs of one system the later file counts (merge.py). A table of all sets comes first, then one a set: a row a
system, and a further row for each further saved model.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from benchmarks.news.bars import whole_ratio
from benchmarks.news.merge import merge
from benchmarks.news.overview import bars_table, overview_table

NONE = "–"
HEAD = (
    "system",
    "accuracy",
    "macro-F1",
    "training CPU s",
    "predict CPU s",
    "both × SVM",
    "peak MiB",
    "MB",
    "p50 µs",
    "× fastText",
    "one doc s",
    "one doc MiB",
)
TRAINED_CELLS = 7  # the cells of HEAD that are of a training; the others are of a saved model
PAGE = ROOT / "benchmarks" / "RESULTS.md"
START, END = "<!-- python -m benchmarks.news.table … --page writes from here -->", "<!-- to here -->"


def main(arguments: list[str] | None = None) -> int:
    """Print the tables of the files, or write them into the page. Returns 2 if a file cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", type=Path, help="news.json of each run, earlier runs first")
    parser.add_argument("--page", nargs="?", type=Path, const=PAGE, help="write into this page instead (RESULTS.md)")
    args = parser.parse_args(arguments)
    try:
        tables = markdown(merge([json.loads(path.read_text(encoding="utf-8")) for path in args.results]))
        if args.page is None:
            print(tables)
        else:
            write_into(args.page, tables)
    except (OSError, ValueError) as reason:
        print(reason, file=sys.stderr)
        return 2
    return 0


def write_into(page: Path, tables: str) -> None:
    """Put the tables between the two marks of a page. Raises ValueError if the page lacks them."""
    text = page.read_text(encoding="utf-8")
    before, start, rest = text.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"{page}: expected the lines {START!r} and {END!r}, between which the tables are written.")
    page.write_text(f"{before}{START}\n\n{tables}\n{END}{after}", encoding="utf-8")


def markdown(figures: dict[str, Any]) -> str:
    """The whole report: all sets, the bars, one table a set, the machines, and what was left out."""
    parts = []
    if any(source["quick"] for source in figures["sources"]):
        parts.append("**`--quick`: tiny sets. These figures only show that the harness works.**\n")
    if figures["sets"]:
        parts += [overview_table(figures["sets"]), bars_table(figures["sets"])]
    parts += [set_table(each) for each in figures["sets"].values()]
    parts.append(sources_text(figures["sources"]))
    if figures["left_out"]:
        reasons = "".join(f"- {name}: {reason.splitlines()[0]}\n" for name, reason in figures["left_out"].items())
        parts.append(f"Left out:\n\n{reasons}")
    return "\n".join(parts)


def sources_text(sources: list[dict[str, Any]]) -> str:
    """The machines, and the command, day, commit and load of every run."""
    runs: dict[str, list[str]] = {}
    for source in sources:
        machine = source["machine"]
        packages = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
        where = f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {packages}"
        busy = " (**busy**: compare processor seconds)" if machine["load_before"] > 0.25 * machine["cores"] else ""
        runs.setdefault(where, []).append(
            f"- `{source['command']}`: {machine['date']}, commit {machine['commit']}, threads of a training "
            f"{machine['variables']['OMP_NUM_THREADS']}, load average before the run {machine['load_before']}{busy}\n"
        )
    return "\n".join(f"Measured on {where}:\n\n{''.join(lines)}" for where, lines in runs.items())


def set_table(figures: dict[str, Any]) -> str:
    """The table of one set."""
    repeated = figures["unseen_rows"] < figures["test_rows"]
    head = list(HEAD)
    if repeated:
        head.insert(3, "accuracy, unseen")
    lines = [line(head), line("---" if i == 0 else "---:" for i in range(len(head)))]
    for system in figures["systems"].values():
        lines += system_lines(system, repeated)
    rows = f"{figures['train_rows']:,} training rows, {figures['test_rows']:,} test rows"
    if repeated:
        rows += f", {figures['unseen_rows']:,} of them with a text that is not in train ('unseen')"
    return f"### {figures['title']}\n\n{rows}.\n\n" + "\n".join(lines) + "\n"


def system_lines(system: dict[str, Any], repeated: bool) -> Iterable[str]:
    """The row of a system; with several saved models, a further row for each."""
    if not system["runs"]:
        return
    trained = trained_cells(system["runs"], repeated)
    clients = list(system["clients"].items())
    if len(clients) < 2:
        yield line([system["title"], *trained, *client_cells(clients[0][1] if clients else {})])
        return
    for index, (title, client) in enumerate(clients):
        timed = "latency" in client or client["one_document"]
        if index and not timed and client["size_mb"] == clients[0][1]["size_mb"]:
            continue  # the same file, and nothing else was measured
        cells = trained if index == 0 else [NONE] * len(trained)
        yield line([title, *cells, *client_cells(client)])


def trained_cells(runs: list[Any], repeated: bool) -> list[str]:
    """Accuracy, macro-F1, (accuracy on unseen texts,) processor seconds and their ratio, memory."""
    cells = [mean_and_range(run["accuracy"] for run in runs), mean_and_range(run["macro_f1"] for run in runs)]
    if repeated:
        cells.append(mean_and_range(run.get("unseen", run)["accuracy"] for run in runs))
    ratio = whole_ratio(runs)
    return [
        *cells,
        f"{cost(runs, 'train', 'cpu_s'):.1f}",
        f"{cost(runs, 'predict', 'cpu_s'):.1f}",
        NONE if ratio is None else f"{ratio:.2f}",
        f"{max(run['train']['peak_mib'] for run in runs):.0f}",
    ]


def client_cells(client: dict[str, Any]) -> list[str]:
    """Size, p50 of one document and its ratio to fastText's, and a one-document process's time and memory."""
    if not client:
        return [NONE] * (len(HEAD) - TRAINED_CELLS)
    processes, latency, yardstick = client["one_document"], client.get("latency"), client.get("yardstick_p50_us")
    return [
        f"{client['size_mb']:.2f}",
        f"{latency['p50_us']:.0f}" if latency else NONE,
        f"{latency['p50_us'] / yardstick:.2f}" if latency and yardstick else NONE,
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


if __name__ == "__main__":
    sys.exit(main())
