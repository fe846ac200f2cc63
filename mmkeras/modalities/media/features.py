"""Columns whose cells name files: check every file before training, in parallel, and cache its features on disk."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import InputError
from mmkeras.features.cache import (
    KEY_BYTES,
    Shapes,
    atomic_features,
    drop_other_features,
    link_features,
    open_features,
)
from mmkeras.modalities import files_of
from mmkeras.modalities.media.paths import MediaRoot, shorten
from mmkeras.modalities.media.work import fill_rows, hash_files
from mmkeras.system.progress import Log, Progress
from mmkeras.system.workers import Workers, cpu_count

VERSION: Final = 1  # of the features on disk and of their computation
FEW: Final = 50  # cells that take less time than the start of a process
CHUNK: Final = 16  # cells that are sent to a process at a time


@dataclass(frozen=True)
class MediaFeatures:
    """The features of a column's rows.

    arrays: memory-mapped, the first axis being the u distinct cells, with the shapes of the kind's `files.shapes`.
        image: pixels uint8 [u, size, size, 3]; audio: log_mel float32 [u, frames, mels] and frames int32 [u], the
        number of valid frames.
    index: int32 [rows], the distinct cell of each row; -1 where the row's cell is empty or bad.
    faults: row -> why its cell cannot be used, with its path.
    key: changes with the spec, with the decoders' versions, and with any byte of the files.
    """

    arrays: dict[str, np.ndarray]
    index: np.ndarray
    faults: dict[int, str]
    key: str = ""


def make_features(
    name: str,
    kind: str,
    cells: Sequence[str],
    spec: Any,
    root: MediaRoot,
    folder: Path,
    elsewhere: Sequence[Path],
    log: Log,
    expected_key: str = "",
) -> MediaFeatures:
    """Check all cells of a column and compute their features, or open those that an earlier run computed.

    name: of the column, valid as a folder's name; root: the folder of relative paths.
    kind: of the column; spec: how the column is read, from the kind's `files.column_spec`.
    folder: the features go to <folder>/<name>-<key>/, where the key depends on the spec and on the content of all
        files; a folder of this name with another key is removed.
    elsewhere: other such folders, from which equal features are linked.
    expected_key: of the features of a resumed run; "" for a new run.
    Raises InputError if the disk is full, or if the key is not the expected one.
    """
    distinct, which = distinct_cells(cells)
    files = files_of(kind)
    shapes = files.shapes(spec, len(distinct))
    progress = functools.partial(Progress, total=len(distinct), log=log)
    with Workers(n_workers(len(distinct))) as workers:
        key = _key(kind, spec, distinct, root, workers, progress((f"{name}: ", f" {files.NOUN} compared")))
        if expected_key not in ("", key):  # before the old features are removed
            raise InputError(
                f"{name}: a file that a cell names, or the package that reads such files, has changed since the run "
                f"{folder.parent} began, so it cannot be resumed. Put the old ones back, or start anew with "
                "--overwrite."
            )
        feature_folder = folder / f"{name}-{key}"
        folder.mkdir(parents=True, exist_ok=True)
        features = open_features(feature_folder, shapes)
        if features is None and link_features(feature_folder, elsewhere, key, shapes):
            features = open_features(feature_folder, shapes)
        is_cached = features is not None
        check_progress = progress((f"{name}: ", f" {files.NOUN} checked"))
        if features is None:
            fill = functools.partial(fill_rows, kind, spec, root)
            _write(feature_folder, shapes, distinct, fill, workers, check_progress)
            features = open_features(feature_folder, shapes)
    if features is None:
        raise OSError(f"{feature_folder} was written, but cannot be read again.")
    drop_other_features(folder, name, key)
    arrays, faults = features
    bad = f" ({len(faults):,} bad)" if faults else ""
    if is_cached:
        log(f"{name}: features of {len(distinct):,} {files.NOUN} were made before{bad}")
    else:
        log(f"{name}: {len(distinct):,} {files.NOUN} checked in {check_progress.seconds:.1f} s{bad}")
    return replace(_by_row(arrays, which, faults), key=key)


def distinct_cells(cells: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The distinct cells that are not empty, in order, and the number of each row's cell: int32 [rows], -1 if empty."""
    numbers: dict[str, int] = {}
    which = np.full(len(cells), -1, "int32")
    for row, cell in enumerate(cells):
        cell = cell.strip()
        if cell:
            which[row] = numbers.setdefault(cell, len(numbers))
    return list(numbers), which


def _by_row(arrays: dict[str, np.ndarray], which: np.ndarray, faults: dict[int, str]) -> MediaFeatures:
    bad = np.isin(which, list(faults))
    return MediaFeatures(
        arrays,
        np.where(bad, -1, which).astype("int32"),
        {int(row): faults[int(which[row])] for row in bad.nonzero()[0]},
    )


def n_workers(n_cells: int) -> int:
    """The number of processes to start for `n_cells` cells."""
    return 0 if n_cells < FEW else min(cpu_count(), -(-n_cells // CHUNK))


def _key(kind: str, spec: Any, cells: list[str], root: MediaRoot, workers: Workers, progress: Progress) -> str:
    """A hash of the settings, the decoders, each cell's text and each file's bytes, as 32 hexadecimal digits."""
    files = files_of(kind)
    settings = files.cache_settings(spec)
    decoders = {name: importlib.metadata.version(name) for name in files.DECODERS}
    hashes = np.zeros((len(cells), KEY_BYTES), "uint8")
    for first, digests in workers.map(functools.partial(hash_files, root), cells, CHUNK):
        hashes[first : first + len(digests)] = [list(digest or bytes(KEY_BYTES)) for digest in digests]
        progress.advance(len(digests))
    progress.end()
    head = json.dumps([VERSION, kind, settings, decoders], sort_keys=True).encode()
    key = hashlib.blake2b(head, digest_size=KEY_BYTES)
    for cell, digest in zip(cells, hashes, strict=True):
        text = cell.encode("utf-8", "surrogatepass")
        key.update(len(text).to_bytes(8, "little") + text + digest.tobytes())
    return key.hexdigest()


def _write(folder: Path, shapes: Shapes, cells: list[str], fill: Any, workers: Workers, progress: Progress) -> None:
    """Write the features of all cells, zeros for bad cells (no row refers to them), and the faults of the bad cells."""
    with atomic_features(folder, shapes) as (partial, faults):
        for first, chunk_faults in workers.map(functools.partial(fill, partial), cells, CHUNK):
            for number, fault in enumerate(chunk_faults, first):
                if fault is None:
                    faults[number] = f"the decoder crashed on {shorten(cells[number])}."
                elif fault:
                    faults[number] = fault
            progress.advance(len(chunk_faults))
    progress.end()
