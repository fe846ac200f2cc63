"""What all trainings of an ablation have in common: the rows of both sides, and the question they answer."""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

from mmkeras.config.config import Config
from mmkeras.data.split import Split, split_table
from mmkeras.data.table import Table, write_bad_rows
from mmkeras.runs.run import read_json
from mmkeras.system.files import write_csv
from mmkeras.system.progress import Log

TRAIN: Final = "train.csv"
HELD_OUT: Final = "held_out.csv"
CHECK: Final = "media-check"  # of the features that the check makes; gone when it has ended


@dataclass(frozen=True)
class Rows:
    """The rows that every training has its share of. media: column -> a key of what its pictures or clips hold."""

    tables: dict[str, Table]
    split: Split
    media: dict[str, str]


def choose_rows(config: Config, tables: dict[str, Table], folder: Path, log: Log) -> Rows:
    """Look at all media and split, once: a row that one subset cannot use for its media is none of any other's.

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
    shutil.rmtree(place, ignore_errors=True)  # of one that was killed
    try:
        place.mkdir()
        checked, _ = check_media(config, tables, place, log)
        return checked, read_json(place / KEYS)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def write_rows(rows: Rows, config: Config, folder: Path) -> Config:
    """Write both sides, and the bad rows, into the ablation's folder. Returns the Config of a training on them."""
    held_out, moved = _held_out(rows, config)
    for name, frame in ((TRAIN, rows.split.train), (HELD_OUT, held_out)):
        write_csv(folder / name, itertools.chain([list(frame.columns)], frame.itertuples(index=False, name=None)))
    write_bad_rows(rows.tables["table"], folder / "bad_rows.csv", rows.tables.get("validation"))
    return config.replace(
        csv=str(folder / TRAIN),
        validation=str(folder / HELD_OUT),
        media_root=config.data.media_root or str(Path(config.data.csv).parent),
        allow_outside=config.data.allow_outside or moved,
        encoding="utf-8",
        delimiter=",",
        max_bad_rows=1.0,  # the bad ones are gone: what is left out now has nothing in the subset's columns
    )


def _held_out(rows: Rows, config: Config) -> tuple[pd.DataFrame, bool]:
    """The held-out rows; True where their media's paths begin elsewhere than the table's, and are made absolute.

    Such paths may lie outside the one folder that a training knows. They have been checked against their own.
    """
    frame, file = rows.split.validation, rows.split.validation_file
    if (
        config.data.media_root
        or Path(file).parent.resolve() == Path(config.data.csv).parent.resolve()
        or not rows.media
    ):
        return frame, False
    from mmkeras.modalities import names_files
    from mmkeras.modalities.media.paths import (
        MediaRoot,  # late, as above
        find_media,
    )

    root, frame = MediaRoot.of(file, config.data.media_root, config.data.allow_outside), frame.copy(deep=False)
    for column in rows.tables["table"].inputs:
        if names_files(column.kind):
            cells = frame[column.name].tolist()
            frame[column.name] = [str(find_media(c, root) or c) if c.strip() else c for c in cells]
    return frame, True
