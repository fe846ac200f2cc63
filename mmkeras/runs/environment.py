"""environment.json: versions, seeds, hashes of the data, the command."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from mmkeras.config.config import Config

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


def environment(config: Config) -> dict[str, Any]:
    """What a rerun needs to know: versions, seeds, the data's hash, the command."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    files = {
        name: file_hash(name) for name in (config.data.text_file or config.data.csv, config.data.validation) if name
    }
    return {
        "command": shlex.join(["mmkeras", "train", *sys.argv[1 + (sys.argv[1:2] == ["train"]) :]]),
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions,
        "seed": config.training.seed,
        "random_state": config.data.random_state,
        "sha256": files,
    }
