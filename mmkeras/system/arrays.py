"""An .npz file whose arrays may claim anything: their sizes are checked against the file before memory is taken."""

from __future__ import annotations

import contextlib
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import InputError

MOST_BYTES: Final = 2**31
"""Of all arrays of a file, unpacked."""
PACKED: Final = 1032
"""Bytes that deflate makes at most of one: what claims more is no file that zip has written."""
HEADER: Final = 10_000
"""Bytes of an array's header, at most; those that NumPy writes take 128."""
PLAIN: Final = "biufU"
"""Kinds of dtypes: truth values, whole numbers, floats, strings."""


@contextlib.contextmanager
def reading_arrays(path: Path, remedy: str, most: int = MOST_BYTES) -> Iterator[dict[str, Any]]:
    """The arrays of an .npz file by name, for use in a block. Errors in reading and in the block become an InputError.

    Raises InputError, which ends with `remedy`, for a file that is absent, damaged, or claims more than `most` bytes.
    """
    try:
        yield load_arrays(path, most)
    except InputError:
        raise
    except MemoryError:
        raise InputError(f"{path}: there is not enough memory for its arrays. {remedy}") from None
    except Exception as error:  # NumPy and zipfile raise some fifteen kinds for what is no array of ours
        raise InputError(f"{path}: the file is damaged ({type(error).__name__}: {error}). {remedy}") from error


def load_arrays(path: Path, most: int = MOST_BYTES) -> dict[str, np.ndarray]:
    """All arrays of an .npz file. Raises ValueError where a header does not fit its array's size."""
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        total = sum(info.file_size for info in members.values())
        if total > min(most, PACKED * path.stat().st_size):
            raise ValueError(f"its arrays claim {total:,} bytes; expected {most:,} at most")
        return {name: _read_array(archive, info) for name, info in members.items()}


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, fortran, dtype = read(file, max_header_size=HEADER)
        n_bytes = math.prod(shape) * dtype.itemsize
        if dtype.kind not in PLAIN or min(shape, default=0) < 0:
            raise ValueError(f"{info.filename} has the dtype {dtype} and the shape {shape}")
        if not 0 <= info.file_size - n_bytes <= HEADER + 12:
            raise ValueError(f"{info.filename} claims {n_bytes:,} bytes and has {info.file_size:,}")
        content = file.read()
        if len(content) != n_bytes:
            raise ValueError(f"{info.filename} claims {n_bytes:,} bytes and has {len(content):,}")
        return np.ndarray(shape, dtype, content, order="F" if fortran else "C")
