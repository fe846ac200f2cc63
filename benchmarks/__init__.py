"""Benchmarks: mmkeras and its peers, on the same rows, in the same run, on one machine. README.md says what each is."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # of the repository
RESULTS = ROOT / "benchmarks" / "results"  # figures that a benchmark writes; not in git
