"""The rows that all trainings of an ablation share: checked, split once and written."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from mmkeras.config.config import Config
from mmkeras.config.data import Data
from mmkeras.data.splits.split import Split, split_table
from mmkeras.data.table import Table, write_bad_rows
from mmkeras.runs.run import read_json
from mmkeras.system.files import write_csv
from mmkeras.system.progress import Log

TRAIN: Final = "train.csv"
HELD_OUT: Final = "held_out.csv"
BAD_ROWS: Final = "bad_rows.csv"
CHECK: Final = "media-check"  # folder of the features that the check makes; deleted at its end


@dataclass(frozen=True)
class Rows:
    """The rows of all trainings, in two splits. media: column -> a key of the contents of its pictures or clips."""

    tables: dict[str, Table]
    split: Split
    media: dict[str, str]


def choose_rows(config: Config, tables: dict[str, Table], folder: Path, log: Log) -> Rows:
    """Check all media and split the rows, once. A row with an unusable file is dropped from every subset.

    Raises InputError where more than `max_bad_rows` are bad, or where the rows cannot be split.
    """
    tables, media = _check_media(config, tables, folder, log)
    split = split_table(tables["table"], config.data, tables.get("validation"))
    for note in split.notes:
        log(note)
    log(f"{len(split.train)} rows to learn from, {len(split.validation)} held out: the same for all trainings")
    return Rows(tables, split, media)


def _check_media(
    config: Config, tables: dict[str, Table], folder: Path, log: Log
) -> tuple[dict[str, Table], dict[str, str]]:
    from mmkeras.modalities.media.check import KEYS, check_media, has_media  # late: Pillow, soundfile

    if not has_media(tables["table"]):
        return tables, {}
    place = folder / CHECK
    shutil.rmtree(place, ignore_errors=True)  # left by a check that was killed
    try:
        place.mkdir()
        checked, _ = check_media(config, tables, place, log)
        return checked, read_json(place / KEYS)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def write_rows(rows: Rows, config: Config, folder: Path) -> Config:
    """Write both splits and the bad rows into the ablation's folder. Returns the Config of a training on them."""
    held_out, paths_are_absolute = _held_out(rows, config.data)
    for name, frame in ((TRAIN, rows.split.train), (HELD_OUT, held_out)):
        write_csv(folder / name, itertools.chain([list(frame.columns)], frame.itertuples(index=False, name=None)))
    write_bad_rows(rows.tables["table"], folder / BAD_ROWS, rows.tables.get("validation"))
    return config.replace(
        csv=str(folder / TRAIN),
        validation=str(folder / HELD_OUT),
        media_root=config.data.media_root or str(Path(config.data.csv).parent),
        allow_outside=config.data.allow_outside or paths_are_absolute,
        encoding="utf-8",
        delimiter=",",
        escape="none",
        comment="none",
        skip_lines=0,
        no_header=False,
        with_header=True,
        max_bad_rows=1.0,  # bad rows are dropped already; a row without a cell in the subset's columns is no error
    )


def _held_out(rows: Rows, data: Data) -> tuple[pd.DataFrame, bool]:
    """The held-out rows, and whether their media paths had to be made absolute.

    That is so if a separate file of held-out rows lies in another folder than the table: a training has one folder of
    media. The paths have been checked against the folder of their file.
    """
    frame, file = rows.split.validation, rows.split.validation_file
    if data.media_root or Path(file).parent.resolve() == Path(data.csv).parent.resolve() or not rows.media:
        return frame, False
    from mmkeras.modalities import names_files
    from mmkeras.modalities.media.paths import MediaRoot, find_media  # late, as above

    root, frame = MediaRoot.of(file, data.media_root, data.allow_outside), frame.copy(deep=False)
    for column in rows.tables["table"].inputs:
        if names_files(column.kind):
            cells = frame[column.name].tolist()
            frame[column.name] = [str(find_media(cell, root) or cell) if cell.strip() else cell for cell in cells]
    return frame, True
