"""What all trainings of an ablation have in common: the rows of both sides, and the question they answer."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from mmkeras.config import Config
from mmkeras.errors import InputError
from mmkeras.files import write_csv, write_json
from mmkeras.run import FINISHED, file_hash, read_json
from mmkeras.split import Split, split_table
from mmkeras.table import Table, write_bad_rows

TRAIN: Final = "train.csv"
HELD_OUT: Final = "held_out.csv"
QUESTION: Final = "question.json"
TRIAL: Final = "trial.json"  # in a training's folder, once it has ended
CHECK: Final = "media-check"  # of the features that the check makes; gone when it has ended
# how it is started, what no training has by itself, and files, which count by what they hold
NO_MATTER: Final = ("overwrite", "debug", "resume", "output", "example", "fusion", "seed", "csv", "validation")
MOST_SAID: Final = 4

Say = Callable[[str], None]


@dataclass(frozen=True)
class Rows:
    """The rows that every training has its share of. media: column -> a key of what its pictures or clips hold."""

    tables: dict[str, Table]
    split: Split
    media: dict[str, str]


def choose_rows(config: Config, tables: dict[str, Table], folder: Path, say: Say) -> Rows:
    """Look at all media and split, once: a row that one subset cannot use for its media is none of any other's.

    Raises InputError where more than `max_bad_rows` are bad, or where the rows cannot be split.
    """
    tables, media = _check_media(config, tables, folder, say)
    split = split_table(tables["table"], config, tables.get("validation"))
    for note in split.notes:
        say(note)
    say(f"{len(split.train)} rows to learn from, {len(split.validation)} held out: the same for all trainings")
    return Rows(tables, split, media)


def _check_media(
    config: Config, tables: dict[str, Table], folder: Path, say: Say
) -> tuple[dict[str, Table], dict[str, str]]:
    from mmkeras.media_check import KEYS, check_media, has_media  # late: Pillow, soundfile

    if not has_media(tables["table"]):
        return tables, {}
    place = folder / CHECK
    shutil.rmtree(place, ignore_errors=True)  # of one that was killed
    try:
        place.mkdir()
        checked, _ = check_media(config, tables, place, say)
        return checked, read_json(place / KEYS)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def write_rows(rows: Rows, config: Config, folder: Path) -> Config:
    """Write both sides, and the bad rows, into the ablation's folder. Returns the Config of a training on them."""
    held_out, moved = _held_out(rows, config)
    for name, frame in ((TRAIN, rows.split.train), (HELD_OUT, held_out)):
        write_csv(folder / name, itertools.chain([list(frame.columns)], frame.itertuples(index=False, name=None)))
    write_bad_rows(rows.tables["table"], folder / "bad_rows.csv", rows.tables.get("validation"))
    return replace(
        config,
        csv=str(folder / TRAIN),
        validation=str(folder / HELD_OUT),
        media_root=config.media_root or str(Path(config.csv).parent),
        allow_outside=config.allow_outside or moved,
        encoding="utf-8",
        delimiter=",",
        max_bad_rows=1.0,  # the bad ones are gone: what is left out now has nothing in the subset's columns
    )


def _held_out(rows: Rows, config: Config) -> tuple[pd.DataFrame, bool]:
    """The held-out rows; True where their media's paths begin elsewhere than the table's, and are made absolute.

    Such paths may lie outside the one folder that a training knows. They have been checked against their own.
    """
    frame, file = rows.split.validation, rows.split.validation_file
    if config.media_root or Path(file).parent.resolve() == Path(config.csv).parent.resolve() or not rows.media:
        return frame, False
    from mmkeras.media_check import root_of  # late, as above
    from mmkeras.modalities import MEDIA
    from mmkeras.modalities.media import find_media

    root, frame = root_of(file, config), frame.copy(deep=False)
    for column in rows.tables["table"].inputs:
        if column.kind in MEDIA:
            cells = frame[column.name].tolist()
            frame[column.name] = [str(find_media(c, root) or c) if c.strip() else c for c in cells]
    return frame, True


def question_of(config: Config) -> dict[str, Any]:
    """What a training answers, as JSON has it: the options that matter, and hashes of what the files hold."""
    options = {key: value for key, value in asdict(config).items() if key not in NO_MATTER}
    files = {"csv": file_hash(config.csv), "validation": file_hash(config.validation) if config.validation else None}
    return dict(json.loads(json.dumps({"options": options, "sha256": files})))


def differences(known: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What two questions differ in, as parts of a sentence. Media count where both know them."""
    default, found = json.loads(json.dumps(asdict(Config()))), []
    for key, value in now["options"].items():
        before = known["options"].get(key, default[key])
        if before != value:
            found.append(f"--{key.replace('_', '-')} is {_said(value)} and was {_said(before)}")
    if known["sha256"]["csv"] != now["sha256"]["csv"]:
        found.append("the CSV holds something else")
    before, after = known["sha256"]["validation"], now["sha256"]["validation"]
    if before != after:
        held_out = f"is {_said(after and 'given')} and was {_said(before and 'given')}"
        found.append(f"--validation {'holds something else' if before and after else held_out}")
    if known.get("media", now.get("media")) != now.get("media", known.get("media")):
        found.append("pictures or clips have changed")
    return found


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value) or "not given"
    return "not given" if value is None else str(value)


def refuse_others(folder: Path, question: dict[str, Any]) -> None:
    """Raise InputError where trainings of a folder have answered another question, or one nobody knows any more."""
    mend = "Give --overwrite to train all again, or another --output."
    if not (folder / QUESTION).exists():
        if any(folder.glob(f"*/{FINISHED}")):
            raise InputError(f"{folder}: its trainings do not say what they were made of ({QUESTION}). {mend}")
        return
    found = differences(read_json(folder / QUESTION), question)
    if found and any(folder.glob(f"*/{TRIAL}")):  # else nothing of it would be read again
        more = f"; and {len(found) - MOST_SAID} more" if len(found) > MOST_SAID else ""
        raise InputError(
            f"{folder}: its trainings answer another question: {'; '.join(found[:MOST_SAID])}{more}. {mend}"
        )


def begin(folder: Path, question: dict[str, Any], overwrite: bool) -> None:
    """Write the question; with `overwrite`, first forget all that has ended, so that an interruption cannot mix them.

    The trainings themselves stay until each is replaced, but without its trial.json none is read again.
    """
    for path in [*folder.glob(f"*/{TRIAL}"), *folder.glob("ablation.*")] if overwrite else []:
        path.unlink(missing_ok=True)
    write_json(folder / QUESTION, question)
