"""Mutations of every kind of file and their outcomes, as a table.

    python -m benchmarks.mutations --exported exported/news --run runs/news --texts exported/translation --count 1000

The folders are copied first. Exit code 1 where a mutation ends in anything but the right answer or a sentence.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.mutations.kinds import kinds_of_numbers, kinds_of_run, kinds_of_texts
from benchmarks.mutations.outcomes import Kind, try_kind


def main() -> int:
    """Print a line a kind. Returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exported", type=Path, help="exported folder of a model that predicts rows")
    parser.add_argument("--texts", type=Path, help="exported folder of a model that generates text")
    parser.add_argument("--run", type=Path, help="run folder")
    parser.add_argument("--count", type=int, default=1000, help="mutations of each kind")
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    options = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as scratch:
        kinds: list[Kind] = []
        for name, make in (("exported", kinds_of_numbers), ("texts", kinds_of_texts), ("run", kinds_of_run)):
            if (source := getattr(options, name)) is not None:
                kinds += make(shutil.copytree(source, Path(scratch) / name))
        if options.run is not None:
            old = shutil.copytree(options.run, Path(scratch) / "old_run")
            (old / "sha256.json").unlink(missing_ok=True)
            kinds += kinds_of_run(old, old=True)
        print("| kind of file | mutations | same answer | sentence | other | faults | seconds |")
        print("|---|---:|---:|---:|---:|---:|---:|")
        for kind in [kind for kind in kinds if options.only in kind.name]:
            began = time.perf_counter()
            outcomes = try_kind(kind, max(1, options.count // kind.cost))
            counts, seconds = outcomes.counts, time.perf_counter() - began
            good = [counts["same answer"], counts["sentence"], counts["other answer (old form)"]]
            figures = " | ".join(map(str, [counts.total(), *good, len(outcomes.faults)]))
            print(f"| {kind.name} | {figures} | {seconds:.0f} |", flush=True)
            for fault in outcomes.faults[:10]:
                print(fault, file=sys.stderr, flush=True)
            faults += len(outcomes.faults)
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main())
