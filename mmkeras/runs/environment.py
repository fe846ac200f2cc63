"""environment.json: versions, seeds, hashes of the data, the command."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import time
from pathlib import Path
from typing import Any

from mmkeras.config.config import Training
from mmkeras.config.data import Data

PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "pandas",
    "scikit-learn",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "ai-edge-litert",
)


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def environment(data: Data, training: Training, command: str) -> dict[str, Any]:
    """The facts that a rerun needs: versions, seeds, hashes of the data, the command."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    hashes = {name: file_hash(name) for name in (data.text_file or data.csv, data.validation) if name}
    return {
        "command": command,
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions,
        "seed": training.seed,
        "random_state": data.random_state,
        "sha256": hashes,
    }
