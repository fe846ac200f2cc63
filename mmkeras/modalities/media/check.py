"""Before training: check all files that a table's cells name, and compute their features in the same pass."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config.config import Config
from mmkeras.data.splits.split import Split
from mmkeras.data.table import BadRow, Table, drop_rows, write_bad_rows
from mmkeras.errors import InputError
from mmkeras.features.cache import features_elsewhere
from mmkeras.modalities import files_of, names_files
from mmkeras.modalities.blocks import graph_columns
from mmkeras.modalities.media.features import MediaFeatures, make_features
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.system.files import write_json
from mmkeras.system.json_files import check_shape, read_object
from mmkeras.system.progress import named

KEYS = "media.json"  # the keys of the features that a run was started with


@dataclass(frozen=True)
class Media:
    """specs: column -> how it is read. features: `table` or `validation` -> column -> the features of all rows."""

    specs: dict[str, Any]
    features: dict[str, dict[str, MediaFeatures]]

    def features_by_split(self, column: str, tables: dict[str, Table], split: Split) -> dict[str, MediaFeatures]:
        """A column's features: `train` and `validation` -> those of the split's rows."""
        held_out = "validation" if "validation" in tables else "table"
        lines = {"train": ("table", split.train_lines), "validation": (held_out, split.validation_lines)}
        features = {}
        for split_name, (file, split_lines) in lines.items():
            rows = np.searchsorted(tables[file].lines, split_lines)  # a table's lines are sorted
            of_file = self.features[file][column]
            features[split_name] = replace(of_file, index=of_file.index[rows])
        return features


def drop_bad_rows(table: Table, good: np.ndarray, bad: list[BadRow], max_bad_rows: float, folder: Path) -> Table:
    """`drop_rows`; if too many rows are bad, first write all of them to <folder>-bad_rows.csv: the run is deleted.

    good: bool [rows]. Raises InputError with the path of that file.
    """
    try:
        return drop_rows(table, good, bad, max_bad_rows)
    except InputError as error:
        path = _list_path(folder.with_name(f"{folder.name}-bad_rows.csv"))
        write_bad_rows(replace(table, bad_rows=tuple(sorted([*table.bad_rows, *bad], key=lambda b: b.line))), path)
        raise InputError(f"{error} All of them: {path}") from None


def _list_path(path: Path) -> Path:
    """The path, if it is free or has an earlier list; else the first of path-2, path-3, … of which that is true."""
    number, free = 1, path
    while os.path.lexists(free) and not _is_bad_rows(free):
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def _is_bad_rows(path: Path) -> bool:
    """Did `write_bad_rows` write a file?"""
    header = ",".join(field.name for field in fields(BadRow)).encode()
    try:
        with path.open("rb") as file:
            return not path.is_symlink() and file.readline(100).strip() == header
    except OSError:
        return False


def has_media(table: Table) -> bool:
    """Do cells of a table name files, such as pictures and clips?"""
    return any(names_files(column.kind) for column in table.inputs)


def saved_keys(folder: Path) -> dict[str, str]:
    """Name -> the key of the features that a run was started with; empty for a run of an older version."""
    path = folder / KEYS
    if not path.exists():
        return {}
    value = read_object(path, "The run is damaged. Train again.")
    check_shape(value, {"*": str}, path, "The run is damaged. Train again.")
    return value


def check_media(
    config: Config,
    tables: dict[str, Table],
    folder: Path,
    log: Callable[[str], None],
    known: Mapping[str, Any] | None = None,
) -> tuple[dict[str, Table], Media]:
    """Check all files that cells name -> the tables without the rows of unusable files, and the features.

    The dropped rows are among the tables' bad rows. folder: the run's folder. known: column -> how it is read, of a run
    that the training goes on from.
    Raises InputError if more than `max_bad_rows` are bad, as `read_table` does.
    """
    specs: dict[str, Any] = dict(known or {})
    features: dict[str, dict[str, MediaFeatures]] = {}
    expected_keys = saved_keys(folder) if config.output.resume else {}
    keys: dict[str, str] = {}
    checked = {}
    for file, table in tables.items():
        root = MediaRoot.of(table.path, config.data.media_root, config.data.allow_outside)
        by_column: dict[str, MediaFeatures] = {}
        bad: dict[int, BadRow] = {}
        for graph_name, column in ((g.name, g.columns[0]) for g in graph_columns(table.inputs) if names_files(g.kind)):
            cells = table.rows[column.name].tolist()
            spec = specs.setdefault(column.name, None) or files_of(column.kind).column_spec(cells, root, config, log)
            specs[column.name] = spec
            name = graph_name if file == "table" else f"{graph_name}-validation"
            column_log = named(log, name, column.name if file == "table" else f"{column.name} of {table.path}")
            column_features = make_features(
                name,
                column.kind,
                cells,
                spec,
                root,
                folder / "features",
                features_elsewhere(folder),
                column_log,
                expected_keys.get(name, ""),
            )
            keys[name] = column_features.key
            for row, reason in column_features.faults.items():
                line = int(table.lines[row])
                bad.setdefault(row, BadRow(table.path, line, column.name, reason))
            by_column[column.name] = column_features
        good = np.array([row not in bad for row in range(len(table.rows))])
        checked[file] = drop_bad_rows(table, good, list(bad.values()), config.data.max_bad_rows, folder)
        features[file] = {name: replace(whole, index=whole.index[good]) for name, whole in by_column.items()}
        if bad:
            first = min(bad.values(), key=lambda row: row.line)
            summary = f"{len(bad)} rows have media that cannot be used, the first in line {first.line}"
            log(f"{table.path}: {summary}: {first.reason}")
    if not checked["table"].rows.size:
        raise InputError(f"{tables['table'].path}: no row is left.")
    if keys:
        write_json(folder / KEYS, keys)
    return checked, Media(specs, features)
