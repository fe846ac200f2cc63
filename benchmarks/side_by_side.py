"""Two checkouts in turns: start-up of the command line, and the latency of a row in artefacts of the same runs.

    python -m benchmarks.side_by_side OLD NEW --runs runs/news runs/multimodal --csv data/news.csv

OLD and NEW are folders of checkouts. Each exports the runs with its own code and answers with its own runners, each
measurement in a process of its own, in the order A B A B; the figure that counts is new / old of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

FORMATS = ("predict.tflite", "predict.onnx", "savedmodel/1")
ROWS = """
import json, sys, time
from pathlib import Path
try:
    from mmkeras.runtime.feeds import to_arrays
    from mmkeras.runtime.runners import open_artefact
    from mmkeras.verification.samples import load_samples
except ImportError:
    from mmkeras.raw import feed as to_arrays
    from mmkeras.runners import open_artefact
    from mmkeras.samples import load_samples
folder, name, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
samples, runner = load_samples(folder / "sample_inputs.npz"), open_artefact(folder / name, threads=1)
answer, inputs = [runner.signature["outputs"][0]["name"]], runner.signature["inputs"]
rows = [to_arrays(samples.inputs, inputs, [i]) for i in range(min(len(samples), 200))]
for row in rows:
    runner(row, answer)
took, end = [], time.perf_counter() + seconds
while time.perf_counter() < end:
    for row in rows:
        begin = time.perf_counter()
        runner(row, answer)
        took.append(time.perf_counter() - begin)
print(sorted(took)[len(took) // 2] * 1e6)
"""


def environment(checkout: Path) -> dict[str, str]:
    """The checkout's own code comes first."""
    return {**os.environ, "PYTHONPATH": str(checkout.resolve()), "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}


def door(checkout: Path) -> list[str]:
    """What starts a checkout's command line."""
    module = "mmkeras.cli.main" if (checkout / "mmkeras/cli").is_dir() else "mmkeras.cli"
    return [sys.executable, "-m", module]


def seconds_of(checkout: Path, arguments: Sequence[str], first_line: bool = False) -> float:
    """Of one command of a checkout, as a whole process; or until it prints its first line."""
    begin = time.perf_counter()
    command = [*door(checkout), *arguments]
    with subprocess.Popen(
        command, env=environment(checkout), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=checkout
    ) as process:
        assert process.stdout is not None
        if first_line:
            process.stdout.readline()
            took = time.perf_counter() - begin
            process.kill()
            return took
        process.stdout.read()
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with code {process.returncode}")
    return time.perf_counter() - begin


def in_turns(measure: Callable[[Path], float], checkouts: Sequence[Path], rounds: int) -> tuple[float, float, float]:
    """Medians of both, and new / old of the medians; one round before them is not counted."""
    values: list[list[float]] = [[], []]
    for number in range(rounds + 1):
        for k, checkout in enumerate(checkouts):
            value = measure(checkout)
            if number:
                values[k].append(value)
    old, new = (statistics.median(numbers) for numbers in values)
    return old, new, new / old


def startup(checkouts: Sequence[Path], tflite: Path, csv: Path, folder: Path, rounds: int) -> list[tuple[str, str]]:
    """Start-up of the command line: ratios of whole processes."""
    header, *rows = csv.read_text(encoding="utf-8").split("\n")
    one = folder / "one.csv"
    one.write_text(f"{header}\nThe match ended in a draw,sport\n", encoding="utf-8")
    assert rows
    asked: dict[str, tuple[list[str], bool]] = {
        "--version": (["--version"], False),
        "--help": (["--help"], False),
        "train --help": (["train", "--help"], False),
        "predict, one row": (
            ["predict", str(tflite), str(one), "--output", str(folder / "p.csv"), "--overwrite"],
            False,
        ),
        "first line of train": (["train", str(csv), "--output", str(folder / "run"), "--overwrite"], True),
    }
    lines = []
    for name, (arguments, first_line) in asked.items():
        measure = lambda checkout, a=arguments, f=first_line: seconds_of(checkout, a, f)  # noqa: E731
        old, new, ratio = in_turns(measure, checkouts, rounds)
        lines.append((name, f"{old:.3f} s -> {new:.3f} s  ratio {ratio:.3f}"))
    return lines


def latency(checkouts: Sequence[Path], run: Path, folder: Path, rounds: int, seconds: float) -> list[tuple[str, str]]:
    """A row's p50 in each format of a run that each checkout has exported."""
    exported = {}
    for k, checkout in enumerate(checkouts):
        exported[checkout] = folder / f"{run.name}{k}"
        seconds_of(checkout, ["export", str(run.resolve()), "--output", str(exported[checkout])])
    lines = []
    for name in FORMATS:

        def measure(checkout: Path, name: str = name) -> float:
            command = [sys.executable, "-c", ROWS, str(exported[checkout]), name, str(seconds)]
            done = subprocess.run(command, env=environment(checkout), capture_output=True, text=True, check=True)
            return float(done.stdout.split()[-1])

        old, new, ratio = in_turns(measure, checkouts, rounds)
        lines.append((f"{run.name} {name}", f"{old:.1f} us -> {new:.1f} us  ratio {ratio:.3f}"))
    return lines


def main() -> int:
    """Measure and print; with --results write JSON too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--runs", type=Path, nargs="+", required=True, help="runs of tasks that answer rows")
    parser.add_argument("--csv", type=Path, required=True, help="a table with the columns text and label")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="of rows, in each process")
    parser.add_argument("--results", type=Path, help="a JSON file for the lines")
    options = parser.parse_args()
    checkouts = (options.old.resolve(), options.new.resolve())
    lines: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for run in options.runs:
            lines += latency(checkouts, run, folder, options.rounds, options.seconds)
        first = folder / f"{options.runs[0].name}0" / "predict.tflite"
        lines += startup(checkouts, first, options.csv.resolve(), folder, options.rounds)
    for name, figures in lines:
        print(f"{name:<32} {figures}")
    if options.results:
        options.results.write_text(json.dumps(dict(lines), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
