"""All pictures and clips of a table are looked at before training starts, and by the same stroke become features."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.split import Split
from mmkeras.data.table import BadRow, Table, drop_rows, write_bad_rows
from mmkeras.errors import InputError
from mmkeras.features.cache import features_elsewhere
from mmkeras.graph import input_names
from mmkeras.modalities import files_of, names_files
from mmkeras.modalities.media.features import MediaFeatures, make_features
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.system.files import write_json
from mmkeras.system.progress import named

KEYS = "media.json"  # of the features that a run began with


@dataclass(frozen=True)
class Media:
    """rules: column -> how it is read. features: `table` or `validation` -> column -> an entry for each of its rows."""

    specs: dict[str, Any]
    features: dict[str, dict[str, MediaFeatures]]

    def sides(self, column: str, tables: dict[str, Table], split: Split) -> dict[str, MediaFeatures]:
        """A column's features of the rows of both sides of the split."""
        held_out = "validation" if "validation" in tables else "table"
        lines = {"train": ("table", split.train_lines), "validation": (held_out, split.validation_lines)}
        found = {}
        for side, (file, wanted) in lines.items():
            rows = np.searchsorted(tables[file].lines, wanted)  # rows stand in the order of their lines
            whole = self.features[file][column]
            found[side] = replace(whole, index=whole.index[rows])
        return found


def without_bad(table: Table, good: np.ndarray, bad: list[BadRow], config: Config, folder: Path) -> Table:
    """`drop_rows`; where there are too many, all of them are listed beside the run, of which nothing stays."""
    try:
        return drop_rows(table, good, bad, config.data.max_bad_rows)
    except InputError as error:
        place = folder.with_name(f"{folder.name}-bad_rows.csv")
        write_bad_rows(replace(table, bad_rows=tuple(sorted([*table.bad_rows, *bad], key=lambda b: b.line))), place)
        raise InputError(f"{error} All of them: {place}") from None


def has_media(table: Table) -> bool:
    """Do cells of a table name files, such as pictures and clips?"""
    return any(names_files(column.kind) for column in table.inputs)


def keys_before(folder: Path) -> dict[str, str]:
    """Name -> the key of the features that a run began with; empty for a run of an older version."""
    path = folder / KEYS
    if not path.exists():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise InputError(f"{path}: the run is damaged, this file cannot be read: {error}. Train again.") from None


def check_media(
    config: Config, tables: dict[str, Table], folder: Path, log: Callable[[str], None]
) -> tuple[dict[str, Table], Media]:
    """The tables without the rows whose media cannot be used, which are among their bad rows now; and the features.

    Raises InputError where more than `max_bad_rows` are bad, as `read_table` does.
    """
    specs: dict[str, Any] = {}
    features: dict[str, dict[str, MediaFeatures]] = {}
    began_with = keys_before(folder) if config.output.resume else {}
    keys: dict[str, str] = {}
    checked = {}
    for file, table in tables.items():
        root = MediaRoot.of(table.path, config.data.media_root, config.data.allow_outside)
        found: dict[str, MediaFeatures] = {}
        bad: dict[int, BadRow] = {}
        for graph_name, column in zip(input_names([c.name for c in table.inputs]), table.inputs, strict=True):
            if not names_files(column.kind):
                continue
            cells = table.rows[column.name].tolist()
            spec = specs.setdefault(column.name, None) or files_of(column.kind).rule_of(cells, root, config, log)
            specs[column.name] = spec
            name = graph_name if file == "table" else f"{graph_name}-validation"
            place, elsewhere = folder / "features", features_elsewhere(folder)
            told = named(log, name, column.name if file == "table" else f"{column.name} of {table.path}")
            made = make_features(name, column.kind, cells, spec, root, place, elsewhere, told, began_with.get(name, ""))
            keys[name] = made.key
            for row, reason in made.faults.items():
                line = int(table.lines[row])
                bad.setdefault(row, BadRow(table.path, line, column.name, reason))
            found[column.name] = made
        good = np.array([row not in bad for row in range(len(table.rows))])
        checked[file] = without_bad(table, good, list(bad.values()), config, folder)
        features[file] = {name: replace(made, index=made.index[good]) for name, made in found.items()}
        if bad:
            first = min(bad.values(), key=lambda row: row.line)
            what = f"{len(bad)} rows have media that cannot be used, the first in line {first.line}"
            log(f"{table.path}: {what}: {first.reason}")
    if not checked["table"].rows.size:
        raise InputError(f"{tables['table'].path}: no row is left.")
    if keys:
        write_json(folder / KEYS, keys)
    return checked, Media(specs, features)
