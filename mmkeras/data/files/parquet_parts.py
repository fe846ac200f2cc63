"""A large Parquet file as parts: its rows are counted in it, and unpacked a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mmkeras.data.files.parquet import source_of
from mmkeras.data.files.source import Source
from mmkeras.data.files.source_parts import CHARACTERS, SourceParts
from mmkeras.data.files.streams import PIECE, Stream
from mmkeras.errors import InputError


def parquet_parts(stream: Stream) -> SourceParts | None:
    """The parts of a Parquet file; None for one that is damaged or empty, which is said where it is read as a whole."""
    import pyarrow as pa  # late: 60 MB that most runs never need
    import pyarrow.parquet as pq

    def opened() -> Any:
        return pq.ParquetFile(stream.path, buffer_size=PIECE, pre_buffer=False)

    try:
        with opened() as file:
            count, schema = file.metadata.num_rows, file.schema_arrow
            groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
            unpacked = sum(group.total_byte_size for group in groups)
    except (pa.ArrowException, OSError, MemoryError):
        return None
    if not count:
        return None
    head = source_of(schema.empty_table(), stream.name, empty=True)
    most = max(1, CHARACTERS * count // max(1, unpacked))

    def parts(size: int) -> Iterator[Source]:
        before = 0
        try:
            with opened() as file:
                for batch in file.iter_batches(min(size, most)):
                    yield source_of(pa.Table.from_batches([batch]), stream.name, before)
                    before += batch.num_rows
        except (pa.ArrowException, OSError, MemoryError) as error:
            reason = f"the Parquet file is damaged or cut short ({error})"
            raise InputError(f"{stream.name}: {reason}. Make it again.") from None

    return SourceParts(head, count, parts)
