"""Features on disk under a name that says what they were made of, so that they are made once."""

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

KEY_BYTES: Final = 16
DONE: Final = "done.json"
FAULTS: Final = "faults.json"

Shapes = dict[str, tuple[tuple[int, ...], str]]
"""name of an array -> its shape and dtype."""


def features_elsewhere(folder: Path) -> list[Path]:
    """The folders of features of other runs beside a run's folder; the one that it replaces is among them."""
    own = folder.resolve()
    return [place for place in sorted(own.parent.glob("*/features")) if place.is_dir() and place.parent != own]


def open_features(folder: Path, shapes: Shapes) -> tuple[dict[str, np.ndarray], dict[int, str]] | None:
    """Arrays, memory-mapped, and the faults of cells by number; None where they are not whole and as expected."""
    try:
        if not (folder / DONE).is_file():
            return None
        arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in shapes}
        faults = json.loads((folder / FAULTS).read_text(encoding="utf-8"))
    except (OSError, ValueError, EOFError):  # damaged: they are made again
        return None
    if any((arrays[name].shape, arrays[name].dtype) != (shape, dtype) for name, (shape, dtype) in shapes.items()):
        return None
    return arrays, {int(number): fault for number, fault in faults.items()}


@contextlib.contextmanager
def features_written_whole(folder: Path, shapes: Shapes) -> Iterator[tuple[Path, dict[int, str]]]:
    """A temporary folder whose arrays are to be filled, and a dict for the faults; `folder` when the block ends well.

    Raises InputError when there is no room for them.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    faults: dict[int, str] = {}
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for name, (shape, dtype) in shapes.items():
            _reserve(partial / f"{name}.npy", shape, dtype)
        yield partial, faults
        for name in shapes:
            _sync(partial / f"{name}.npy")
        write_json(partial / FAULTS, {str(number): faults[number] for number in sorted(faults)})
        write_json(partial / DONE, {name: {"shape": shape, "dtype": dtype} for name, (shape, dtype) in shapes.items()})
        shutil.rmtree(folder, ignore_errors=True)  # a damaged one
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _reserve(path: Path, shape: tuple[int, ...], dtype: str) -> None:
    """An array of zeros on disk. Its room is taken at once: writing to memory-mapped room that is not there kills."""
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
    """What processes have written is on the disk, before the name says so: else a power cut leaves zeros."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def link_features(folder: Path, elsewhere: Iterable[Path], key: str, shapes: Shapes) -> bool:
    """Take features with this key from another run's folder, by links where the disk allows it. Were there any?"""
    for other in elsewhere:
        for found in sorted(other.glob(f"*-{key}")):
            if open_features(found, shapes) is None:
                continue
            partial = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            try:
                partial.mkdir(parents=True)
                for name in (*(f"{name}.npy" for name in shapes), FAULTS, DONE):
                    _link(found / name, partial / name)
                shutil.rmtree(folder, ignore_errors=True)
                partial.rename(folder)
                return True
            except OSError:  # no room, or the other run is being removed
                shutil.rmtree(partial, ignore_errors=True)
    return False


def _link(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another disk, or one that knows no links
        shutil.copyfile(source, target)


def kept_folder(features: Path, name: str, key: str, elsewhere: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """features/<name>-<key> with what `make` writes into a folder: made once, or taken over from another run's."""
    folder = features / f"{name}-{key}"
    if not (folder / DONE).is_file():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        others = (found for other in elsewhere for found in sorted(other.glob(f"*-{key}")))
        found = next((other for other in others if (other / DONE).is_file()), None)
        try:
            if found:
                shutil.copytree(found, partial, dirs_exist_ok=True, copy_function=_link)
            else:
                make(partial)
            write_json(partial / DONE, {"key": key})
            shutil.rmtree(folder, ignore_errors=True)
            partial.rename(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    drop_other_features(features, name, key)
    return folder


def key_of(made_of: Any, cells: Iterable[str]) -> str:
    """A hash of what features are made of. made_of: JSON; cells: in their order."""
    digest = hashlib.blake2b(json.dumps(made_of, sort_keys=True).encode(), digest_size=KEY_BYTES)
    for cell in cells:
        raw = cell.encode("utf-8", "surrogatepass")
        digest.update(len(raw).to_bytes(8, "little") + raw)
    return digest.hexdigest()


def drop_other_features(folder: Path, name: str, key: str) -> None:
    """Remove the features of a column that were made of something else, and what an interruption left."""
    ours = re.compile(rf"{re.escape(name)}-[0-9a-f]{{{2 * KEY_BYTES}}}(\.partial)?")
    for found in folder.iterdir():
        if ours.fullmatch(found.name) and found.name != f"{name}-{key}":
            shutil.rmtree(found, ignore_errors=True)


def write_rows(folder: Path, first: int, rows: dict[str, list[Any]]) -> None:
    """Write some rows of the arrays; None stands for a row that stays as it is.

    They are mapped for this alone: pages once written are the kernel's, and the process stays small.
    """
    for name, values in rows.items():
        array = np.lib.format.open_memmap(folder / f"{name}.npy", mode="r+")
        for k, value in enumerate(values):
            if value is not None:
                array[first + k] = value
