"""The formats of an exported folder. To add one: a module that writes it, a Runner that answers, and a line here.

Named, not imported: `--help` loads no runtime, and a client loads that of its artefact alone.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final


@dataclass(frozen=True)
class Format:
    """A format of an exported folder.

    words: what an artefact is. place: what artefacts are called in a folder, for any graph and, of TF Serving, any
    version. exporter: the module that writes them (`exporting.formats.Exporter`). runner: `module:name` of what opens
    one, path and threads of one call -> Runner. holds: where an artefact is a folder, a file inside by which it is
    known. slow_start: its runtime takes seconds to load.
    """

    words: str
    place: str
    exporter: str
    runner: str
    holds: str = ""
    slow_start: bool = False

    def matches(self, path: Path) -> bool:
        """Is a path an artefact of this format, by its name or by what it holds? A rejected one keeps its format."""
        if self.holds:
            return (path / self.holds).exists()
        return fnmatch(path.name.removesuffix(".rejected"), self.place)

    def open(self, path: Path, threads: int | None) -> Any:
        """A Runner of one artefact."""
        module, _, name = self.runner.partition(":")
        return getattr(importlib.import_module(module), name)(path, threads)


FORMATS: Final[dict[str, Format]] = {
    "savedmodel": Format(
        "a SavedModel folder (with saved_model.pb)",
        "savedmodel/*",
        "mmkeras.exporting.formats.savedmodel",
        "mmkeras.runtime.runners:SavedModelRunner",
        holds="saved_model.pb",
        slow_start=True,
    ),
    "tflite": Format(
        "a .tflite file", "*.tflite", "mmkeras.exporting.formats.tflite", "mmkeras.runtime.runners:LiteRTRunner"
    ),
    "onnx": Format("an .onnx file", "*.onnx", "mmkeras.exporting.formats.onnx", "mmkeras.runtime.runners:OnnxRunner"),
}


def fast_first() -> list[str]:
    """The formats, those that start fast first: the order in which a client looks for an artefact."""
    return sorted(FORMATS, key=lambda name: FORMATS[name].slow_start)


def format_of(path: Path) -> Format | None:
    """The format of an artefact; None where the path is no artefact."""
    return next((FORMATS[name] for name in fast_first() if FORMATS[name].matches(path)), None)


def in_words() -> str:
    """What artefacts are: `a .tflite file, an .onnx file or a SavedModel folder`."""
    *others, last = (FORMATS[name].words for name in fast_first())
    return f"{', '.join(others)} or {last}"
