"""Has a change of the code changed any answer? Trains and exports four small models; hashes and figures as JSON.

    python -m benchmarks.unchanged record --checkout . --output after.json     # some 10 minutes on two cores
    python -m benchmarks.unchanged compare before.json after.json              # exit code 1 where anything differs

`record` runs the checkout's own train.py and export.py, so it can be run on any commit by a newer copy of this file.
The data are made by the checkout and by this file, nothing is downloaded. Same seed, same processor: same weights.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

# keys of verify.json that depend on the load of the machine, or on the form of the signature inside the files
NOT_COMPARED = (
    *("load_seconds", "latency_ms_p50", "latency_ms_p95", "peak_memory_mib", "ms_a_piece", "ms_a_token"),
    *("size_bytes", "seconds"),
)
SUBJECTS = (("the man", "der Mann"), ("the woman", "die Frau"), ("the child", "das Kind"), ("the dog", "der Hund"))
VERBS = (("sees", "sieht"), ("hears", "hört"), ("looks for", "sucht"), ("finds", "findet"))
OBJECTS = (("the house", "das Haus"), ("the water", "das Wasser"), ("the book", "das Buch"), ("the horse", "das Pferd"))
PLACES = (("today", "heute"), ("here", "hier"), ("in the city", "in der Stadt"), ("at night", "in der Nacht"))
TRANSLATION = ("--task", "generate", "--target", "german", "--text", "english", "--epochs", "4")
LANGUAGE_MODEL = ("--task", "language_model", "--epochs", "3", "--width", "64")


def sentences() -> list[tuple[str, str]]:
    """All pairs of a small grammar, in a fixed order that mixes them."""
    pairs = [
        (" ".join(part[0] for part in parts), " ".join(part[1] for part in parts))
        for parts in itertools.product(SUBJECTS, VERBS, OBJECTS, PLACES)
    ]
    return [pairs[k * 101 % len(pairs)] for k in range(len(pairs))]  # 101 and 256 have no common divisor


def write_data(folder: Path) -> None:
    """pairs.csv for a translation, lines.txt for a language model."""
    with (folder / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("english", "german"), *sentences()])
    lines = [english for english, _ in sentences() for _ in range(3)]
    (folder / "lines.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def commands(folder: Path) -> dict[str, list[str]]:
    """Name of a run -> the arguments of train.py."""
    return {
        "news": [],
        "multimodal": ["--example", "multimodal", "--epochs", "3"],
        "translation": [str(folder / "pairs.csv"), *TRANSLATION],
        "language_model": ["--text-file", str(folder / "lines.txt"), *LANGUAGE_MODEL],
    }


def run(checkout: Path, *arguments: str) -> None:
    """Run one script of the checkout. Ends the program if it fails."""
    environment = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    done = subprocess.run([sys.executable, *arguments], cwd=checkout, env=environment, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(arguments)} ended with code {done.returncode}")


def weight_hashes(path: Path) -> list[str]:
    """SHA-256 of each array of a model.keras, sorted: names of layers may change, numbers may not."""
    import h5py

    with zipfile.ZipFile(path) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    hashes: list[str] = []

    def add(_: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            array = node[()]
            hashes.append(hashlib.sha256(f"{array.dtype}{array.shape}".encode() + array.tobytes()).hexdigest())

    with h5py.File(content) as file:
        file.visititems(add)
    return sorted(hashes)


def figures(value: Any) -> Any:
    """A JSON value without the keys that are not compared."""
    if isinstance(value, dict):
        return {key: figures(item) for key, item in value.items() if key not in NOT_COMPARED}
    return [figures(item) for item in value] if isinstance(value, list) else value


def record(checkout: Path) -> dict[str, Any]:
    """Train, export and verify the four models by the checkout's own scripts. Returns hashes and figures of each."""
    results: dict[str, Any] = {}
    if not (checkout / "data" / "news.csv").exists():
        run(checkout, "data/make_news.py")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_data(folder)
        for name, arguments in commands(folder).items():
            trained, exported = folder / "runs" / name, folder / "exported" / name
            run(checkout, "train.py", *arguments, "--output", str(trained))
            run(checkout, "export.py", str(trained), "--output", str(exported))
            results[name] = {
                "weights": weight_hashes(trained / "model.keras"),
                "metrics": figures(json.loads((trained / "metrics.json").read_text(encoding="utf-8"))),
                "verify": figures(json.loads((exported / "verify.json").read_text(encoding="utf-8"))),
            }
    return results


def differences(before: Any, after: Any, place: str = "") -> list[str]:
    """A line for each value of `before` that has changed or is absent in `after`. New keys do not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            line
            for key, value in before.items()
            for line in (differences(value, after[key], f"{place}/{key}") if key in after else [f"{place}/{key}: gone"])
        ]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [line for k, (a, b) in pairs for line in differences(a, b, f"{place}/{k}")]
    return [] if before == after else [f"{place}: {before} -> {after}"]


def main() -> int:
    """Record, or compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_subparsers(dest="command", required=True)
    recording = parts.add_parser("record", help="train, export and verify; write hashes and figures")
    recording.add_argument("--checkout", type=Path, default=Path())
    recording.add_argument("--output", type=Path, required=True)
    comparing = parts.add_parser("compare", help="list what differs between two records")
    comparing.add_argument("before", type=Path)
    comparing.add_argument("after", type=Path)
    options = parser.parse_args()
    if options.command == "record":
        options.output.write_text(json.dumps(record(options.checkout), indent=1) + "\n", encoding="utf-8")
        return 0
    before, after = (json.loads(path.read_text(encoding="utf-8")) for path in (options.before, options.after))
    lines = differences(before, after)
    arrays = sum(len(result["weights"]) for result in before.values())
    print("\n".join(lines) or f"the same: {arrays} arrays of weights, metrics and verify.json of {', '.join(before)}")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
