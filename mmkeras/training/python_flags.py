"""Flags as Python gives them -> a Config."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.json_file import config_from_dict
from mmkeras.errors import InputError


def config_of(flags: Mapping[str, Any], kind: type[Config]) -> Config:
    """Flags by name -> a Config.

    A string, or a number that names a column of a frame, stands for a list of one; {column: notation} for
    column=notation; a path for its text, a run for its folder. Raises InputError for an unknown flag, with the nearest.
    """
    for name in flags:
        if name not in DEFAULTS:
            near = difflib.get_close_matches(name.replace("-", "_"), DEFAULTS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(
                f"mmkeras.train: there is no flag {name!r}.{hint} All flags: `mmkeras train --help`, with _ for -."
            )
    values = {name: _value(value, isinstance(DEFAULTS[name], tuple)) for name, value in flags.items()}
    return config_from_dict(values, "mmkeras.train", kind)


def _value(value: Any, several: bool) -> Any:
    """A flag's value as JSON has it."""
    if several and isinstance(value, Mapping):
        return [f"{column}={text}" for column, text in value.items()]
    if several and not isinstance(value, list | tuple | set | frozenset):
        listed = hasattr(value, "tolist") and getattr(value, "shape", ()) != ()  # a frame's columns, an array
        return [str(part) for part in value] if listed else [] if value is None else [str(value)]
    if several:
        return [str(part) for part in value]
    if isinstance(folder := getattr(value, "folder", None), Path):  # a FinishedRun
        return str(folder)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    return str(value) if isinstance(value, Path) else value
