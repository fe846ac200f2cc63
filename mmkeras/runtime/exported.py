"""An exported folder: its formats, where each lies, its signature.json."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmkeras.errors import InputError

FORMATS = ("tflite", "onnx", "savedmodel")  # the one that starts fastest first
ENCODE, STEP, SCORE = "encode", "decode_step", "score"

CONTRACT = ("graph", "inputs", "outputs", "labels", "task", "targets", "artefacts", "held_out")  # of signature.json
PLACES = {"savedmodel": "savedmodel/*", "tflite": "*.tflite", "onnx": "*.onnx"}  # format -> its artefacts in a folder


def artefacts(folder: Path, exported: Sequence[str]) -> list[str]:
    """Names of what must be checked: all that was exported, be it there or not, and what was put beside it since."""
    found = [path for place in PLACES.values() for path in sorted(folder.glob(place))]
    models = [p for p in found if p.suffix in (".tflite", ".onnx") or (p / "saved_model.pb").exists()]
    models = [p for p in models if p.suffix != ".rejected"]
    return list(dict.fromkeys([*exported, *(p.relative_to(folder).as_posix() for p in models)]))


def chosen(names: Sequence[str], formats: Sequence[str]) -> list[str]:
    """The names that are of one of the formats; all if there are no formats.

    Raises InputError for an unknown format, and for one that the folder has nothing of.
    """
    for name in formats:
        if name not in PLACES:
            raise InputError(f"--formats: unknown {name}. Valid formats: {', '.join(PLACES)}.")
        if not fnmatch.filter(names, PLACES[name]):
            raise InputError(f"--formats {name}: there is none of it here, only {', '.join(names)}.")
    return [n for n in names if not formats or any(fnmatch.fnmatch(n, PLACES[f]) for f in formats)]


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size


def read_signature(path: Path) -> dict[str, Any]:
    """The folder's contract. Raises InputError when it is absent or damaged."""
    try:
        signature = json.loads(path.read_text(encoding="utf-8"))
        signature = {part: signature[part] for part in CONTRACT}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: the signature cannot be read ({error}). Export again.") from None
    if not signature["artefacts"]:
        raise InputError(f"{path}: it names no artefact to verify. Export again.")
    return signature


def writes(folder: Path) -> bool:
    """Is it a model that writes texts? Its signature has several graphs."""
    try:
        return "graphs" in json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def read_folder(folder: Path) -> dict[str, Any]:
    """The signature of an exported folder whose model writes. Raises InputError where it is none."""
    path = folder / "signature.json"
    if not path.exists():
        raise InputError(
            f"{folder}: expected a folder that `mmkeras export` wrote, or a run; it has no signature.json."
        )
    try:
        signature = dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"{path}: the signature cannot be read ({error}). Export again.") from None
    if "graphs" not in signature:
        raise InputError(f"{folder}: this model answers, it does not write. Use: mmkeras predict")
    return signature


def paths_of(folder: Path, form: str, names: Sequence[str]) -> dict[str, Path]:
    """Where a format keeps each graph."""
    return {name: folder / "savedmodel" / "1" if form == "savedmodel" else folder / f"{name}.{form}" for name in names}
