"""The flags of every command but `train` and `ablate`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from mmkeras.generation.options import Choice


@dataclass(frozen=True)
class Export:
    """Write a run as SavedModel, LiteRT and ONNX, and prove each on the held-out rows."""

    run: Positional[Annotated[str, arg(metavar="RUN")]] = "runs/news"
    """The run folder."""
    formats: tuple[str, ...] = ("savedmodel", "tflite", "onnx")
    """Formats to write."""
    output: str | None = None
    """Folder for the artefacts. Default: exported/<name of the run>."""
    overwrite: bool = False
    """Replace an existing folder, if the new artefacts pass."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Predict:
    """Answer every row of a file with an artefact or a run."""

    artefact: Positional[Annotated[str, arg(metavar="ARTEFACT")]]
    """A .tflite or .onnx file, a SavedModel folder (savedmodel/1), or a run folder."""
    csv: Positional[Annotated[str, arg(metavar="CSV")]]
    """CSV or Parquet file with the input columns; with the target column, figures are printed."""
    output: str = "predictions.csv"
    """Where the predictions go."""
    probabilities: bool = False
    """Write a column a class as well."""
    media_root: str | None = None
    """Folder that the paths of pictures and clips begin at. Default: the CSV's."""
    allow_outside: bool = False
    """Let such paths leave that folder."""
    encoding: str | None = None
    """Character encoding of the CSV. Default: detected."""
    delimiter: str | None = None
    """Field delimiter. Default: detected."""
    overwrite: bool = False
    """Replace an existing output."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Verify:
    """Check an exported folder's artefacts against the trained model's answers."""

    folder: Positional[Annotated[str, arg(metavar="FOLDER")]] = "exported/news"
    """A folder that `mmkeras export` wrote."""
    formats: tuple[str, ...] = ()
    """Formats to check. Default: all that were exported."""
    debug: bool = False
    """Show Python tracebacks."""


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
