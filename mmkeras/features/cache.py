"""Cache of features on disk: the key in a folder's name is a hash of all that the features depend on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import InputError
from mmkeras.system.files import write_json
from mmkeras.system.json_files import read_object
from mmkeras.system.temporary import MARK, discard, temporary

KEY_BYTES: Final = 16
DONE: Final = "done.json"
FAULTS: Final = "faults.json"

Shapes = dict[str, tuple[tuple[int, ...], str]]
"""Name of an array -> its shape and dtype."""


def features_elsewhere(folder: Path) -> list[Path]:
    """The features folders of other runs beside a run's folder, including the run that it replaces."""
    run = folder.resolve()
    return [cache for cache in sorted(run.parent.glob("*/features")) if cache.is_dir() and cache.parent != run]


def open_features(folder: Path, shapes: Shapes) -> tuple[dict[str, np.ndarray], dict[int, str]] | None:
    """Memory-mapped arrays, and cell number -> fault; None where the files are incomplete or have other shapes."""
    try:
        if not (folder / DONE).is_file():
            return None
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in shapes}
        faults = read_object(folder / FAULTS)
        faults_by_cell = {int(number): str(fault) for number, fault in faults.items()}
    except (OSError, ValueError, EOFError):  # damaged: compute the features again
        return None
    if any((arrays[name].shape, arrays[name].dtype) != (shape, dtype) for name, (shape, dtype) in shapes.items()):
        return None
    return arrays, faults_by_cell


@contextlib.contextmanager
def atomic_features(folder: Path, shapes: Shapes) -> Iterator[tuple[Path, dict[int, str]]]:
    """A temporary folder of arrays to fill, and a dict for the faults; renamed to `folder` when the block succeeds.

    Raises InputError when the disk has no room for the arrays.
    """
    partial = temporary(folder)
    faults: dict[int, str] = {}
    partial.mkdir(parents=True)
    try:
        for name, (shape, dtype) in shapes.items():
            _reserve(partial / f"{name}.npy", shape, dtype)
        yield partial, faults
        for name in shapes:
            _sync(partial / f"{name}.npy")
        write_json(partial / FAULTS, {str(number): faults[number] for number in sorted(faults)})
        write_json(partial / DONE, {name: {"shape": shape, "dtype": dtype} for name, (shape, dtype) in shapes.items()})
        _name(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _reserve(path: Path, shape: tuple[int, ...], dtype: str) -> None:
    """Write zeros and allocate their disk space: a write to a mapped page without disk space kills the process."""
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)
    n_bytes = array.nbytes
    del array
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, os.fstat(file.fileno()).st_size)
        except OSError as error:
            raise InputError(
                f"{path.parent.parent}: no room for features of {n_bytes / 1e6:,.1f} MB ({error.strerror}). "
                "Make room, or choose another folder with --output."
            ) from None


def _sync(path: Path) -> None:
    """Flush an array to disk before the folder is renamed: else a power cut leaves zeros."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def link_features(folder: Path, elsewhere: Iterable[Path], key: str, shapes: Shapes) -> bool:
    """Copy or hard-link features with this key from another run's folder. Returns whether there are any."""
    for other in elsewhere:
        for cached in sorted(other.glob(f"*-{key}")):
            if open_features(cached, shapes) is None:
                continue
            partial = temporary(folder)
            try:
                partial.mkdir(parents=True)
                for name in (*(f"{name}.npy" for name in shapes), FAULTS, DONE):
                    _link(cached / name, partial / name)
                _name(partial, folder)
                return True
            except OSError:  # no room on the disk, or the other run is being deleted
                shutil.rmtree(partial, ignore_errors=True)
    return False


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or a file system without hard links
        shutil.copyfile(source, target)


def kept_folder(features: Path, name: str, key: str, elsewhere: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """features/<name>-<key> with the files that `make` writes into a folder: made once, or copied from another run."""
    folder = features / f"{name}-{key}"
    if not (folder / DONE).is_file():
        copies = (copy for other in elsewhere for copy in sorted(other.glob(f"*-{key}")))
        source = next((copy for copy in copies if (copy / DONE).is_file()), None)
        partial = temporary(folder)
        try:
            if source is None or not _copied(source, partial):
                partial.mkdir(parents=True)
                make(partial)
            write_json(partial / DONE, {"key": key})
            _name(partial, folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    drop_other_features(features, name, key)
    return folder


def _copied(source: Path, partial: Path) -> bool:
    """Copy a folder; False, and nothing is left of it, where another process is deleting the source."""
    try:
        shutil.copytree(source, partial, copy_function=_link)
    except OSError:  # shutil.Error is one
        shutil.rmtree(partial, ignore_errors=True)
        return False
    return True


def _name(partial: Path, folder: Path) -> None:
    """Give whole features their name. What has it is damaged, or it would not have been made again."""
    if os.path.lexists(folder):
        discard(folder)
    partial.rename(folder)


def key_of(made_of: Any, cells: Iterable[str]) -> str:
    """A hash of all that features depend on. made_of: settings, as JSON; cells: in order."""
    digest = hashlib.blake2b(json.dumps(made_of, sort_keys=True).encode(), digest_size=KEY_BYTES)
    for cell in cells:
        raw = cell.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()


def drop_other_features(folder: Path, name: str, key: str) -> None:
    """Delete the features of a column under other keys, and the leftovers of an interruption.

    A run's features are its own: whoever calls this holds the lock of the run.
    """
    of_column = rf"{re.escape(name)}-[0-9a-f]{{{2 * KEY_BYTES}}}"
    pattern = re.compile(rf"{of_column}(\.partial)?|\.{of_column}{MARK}")  # .partial: of an older version
    for path in folder.iterdir():
        if pattern.fullmatch(path.name) and path.name != f"{name}-{key}":
            shutil.rmtree(path, ignore_errors=True)


def write_rows(folder: Path, first: int, rows: dict[str, list[Any]]) -> None:
    """Write consecutive rows of the arrays from row `first` on; None leaves a row unchanged.

    Each call maps the arrays anew: the kernel owns the written pages, and the process stays small.
    """
    for name, values in rows.items():
        array = np.lib.format.open_memmap(folder / f"{name}.npy", mode="r+")
        for k, value in enumerate(values):
            if value is not None:
                array[first + k] = value
