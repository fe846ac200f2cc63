"""An environment for fastText alone: its last wheel needs numpy below 2, and mmkeras needs numpy 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REQUIREMENTS = ("numpy<2", "fasttext-wheel==0.9.2")


class NoFastText(RuntimeError):
    """fastText cannot be installed on this machine. The message is pip's."""


def fasttext_python(environment: Path) -> Path:
    """The interpreter of the environment in this folder, made and filled on first use."""
    python = environment / "bin" / "python"
    if works(python):
        return python
    run([sys.executable, "-m", "venv", "--clear", str(environment)])
    run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS])
    if not works(python):
        raise NoFastText(f"{environment}: the installed fastText cannot be imported.")
    return python


def works(python: Path) -> bool:
    """Does this interpreter exist, and does it import fastText?"""
    if not python.exists():
        return False
    return subprocess.run([str(python), "-c", "import fasttext"], capture_output=True, check=False).returncode == 0


def run(command: list[str]) -> None:
    """Run a step of the set-up. Raises NoFastText with the end of its output when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        end = " ".join((done.stderr or done.stdout).strip().splitlines()[-3:])
        raise NoFastText(f"{' '.join(command)} ended with code {done.returncode}: {end}")
