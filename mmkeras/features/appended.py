"""Arrays that grow on disk: their size is known when the last part is written."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np


class AppendedArray:
    """A .npy file of one axis, written part by part. A context manager; the file is whole when its block ends."""

    def __init__(self, path: Path, dtype: str) -> None:
        self.path, self.dtype, self.size = path, np.dtype(dtype), 0
        self._file = path.open("wb")
        self._write_header()

    def __enter__(self) -> AppendedArray:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        if kind is None:
            self._file.seek(0)
            self._write_header()
        self._file.close()

    def _write_header(self) -> None:
        # NumPy leaves room for a shape of 21 digits, so that the header of a longer array is as long
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": (self.size,)}
        np.lib.format.write_array_header_1_0(self._file, header)

    def append(self, part: np.ndarray) -> None:
        """Write further entries."""
        self._file.write(np.ascontiguousarray(part, self.dtype).data)
        self.size += len(part)
