"""Columns whose cells name files: each is checked before training, in parallel, and its features are left on disk."""

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
    drop_other_features,
    features_written_whole,
    link_features,
    open_features,
)
from mmkeras.modalities import files_of
from mmkeras.modalities.media.paths import MediaRoot, shorten
from mmkeras.modalities.media.work import fill_rows, hash_files
from mmkeras.system.progress import Log, Progress
from mmkeras.system.workers import Workers, cpu_count

VERSION: Final = 1  # of what is on disk, and of how it is made
FEW: Final = 50  # cells that are done before a process would have started
CHUNK: Final = 16  # cells that a process has at a time


@dataclass(frozen=True)
class MediaFeatures:
    """The features of a column's rows.

    arrays: memory-mapped, first axis the u distinct cells, as the kind's `files.shapes` has them. image: pixels uint8
        [u, size, size, 3]; audio: log_mel float32 [u, frames, mels] and frames int32 [u], how many are the clip's.
    index: int32 [rows], which of the distinct cells a row has; -1 where its cell is empty or bad.
    faults: row -> why its cell cannot be used, with its path.
    key: changes with the rule, with what reads the files, and with any of their bytes.
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
    began_with: str = "",
) -> MediaFeatures:
    """Check all cells of a column and make their features, or find the ones that were made before.

    name: the column's, as a folder may be called; root: where the cells' paths begin.
    kind: the column's; rule: how a column of that kind is read, as its `files.rule_of` has it.
    folder: for <name>-<key>/, whose key tells the rule and what all files hold; one with another key is removed.
    elsewhere: folders of the same kind, from which equal features are linked.
    began_with: the key that the features of a resumed run have; '' where there is none.
    Raises InputError when the disk has no room for them, or when another key is found than the run began with.
    """
    distinct, which = distinct_cells(cells)
    files = files_of(kind)
    shapes = files.shapes(spec, len(distinct))
    progress = functools.partial(Progress, total=len(distinct), log=log)
    with Workers(worth_their_start(len(distinct))) as workers:
        key = _key(kind, spec, distinct, root, workers, progress((f"{name}: ", f" {files.NOUN} compared")))
        if began_with not in ("", key):  # before anything of the old ones goes
            raise InputError(
                f"{name}: a file that a cell names, or the package that reads such files, has changed since the run "
                f"{folder.parent} began, so it cannot be resumed. Put the old ones back, or start anew with "
                "--overwrite."
            )
        made = folder / f"{name}-{key}"
        folder.mkdir(parents=True, exist_ok=True)
        found = open_features(made, shapes)
        if found is None and link_features(made, elsewhere, key, shapes):
            found = open_features(made, shapes)
        before = found is not None
        progressing = progress((f"{name}: ", f" {files.NOUN} checked"))
        if found is None:
            _make(made, shapes, distinct, functools.partial(fill_rows, kind, spec, root), workers, progressing)
            found = open_features(made, shapes)
    if found is None:
        raise OSError(f"{made} was written, but cannot be read again.")
    drop_other_features(folder, name, key)
    arrays, faults = found
    bad = f" ({len(faults):,} bad)" if faults else ""
    if before:
        log(f"{name}: features of {len(distinct):,} {files.NOUN} were made before{bad}")
    else:
        log(f"{name}: {len(distinct):,} {files.NOUN} checked in {progressing.seconds:.1f} s{bad}")
    return replace(_by_row(arrays, which, faults), key=key)


def distinct_cells(cells: Sequence[str]) -> tuple[list[str], np.ndarray]:
    """The different cells that are not empty, in order, and which of them each row has: int32 [rows], -1 for none."""
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


def worth_their_start(n_cells: int) -> int:
    """How many processes to start for some cells."""
    return 0 if n_cells < FEW else min(cpu_count(), -(-n_cells // CHUNK))


def _key(kind: str, spec: Any, cells: list[str], root: MediaRoot, workers: Workers, progress: Progress) -> str:
    """What the features depend on, as 32 hexadecimal digits: how they are made, each cell's text, each file's bytes."""
    files = files_of(kind)
    how, decoders = files.made_of(spec), {name: importlib.metadata.version(name) for name in files.DECODERS}
    hashes = np.zeros((len(cells), KEY_BYTES), "uint8")
    for first, found in workers.map(functools.partial(hash_files, root), cells, CHUNK):
        hashes[first : first + len(found)] = [list(digest or bytes(KEY_BYTES)) for digest in found]
        progress.advance(len(found))
    progress.end()
    key = hashlib.blake2b(json.dumps([VERSION, kind, how, decoders], sort_keys=True).encode(), digest_size=KEY_BYTES)
    for cell, digest in zip(cells, hashes, strict=True):
        text = cell.encode("utf-8", "surrogatepass")
        key.update(len(text).to_bytes(8, "little") + text + digest.tobytes())
    return key.hexdigest()


def _make(made: Path, shapes: Shapes, cells: list[str], fill: Any, workers: Workers, progress: Progress) -> None:
    """Write the features of all cells, those of bad ones zeros that no row refers to, and what is wrong with those."""
    with features_written_whole(made, shapes) as (partial, faults):
        for first, found in workers.map(functools.partial(fill, partial), cells, CHUNK):
            for number, fault in enumerate(found, first):
                if fault is None:
                    faults[number] = f"the decoder crashed on {shorten(cells[number])}."
                elif fault:
                    faults[number] = fault
            progress.advance(len(found))
    progress.end()
