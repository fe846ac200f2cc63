"""The formats of an exported folder. To add one: a module that writes it, a Runner that opens it, and a line here.

Modules are named, not imported: `--help` loads no runtime, and a client loads the runtime of its artefact alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final, cast


@dataclass(frozen=True)
class Format:
    """A format of an exported folder.

    words: an artefact in words. place: glob pattern of artefacts in a folder, for any graph and any version of TF
    Serving. exporter: the module that writes them (`exporting.formats.Exporter`). runner: `module:name` of the function
    path, threads of one call -> Runner. holds: where an artefact is a folder, a file inside by which it is recognised.
    damage: `module:name` of the function path -> '' or what differs from the file that was exported, as the end of a
    sentence; '' where the format carries no digest. slow_start: its runtime takes seconds to load. runtime: the module
    that it needs.
    """

    words: str
    place: str
    exporter: str
    runner: str
    holds: str = ""
    damage: str = ""
    slow_start: bool = False
    runtime: str = ""

    def matches(self, path: Path) -> bool:
        """Is a path an artefact of this format, by its name or by a file inside? A rejected one keeps its format."""
        if self.holds:
            return (path / self.holds).exists()
        return fnmatch(path.name.removesuffix(".rejected"), self.place)

    def open(self, path: Path, threads: int | None) -> Any:
        """A Runner of one artefact."""
        return _function(self.runner)(path, threads)

    def damage_of(self, path: Path) -> str:
        """What differs from the file that was exported, as the end of a sentence; '' where nothing does."""
        return str(_function(self.damage)(path)) if self.damage else ""


def _function(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    return cast(Callable[..., Any], getattr(importlib.import_module(module), name))


FORMATS: Final[dict[str, Format]] = {
    "savedmodel": Format(
        "a SavedModel folder (with saved_model.pb)",
        "savedmodel/*",
        "mmkeras.exporting.formats.savedmodel",
        "mmkeras.runtime.runners:SavedModelRunner",
        holds="saved_model.pb",
        damage="mmkeras.runtime.damage:damage_of_saved_model",
        slow_start=True,
        runtime="tensorflow",
    ),
    "tflite": Format(
        "a .tflite file",
        "*.tflite",
        "mmkeras.exporting.formats.tflite",
        "mmkeras.runtime.litert:LiteRTRunner",
        damage="mmkeras.runtime.damage:damage_of_tflite",
        runtime="ai_edge_litert",
    ),
    "onnx": Format(
        "an .onnx file",
        "*.onnx",
        "mmkeras.exporting.formats.onnx",
        "mmkeras.runtime.runners:OnnxRunner",
        damage="mmkeras.runtime.damage:damage_of_onnx",
        runtime="onnxruntime",
    ),
}


def fast_first() -> list[str]:
    """The formats, those that start fast first: the order in which an artefact is chosen."""
    return sorted(FORMATS, key=lambda name: FORMATS[name].slow_start)


def format_of(path: Path) -> Format | None:
    """The format of an artefact; None where the path is no artefact."""
    return next((FORMATS[name] for name in fast_first() if FORMATS[name].matches(path)), None)


def in_words() -> str:
    """The formats in words: `a .tflite file, an .onnx file or a SavedModel folder`."""
    *others, last = (FORMATS[name].words for name in fast_first())
    return f"{', '.join(others)} or {last}"
