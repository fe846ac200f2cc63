"""Does the memory of a training grow with its table? The bundled example with 1, 4 and 16 times as many rows.

    python -m benchmarks.multimodal.memory [--rows 500 2000 8000] [--epochs 1] [--without-bfc] [--threads 1]

Each training is `train.py` in a separate process. The figure is the *anonymous* memory, which the kernel cannot take
back, of that process and of the processes that check its media, summed. Features on disk are memory-mapped; their pages
are a cache of the kernel. (VmHWM, the largest resident size of the training process, includes those pages.)
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, ROOT
from benchmarks.harness.client import write_json
from benchmarks.harness.machine import describe
from benchmarks.harness.measure import StepFailed, failure, same_threads
from mmkeras.examples.flags import EXAMPLES

EVERY = 0.05  # seconds between two samples
MOST = 1.3  # largest allowed ratio of memory, at sixteen times the rows


def example_flags() -> list[str]:
    """The flags of `train.py --example multimodal`, for a table of another size."""
    flags = []
    for name, value in EXAMPLES["multimodal"].items():
        if name != "csv":
            flags += [f"--{name.replace('_', '-')}", *map(str, value if isinstance(value, tuple) else (value,))]
    return flags


def process_tree(pid: int) -> list[int]:
    """The ids of a process and of all its descendants."""
    pids = [pid]
    for parent in pids:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                pids += map(int, task.read_text(encoding="ascii").split())
            except OSError:  # it has ended
                continue
    return pids


def memory_kib(pid: int) -> dict[str, int]:
    """VmHWM, RssAnon and the like of a process, in KiB; {} if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    return {name: int(value.split()[0]) for name, _, value in (x.partition(":") for x in lines) if value.endswith("kB")}


class Watch(threading.Thread):
    """Samples a process until it ends. peaks, in MiB: of the process with its descendants, and of the process alone."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.ended = pid, threading.Event()
        self.peaks = {"anonymous_mib": 0.0, "anonymous_alone_mib": 0.0, "resident_alone_mib": 0.0}

    def run(self) -> None:
        """Sample the memory; keep the peaks."""
        while not self.ended.wait(EVERY):
            processes = [memory_kib(pid) for pid in process_tree(self.pid)]
            sample = {
                "anonymous_mib": sum(process.get("RssAnon", 0) for process in processes),
                "anonymous_alone_mib": processes[0].get("RssAnon", 0),
                "resident_alone_mib": processes[0].get("VmHWM", 0),
            }
            self.peaks = {name: max(peak, sample[name] / 1024) for name, peak in self.peaks.items()}


def watched(command: Sequence[str | Path], log: Path, variables: Mapping[str, str]) -> dict[str, float]:
    """Run a process to its end, its output in `log`. Returns its peaks in MiB. Raises StepFailed if it fails."""
    words = [str(word) for word in command]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            words, cwd=ROOT, env={**os.environ, **variables}, stdout=output, stderr=subprocess.STDOUT
        )
        watch = Watch(process.pid)
        watch.start()
        process.wait()
    watch.ended.set()
    watch.join()
    if process.returncode:
        raise StepFailed(failure(process.returncode, words, log))
    return {name: round(peak, 1) for name, peak in watch.peaks.items()}


def measure(rows: int, epochs: int, work: Path, variables: Mapping[str, str], repeats: int = 1) -> dict[str, Any]:
    """Train on `rows` rows of the example, `repeats` times. Returns the medians of the peaks."""
    data = work / f"rows{rows}"
    if not data.exists():
        script: list[str | Path] = [sys.executable, ROOT / "data" / "make_multimodal.py"]
        subprocess.run([*script, "--rows", str(rows), "--output", data], check=True, stdout=subprocess.DEVNULL)
    runs = []
    for _ in range(repeats):
        run = work / "run"
        shutil.rmtree(run, ignore_errors=True)  # else its features are reused, and none are made
        flags: list[str | Path] = [*example_flags(), "--epochs", str(epochs), "--output", run]
        command = [sys.executable, ROOT / "train.py", data / "multimodal.csv", *flags]
        runs.append(watched(command, work / "train.log", variables))
    features = [path.stat().st_size for path in (run / "features").rglob("*") if path.is_file()]
    peaks = {name: statistics.median(run_peaks[name] for run_peaks in runs) for name in runs[0]}
    return {"rows": rows, "epochs": epochs, **peaks, "features_mib": round(sum(features) / 2**20, 1)}


def markdown(figures: dict[str, Any]) -> str:
    """The table: a line a size, with the ratio to the smallest; and the verdict."""
    head = "| rows | anonymous MiB | × | without workers MiB | × | VmHWM MiB | features on disk MiB |"
    lines = [head, "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    first = figures["sizes"][0]
    for size in figures["sizes"]:
        both, alone = (size[name] / first[name] for name in ("anonymous_mib", "anonymous_alone_mib"))
        lines.append(
            f"| {size['rows']:,} | {size['anonymous_mib']:.0f} | {both:.2f} | {size['anonymous_alone_mib']:.0f} | "
            f"{alone:.2f} | {size['resident_alone_mib']:.0f} | {size['features_mib']:.0f} |"
        )
    times = figures["sizes"][-1]["rows"] / first["rows"]
    verdict = "as it should be" if figures["ratio"] <= MOST else "TOO MUCH"
    return "\n".join([*lines, "", f"{times:g} times the rows: {figures['ratio']:.2f} ({MOST} at most): {verdict}."])


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, write mm_memory.json. Returns 1 if the memory grows too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", type=int, default=[500, 2000, 8000])
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--without-bfc", action="store_true", help="malloc in place of TensorFlow's own allocator")
    parser.add_argument("--work", type=Path, help="keep the tables there, for another time")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args(arguments)
    variables = same_threads(args.threads) | ({"TF_CPU_ALLOCATOR_USE_BFC": "0"} if args.without_bfc else {})
    figures: dict[str, Any] = {"machine": describe(ROOT, variables), "sizes": []}
    with tempfile.TemporaryDirectory() as scratch:
        work = args.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        for rows in sorted(args.rows):
            figures["sizes"].append(measure(rows, args.epochs, work, variables, args.repeats))
            print(f"{rows} rows: {figures['sizes'][-1]['anonymous_mib']:.0f} MiB", file=sys.stderr, flush=True)
    figures["ratio"] = figures["sizes"][-1]["anonymous_mib"] / figures["sizes"][0]["anonymous_mib"]
    args.results.mkdir(parents=True, exist_ok=True)
    name = "mm_memory_without_bfc.json" if args.without_bfc else "mm_memory.json"
    write_json(args.results / name, figures)
    print(markdown(figures))
    return 0 if figures["ratio"] <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
