"""The command that comes after an export, as it works in this folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from mmkeras.config.config import DEFAULTS
from mmkeras.config.data import Data, Dialect
from mmkeras.config.json_file import read_config
from mmkeras.errors import InputError
from mmkeras.report.commands import use_commands
from mmkeras.runtime.exported import ENCODE, read_signature
from mmkeras.system.program import call, here


def next_command(folder: Path, run: str | Path) -> str:
    """The command that predicts or generates with an exported folder. run: the folder that it was exported from."""
    signature = read_signature(folder)
    if signature.answers == "texts":
        encode = signature.graphs.get(ENCODE)
        inputs = [input_spec for input_spec in encode.inputs if input_spec["kind"] != "presence"] if encode else []
        return here(use_commands(str(folder), {"task": signature.task, "inputs": inputs})[0])
    return call("predict", folder, *table_of(Path(run)), "--output", "predictions.csv")


def table_of(run: Path) -> list[str]:
    """The table that a run was trained on, as `predict` reads it from here, else `your.csv`."""
    try:
        data: Data = read_config(run / "config.json").data
    except InputError:
        return ["your.csv"]
    told = [f.name for f in dataclasses.fields(Dialect) if getattr(data, f.name) != DEFAULTS[f.name]]
    if told or not Path(data.csv).is_file():  # how the file is read was given by flags
        return ["your.csv"]
    media = ["--media-root", data.media_root] if data.media_root else []
    return [data.csv, *media, *["--allow-outside"][: data.allow_outside]]
