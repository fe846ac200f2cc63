"""The flags of all commands but `train` and `ablate`, whose flags are a Config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from mmkeras.config.data import Dialect
from mmkeras.config.metavars import File, Folder, Positional, arg
from mmkeras.data.files.ways_to_write import KINDS
from mmkeras.generation.options import GenerationOptions
from mmkeras.runtime.formats import FORMATS, fast_first

Formats = Annotated[tuple[str, ...], arg(metavar="{" + ",".join(FORMATS) + "} ...")]
Format = Annotated[str | None, arg(metavar="{" + ",".join(fast_first()) + "}")]
OutputFormat = Annotated[str | None, arg(metavar="{" + ",".join(KINDS) + "}")]


@dataclass(frozen=True)
class Export:
    """Write a run as SavedModel, LiteRT and ONNX; prove on held-out rows that each predicts as the trained model."""

    run: Positional[Annotated[str, arg(metavar="RUN")]] = "runs/news"
    """Run folder."""
    formats: Formats = tuple(FORMATS)
    """Formats to write."""
    output: Folder = None
    """Folder of the artefacts. Default: exported/NAME, by the name of the run."""
    slim: bool = False
    """Leave out the outputs that answer no client (token ids). Their comparison is left out of the proof then."""
    overwrite: bool = False
    """Replace an existing folder if the new artefacts pass."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Shrink:
    """Make a text classifier small: its table is read again, the n-grams that say most are kept and trained again, and
    their weights are stored in 2, 4 or 8 bits. Writes a run folder like any other."""

    run: Positional[Annotated[str, arg(metavar="RUN")]] = "runs/news"
    """Run folder."""
    size_budget: Annotated[str, arg(metavar="SIZE")] = "1MB"
    """Largest size of predict.tflite and of predict.onnx: B, kB, MB, KiB or MiB."""
    output: Folder = None
    """Folder of the smaller run. Default: the run's with the budget behind it, such as runs/news-1MB."""
    overwrite: bool = False
    """Replace an existing run folder."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Predict(Dialect):
    """Predict every row of a file, or each text, with an exported folder, an artefact or a run."""

    artefact: Positional[Annotated[str, arg(metavar="ARTEFACT")]]
    """An exported folder, a .tflite or .onnx file, a SavedModel folder (savedmodel/1), or a run folder."""
    texts: Positional[Annotated[tuple[str, ...], arg(metavar="FILE|TEXT ...")]] = ()
    """CSV, JSON lines or Parquet file with the input columns, plain or packed; - or nothing for standard input. With
    the target column too, figures are printed. Or texts: cells of the first text column, each answered in a line."""
    input: Annotated[tuple[str, ...], arg(metavar="COLUMN=VALUE ...")] = ()
    """Cells of other columns, beside a text or in place of it."""
    csv: File = None
    """The file, in place of FILE, however its name looks; - for standard input."""
    output: File = None
    """File of the predictions: .csv, .tsv, .jsonl, .json or .parquet, also with .gz, .bz2, .xz, .zst or .zip behind; -
    for standard output. Default: predictions.csv; for standard input standard output."""
    output_format: OutputFormat = None
    """How the predictions are written. Default: by the name of the output; CSV for standard output."""
    keep_columns: bool = False
    """Write the columns of the input, too, as they stand in it."""
    format: Format = None
    """Artefact of an exported folder to use. Default: the fastest that `verify` measured."""
    probabilities: bool = False
    """Write the probability of every class: one column each, or in JSON an object; of a text all on its line."""
    media_root: Folder = None
    """Folder that relative paths of pictures and clips start at. Default: that of the file, or the current one."""
    allow_outside: bool = False
    """Allow paths that leave that folder."""
    raw_cells: bool = False
    """Leave cells as they are that a spreadsheet would run as formulas. Default: a ' is written before them."""
    overwrite: bool = False
    """Replace an existing output file."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Verify:
    """Compare an exported folder's artefacts with the trained model on the held-out rows."""

    folder: Positional[Annotated[str, arg(metavar="FOLDER")]] = "exported/news"
    """Folder that `mmkeras export` wrote."""
    formats: Formats = ()
    """Formats to verify. Default: all that were exported."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Compare:
    """Compare runs on the same held-out rows: figures with 95 % intervals, and paired differences to the first run."""

    runs: Positional[Annotated[tuple[str, ...], arg(metavar="RUN ...")]] = ()
    """Run folders, the first one to compare the others with. With --csv, exported folders and artefacts too."""
    csv: File = None
    """File of rows to compare on, for language models of lines; what a run was trained on is left out. Default: the
    held-out rows of the first run that no other run was trained on."""
    output: File = None
    """CSV file of the figures. Default: the table is printed alone."""
    overwrite: bool = False
    """Replace an existing output file."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Generate(GenerationOptions):
    """Generate texts with an exported model or a run."""

    folder: Positional[Annotated[str, arg(metavar="FOLDER")]] = "exported/model"
    """Exported folder, or run folder."""
    texts: Positional[Annotated[tuple[str, ...], arg(metavar="TEXT ...")]] = ()
    """Cells of the first text column; for a language model, prompts to continue. - or nothing for the lines of standard
    input; on a terminal nothing opens a prompt."""
    input: Annotated[tuple[str, ...], arg(metavar="COLUMN=VALUE ...")] = ()
    """Cells of other columns."""
    csv: File = None
    """CSV, JSON lines or Parquet file with one row for each text to generate, in place of TEXT and --input; plain or
    packed; - for standard input."""
    output: File = None
    """File of the texts, with --csv: named as that of `predict`; - for standard output. Default: texts.csv; for
    standard input standard output."""
    output_format: OutputFormat = None
    """How the texts are written. Default: by the name of the output; CSV for standard output."""
    keep_columns: bool = False
    """Write the columns of the input, too, as they stand in it."""
    format: Format = None
    """Artefact to use. Default: the fastest that `verify` measured."""
    media_root: Folder = None
    """Folder that relative paths of pictures and clips start at. Default: the folder of the CSV, or the current one."""
    allow_outside: bool = False
    """Allow paths that leave that folder."""
    raw_cells: bool = False
    """Leave cells as they are that a spreadsheet would run as formulas. Default: a ' is written before them."""
    overwrite: bool = False
    """Replace an existing output file."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Score:
    """Score texts with a language model: log P of every token and of the whole, and the perplexity."""

    folder: Positional[Annotated[str, arg(metavar="FOLDER")]]
    """Exported folder, or run folder."""
    texts: Positional[Annotated[tuple[str, ...], arg(metavar="TEXT ...")]] = ()
    """Texts to score."""
    file: File = None
    """Text file to score as one stream of lines."""
    format: Format = None
    """Artefact to use. Default: the fastest that `verify` measured."""
    debug: bool = False
    """Show Python tracebacks."""
