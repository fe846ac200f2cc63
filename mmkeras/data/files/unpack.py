"""Compressed tables, within bounds: a small file that unpacks to more than memory holds ends in a sentence.

A table needs several times its size while it is read: the bytes, the text, and a Python string for each cell.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mmkeras.errors import InputError
from mmkeras.system.memory import available_memory

if TYPE_CHECKING:
    import pyarrow as pa

GZIP: Final = b"\x1f\x8b"
GZIP_FORMAT: Final = 31  # zlib's wbits of a gzip file with the largest window
FED: Final = 2**18  # most bytes that are fed at a time
UNPACKED: Final = 2**22  # most bytes that are unpacked at a time
SHARE: Final = 4  # a table may take this part of the memory that is left: the rest is for its text and cells
LARGEST: Final = 8 * 2**30
"""Largest unpacked size in bytes, however much memory there is."""
SUSPICIOUS: Final = (256 * 2**20, 500)
"""Bytes and ratio above which nothing honest is expected: CSV packs 3 to 20 times, repeated rows 100 times and more,
and the most that gzip can do, one byte repeated, is 1,032 times."""
CELL: Final = 16  # bytes that an empty cell takes, twice a pointer
BATCH: Final = 256  # rows of a Parquet file that are unpacked at a time


def gunzip(raw: bytes, path: str | Path) -> bytes:
    """The contents of a gzip file; a file that is not gzipped is returned as it is.

    Raises InputError for a damaged file, and as soon as the contents are larger than allowed.
    """
    if not raw.startswith(GZIP):
        return raw
    parts, bounds = list[bytes](), Bounds(path)
    member, at = zlib.decompressobj(wbits=GZIP_FORMAT), 0
    try:
        while True:
            fed = raw[at : at + FED]
            part = member.decompress(fed, UNPACKED)
            at += len(fed) - len(member.unconsumed_tail) - len(member.unused_data)
            bounds.add(len(part), at)
            parts.append(part)
            if member.eof:
                if not raw.startswith(GZIP, at) and not raw[at:].strip(b"\0"):  # zeros may pad the end
                    return b"".join(parts)
                member = zlib.decompressobj(wbits=GZIP_FORMAT)  # several files, one after another, are one
            elif not fed and not part:
                raise zlib.error("it ends in the middle")
    except zlib.error as error:
        raise InputError(f"{path}: the gzip file is damaged or cut short ({error}). Make it again.") from None


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
