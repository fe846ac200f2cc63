"""Compressed tables, within bounds: a small file that unpacks to more than memory holds ends in a sentence.

A table needs several times its size while it is read: the bytes, the text, and a Python string for each cell.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from mmkeras.data.files.packed import DAMAGED, LONGEST_BEGIN, SUFFIXES, is_office, open_packed, packing_of
from mmkeras.errors import InputError
from mmkeras.system.file_bytes import FileBytes
from mmkeras.system.memory import available_memory

if TYPE_CHECKING:
    import pyarrow as pa

DEEPEST: Final = 3  # a packed file may hold a packed file, as a zip archive with a .csv.gz
UNPACKED: Final = 2**22  # most bytes that are unpacked at a time
SHARE: Final = 4  # a table may take this part of the memory that is left: the rest is for its text and cells
LARGEST: Final = 8 * 2**30
"""Largest unpacked size in bytes, however much memory there is."""
SUSPICIOUS: Final = (256 * 2**20, 500)
"""Bytes and ratio above which nothing honest is expected: CSV packs 3 to 20 times, repeated rows 100 times and more,
and the most that gzip can do, one byte repeated, is 1,032 times."""
CELL: Final = 16  # bytes that an empty cell takes, twice a pointer
BATCH: Final = 256  # rows of a Parquet file that are unpacked at a time


@dataclass(frozen=True)
class Unpacked:
    """What a file holds. notes: sentences on what of an archive was taken."""

    raw: bytes | FileBytes
    notes: tuple[str, ...] = ()


def unpack(raw: bytes | FileBytes, path: str | Path) -> Unpacked:
    """The contents of a packed file, told by how it begins; a file that is not packed is returned as it is.

    Raises InputError for a damaged file, as soon as the contents are larger than allowed, for a zip archive that does
    not hold one file, and for a tar archive.
    """
    notes: list[str] = []
    for _ in range(DEEPEST if isinstance(raw, bytes) else 0):
        assert isinstance(raw, bytes)
        packing = packing_of(raw[:LONGEST_BEGIN])
        if not packing or (packing == "zip" and is_office(io.BytesIO(raw))):
            break
        raw, name = _unpack_once(raw, packing, str(path))
        if name:
            notes.append(f"Read from the zip archive: {name}.")
    if raw[257:262] == b"ustar":
        raise InputError(f"{path}: expected a table, but this is a tar archive. Unpack it, and name a file of it.")
    return Unpacked(raw, tuple(notes))


def _unpack_once(raw: bytes, packing: str, path: str) -> tuple[bytes, str]:
    """What a packed file holds, and its name in a zip archive, else ''."""
    file, parts, bounds = io.BytesIO(raw), list[bytes](), Bounds(path)
    try:
        inside, name = open_packed(file, packing, path)
        with inside:
            while part := inside.read(UNPACKED):
                bounds.add(len(part), min(file.tell(), len(raw)) if not file.closed else len(raw))
                parts.append(part)
    except InputError:
        raise
    except DAMAGED as error:
        reason = str(error).strip() or type(error).__name__
        hint = "Make it again" + ", or, of an Excel workbook, save the sheet as CSV" * (packing == "zip")
        raise InputError(f"{path}: the {packing} file is damaged or cut short ({reason}). {hint}.") from None
    return b"".join(parts), name


@contextlib.contextmanager
def open_unpacked(path: Path) -> Iterator[tuple[IO[bytes], str]]:
    """The contents of a file as a stream, and its name without the packing's suffix, or that of the archive's member.

    Raises OSError for a file that cannot be opened, one of DAMAGED for a damaged one, and InputError as `open_packed`.
    """
    with open(path, "rb") as file:
        packing = packing_of(file.peek(LONGEST_BEGIN))
        if not packing:
            yield file, path.name
            return
        inside, member = open_packed(file, packing, str(path))
        suffix = next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), "")
        with inside:
            yield inside, member or path.name.removesuffix(path.name[len(path.name) - len(suffix) :])


class Bounds:
    """Counts unpacked bytes. Raises InputError when they are too many."""

    def __init__(self, path: str | Path) -> None:
        self.path, self.size, self.largest = path, 0, min(LARGEST, available_memory() // SHARE)

    def add(self, size: int, packed: int) -> None:
        """Count bytes. packed: the bytes of the file that all of them came from."""
        self.size += size
        least, ratio = SUSPICIOUS
        if self.size > least and self.size > ratio * packed:
            raise InputError(
                f"{self.path}: {packed:,} bytes of it unpack to {self.size:,}, as those of a damaged or malicious file "
                "do. If it is right, unpack it yourself and give the CSV."
            )
        if self.size > self.largest:
            raise InputError(
                f"{self.path}: it unpacks to more than {self.largest / 2**30:.1f} GiB, the most for the memory that is "
                "left. Give fewer rows or columns, or unpack it yourself and give the CSV."
            )


def read_parquet(raw: bytes, path: str) -> pa.Table:
    """The table of a Parquet file. Raises InputError for a damaged file, and for more than memory holds.

    The rows that the file says it has are counted before any is read; their size is known when they are unpacked.
    """
    import pyarrow as pa  # late: 60 MB that most runs never need
    import pyarrow.parquet as pq

    bounds, parts = Bounds(path), list[pa.RecordBatch]()
    try:
        file = pq.ParquetFile(pa.BufferReader(raw))
        rows, columns = file.metadata.num_rows, file.metadata.num_columns
        if rows * columns * CELL > bounds.largest:
            raise InputError(
                f"{path}: {rows:,} rows of {columns:,} columns are more than the memory that is left holds. Give fewer."
            )
        for part in file.iter_batches(BATCH):
            bounds.add(part.nbytes, len(raw))
            parts.append(part)
        return pa.Table.from_batches(parts, file.schema_arrow)
    except (pa.ArrowException, OSError, MemoryError) as error:
        raise InputError(f"{path}: the Parquet file is damaged or cut short ({error}). Make it again.") from None
