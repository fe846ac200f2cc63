"""Tables as people have them, trained with default flags by this checkout and by another: how each is read, how well.

python -m benchmarks.cases ../shared/cases --checkout ../before
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KINDS = re.compile(
    r"^  (.+?)  +(text|image|audio|number|category|date|labels)( \S.*?)?  +(input|target)  ", re.MULTILINE
)


def train(checkout: Path, table: Path, flags: Sequence[str]) -> str:
    """How a checkout reads a table and the figure on its held-out rows, or the error, in a line."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "mmkeras.cli.main", "train", str(table), "--output", f"{folder}/run", *flags]
        done = subprocess.run(
            command, cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)}, capture_output=True, text=True
        )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        return f"exit code {done.returncode}: {lines[-1].replace(str(table), table.name)[:160]}"
    kinds = ", ".join(
        f"{name.strip()}: {kind}{notation or ''}" for name, kind, notation, _ in KINDS.findall(done.stdout)
    )
    figure = re.findall(r"^validation (\S+ [-\d.]+)", done.stdout, re.MULTILINE)
    return f"{kinds}; {figure[-1] if figure else 'no figure'}"


def main() -> None:
    """Print one row of a Markdown table for each table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of tables")
    parser.add_argument("--checkout", type=Path, help="a second checkout, such as the release before")
    parser.add_argument("--only", default="", help="paths that begin so, such as 8/")
    parser.add_argument("--flags", nargs=argparse.REMAINDER, default=[], help="further flags of train")
    options = parser.parse_args()
    checkouts = [checkout.resolve() for checkout in (options.checkout, ROOT) if checkout]
    print("| table | " + " | ".join(["before", "after"][-len(checkouts) :]) + " |\n|---|" + "---|" * len(checkouts))
    for table in sorted(options.folder.resolve().rglob("*.*")):
        name = table.relative_to(options.folder.resolve()).as_posix()
        if table.suffix in (".md", ".de", ".en") or "test" in table.name or not name.startswith(options.only):
            continue
        cells = [train(checkout, table, options.flags).replace("|", "\\|") for checkout in checkouts]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
