"""python -m benchmarks.installations [EXTRA ...]: megabytes and seconds of each installation from a wheel.

Each extra is installed into a new environment. Seconds include the download.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
EXTRAS: Final = ("litert", "onnx", "runtime", "train")
BROUGHT: Final = ("pip", "setuptools")
"""Packages of a new environment, which are not counted."""


def megabytes(site: Path) -> float:
    """Size of the installed packages in 10^6 bytes, a file that links share counted once."""
    files = {
        (status.st_dev, status.st_ino): status.st_size
        for path in site.rglob("*")
        if path.is_file() and path.relative_to(site).parts[0].split("-")[0] not in BROUGHT
        for status in [path.stat()]
    }
    return sum(files.values()) / 1e6


def install(wheel: Path, extra: str, folder: Path) -> tuple[float, float]:
    """Megabytes and seconds of `pip install WHEEL[extra]` in a new environment."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    began = time.perf_counter()
    subprocess.run([*pip, f"{wheel}[{extra}]"], check=True)
    seconds = time.perf_counter() - began
    (site,) = folder.glob("lib/python*/site-packages")
    return megabytes(site), seconds


def main() -> int:
    """Print a row for each extra."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", temporary, str(ROOT)]
        subprocess.run(build, check=True)
        (wheel,) = folder.glob("*.whl")
        print("| install | MB | s |\n| --- | ---: | ---: |")
        for extra in sys.argv[1:] or EXTRAS:
            size, seconds = install(wheel, extra, folder / extra)
            print(f"| `mmkeras[{extra}]` | {size:,.0f} | {seconds:.0f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
