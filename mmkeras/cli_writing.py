"""The commands of models that write: `mmkeras generate` and `mmkeras score`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

from mmkeras.choice import Choice
from mmkeras.errors import InputError


@dataclass(frozen=True)
class Generate(Choice):
    """Write texts with an exported model, or with a run."""

    folder: Positional[Annotated[str, arg(metavar="FOLDER")]] = "exported/model"
    """An exported folder, or a run."""
    texts: Positional[Annotated[tuple[str, ...], arg(metavar="TEXTS")]] = ()
    """Cells of the first text column; for a language model, what it shall go on with."""
    input: tuple[str, ...] = ()
    """Other columns, as column=value."""
    csv: str | None = None
    """A file with a row for each text to write, instead."""
    output: str = "texts.csv"
    """Where the texts of a file go."""
    format: Literal["tflite", "onnx", "savedmodel"] | None = None
    """Which artefact to use. Default: the first that is there."""
    media_root: str | None = None
    """Folder that the paths of pictures and clips begin at. Default: the CSV's, or the current one."""
    allow_outside: bool = False
    """Let such paths leave that folder."""
    overwrite: bool = False
    """Replace an existing output."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Score:
    """How probable a language model finds texts: log P of each piece, of the whole, and the perplexity."""

    folder: Positional[Annotated[str, arg(metavar="FOLDER")]]
    """An exported folder, or a run."""
    texts: Positional[Annotated[tuple[str, ...], arg(metavar="TEXTS")]] = ()
    """Texts to score."""
    file: str | None = None
    """A text file, read as one stream of lines."""
    format: Literal["tflite", "onnx", "savedmodel"] | None = None
    """Which artefact to use. Default: the first that is there."""
    debug: bool = False
    """Show Python tracebacks."""


def run_generate(options: Generate) -> int:
    """Write the texts."""
    from mmkeras.generating import generate_file, generate_texts

    choice = Choice(**{field.name: getattr(options, field.name) for field in fields(Choice)})
    common: dict[str, Any] = {"form": options.format, "media_root": options.media_root}
    common["allow_outside"] = options.allow_outside
    if options.csv is not None:
        if options.texts or options.input:
            raise InputError("--csv holds all cells: leave out the texts and --input.")
        generate_file(options.folder, options.csv, options.output, choice, overwrite=options.overwrite, **common)
    else:
        generate_texts(options.folder, options.texts, options.input, choice, **common)
    return 0


def run_score(options: Score) -> int:
    """Print the scores."""
    from mmkeras.generating import score_texts

    score_texts(options.folder, options.texts, options.file, options.format)
    return 0
