"""The flags of the table: its file, how the file and its cells are read, its columns, and the held-out rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from mmkeras.config.metavars import Columns, File, Folder, Positional, Whole, Word, arg

Marks = Annotated[tuple[str, ...], arg(metavar="MARK [MARK ...]", help_behavior_hint="")]
Character = Annotated[str | None, arg(metavar="CHARACTER", help_behavior_hint="")]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a file becomes rows of cells. None where a value is to be detected."""

    encoding: Word = None
    """Character encoding of the table. Default: detected and printed."""
    delimiter: Character = None
    """Field delimiter of the table. Default: detected among `,` `;` tab and `|`."""
    escape: Character = None
    """Character before a quote or a delimiter inside a cell, such as a backslash. Default: detected; quotes are
    doubled where nothing else is found."""
    comment: Character = None
    """Character that begins lines to skip, such as `#`. Default: none after the first lines of the file."""
    skip_lines: Whole = None
    """Lines before the header, such as a title. Default: detected and printed."""
    no_header: bool = False
    """The first line holds a row, not the column names; columns are called `column 1`, `column 2`, … Default: detected
    and printed."""
    with_header: bool = False
    """The first line holds the column names, even where it looks like a row."""


@dataclass(frozen=True, kw_only=True)
class HoldOut:
    """Which rows are held out."""

    validation: File = None
    """Second table to hold out. Training rows with the same inputs are left out. Default: `--test-size` of the rows."""
    split_column: Word = None
    """Column that names the split of each row: train, validation (or val, dev) and test. Rows of `validation` are held
    out, of `test` where there are none."""
    group_column: Word = None
    """Column whose equal values stay on one side of the split, such as a patient or a document."""
    time_column: Word = None
    """Column of dates or numbers: the latest rows are held out."""
    test_size: float = 0.2
    """Share of the rows that is held out for validation."""
    random_state: int = 42
    """Seed of the split into training and held-out rows."""


@dataclass(frozen=True)
class Data(HoldOut, Dialect):
    """The table, its columns, and the held-out rows."""

    csv: Positional[Annotated[str, arg(metavar="CSV")]] = "data/news.csv"
    """Table to train on: CSV, JSON lines or Parquet, plain or packed (.gz, .bz2, .xz, .zst, .zip)."""
    example: Annotated[
        Literal["news", "multimodal"] | None, arg(metavar="{news,multimodal}", help_behavior_hint="")
    ] = None
    """Train on a bundled example. Its data are made on the first use; nothing is downloaded."""
    text: Columns = ()
    """Columns to read as text. Default: guessed and printed, as for every kind of column."""
    image: Columns = ()
    """Columns with pictures: paths or data URIs."""
    audio: Columns = ()
    """Columns with clips: paths or data URIs."""
    number: Columns = ()
    """Columns to read as numbers."""
    category: Columns = ()
    """Columns to read as categories."""
    date: Columns = ()
    """Columns with dates, such as 2026-11-26 or 2026-11-26 14:30."""
    kind: Annotated[tuple[str, ...], arg(metavar="COLUMN=KIND [COLUMN=KIND ...]", help_behavior_hint="")] = ()
    """Columns by kind, as COLUMN=KIND, for kinds that have no flag of their own."""
    target: Columns = ()
    """Column to predict; several columns of numbers are allowed. Default: the column `label`, `target`, `class`,
    `category` or `topic`, else the last column."""
    text_file: File = None
    """Text file, one text a line, plain or packed, to train a language model on in place of a table's text column."""
    media_root: Folder = None
    """Folder that relative paths of pictures and clips start at. Default: the folder of the table."""
    allow_outside: bool = False
    """Allow paths that leave that folder."""
    keep: Columns = ()
    """Columns to use although they look like identifiers, copies of the target or leaks."""
    ignore: Columns = ()
    """Columns not to use."""
    notation: Annotated[tuple[str, ...], arg(metavar="COLUMN=NOTATION [...]", help_behavior_hint="")] = ()
    """How the numbers or dates of a column are written, as COLUMN=NOTATION: price=1.234,56 or day=DD.MM.YYYY.
    Default: detected by column and printed."""
    missing: Marks = ()
    """Further cells that stand for a missing value, beside the empty cell, NA, nan, null, #N/A, -- and others."""
    not_missing: Marks = ()
    """Cells that are ordinary values in this table although they usually stand for a missing one, such as NA."""
    rare_classes: Literal["learn", "drop"] = "learn"
    """Classes too rare for both splits: learn them without a held-out row, or drop their rows."""
    max_bad_rows: float = 0.05
    """Largest share of unusable rows that training accepts."""
