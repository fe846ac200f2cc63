"""Rows -> a file that people and programs read: CSV, TSV, JSON lines, a JSON array or Parquet, plain or packed."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import itertools
import json
import lzma
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final, TextIO

from mmkeras.data.files.ways_to_write import Written, is_table
from mmkeras.data.kept_columns import OutColumn, unquoted_value
from mmkeras.data.values.cells import split_labels
from mmkeras.data.values.formula_cells import FormulaCells
from mmkeras.errors import InputError
from mmkeras.system.files import atomic_write, write_rows
from mmkeras.system.outputs import name_of

PART: Final = 8192  # rows of a Parquet file that are in memory at a time


def write_table(
    output: Path | TextIO,
    written: Written,
    columns: Sequence[OutColumn],
    rows: Iterable[Sequence[Any]],
    cells: FormulaCells,
    new: bool = False,
) -> None:
    """Write rows, atomically where the output is a file. A row has a value a column: str, int or float.

    cells: marks formulas in CSV and TSV, which spreadsheets open. new: as of `atomic_write`.
    Raises InputError for Parquet on a stream of text.
    """
    with _opened(output, written, new) as file:
        if written.kind == "parquet":
            _write_parquet(file, columns, rows)
        elif written.kind in ("json", "jsonl"):
            _write_json(file, columns, rows, written.kind == "json")
        else:
            as_text = itertools.chain([[column.name for column in columns]], as_texts(columns, rows))
            write_rows(file, cells.marked(as_text), "\t" if written.kind == "tsv" else ",")


@contextlib.contextmanager
def _opened(output: Path | TextIO, written: Written, new: bool) -> Iterator[Any]:
    """The output, opened: bytes for Parquet, else text in UTF-8 without changed line ends."""
    binary = written.kind == "parquet"
    if not isinstance(output, Path):
        stream = getattr(output, "buffer", None) if binary else output
        if stream is None:
            raise InputError(f"{name_of(output)}: Parquet cannot be written there. Name a file with --output.")
        yield stream
        stream.flush()
        return
    with atomic_write(output, new) as partial, partial.open("wb") as file, contextlib.ExitStack() as stack:
        packed = _pack(file, written, output.name, stack)
        yield packed if binary else stack.enter_context(io.TextIOWrapper(packed, encoding="utf-8", newline=""))


def _pack(file: IO[bytes], written: Written, name: str, stack: contextlib.ExitStack) -> Any:
    """A stream of bytes that packs them into a file. name: of that file."""
    match written.packing:
        case ".gz":
            return stack.enter_context(gzip.GzipFile("", "wb", fileobj=file, mtime=0))
        case ".bz2":
            return stack.enter_context(bz2.BZ2File(file, "wb"))
        case ".xz":
            return stack.enter_context(lzma.LZMAFile(file, "wb"))
        case ".zip":
            archive = stack.enter_context(zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED))
            inside = name[: -len(written.packing)]  # `answers.zip` holds `answers.csv`
            inside += "" if is_table(inside) else f".{written.kind}"
            return stack.enter_context(archive.open(inside, "w", force_zip64=True))
        case ".zst":
            import pyarrow as pa  # late: 60 MB that most runs never need

            packer: Any = pa.CompressedOutputStream(pa.PythonFile(file, "w"), "zstd")
            return stack.enter_context(io.BufferedWriter(packer))
    return file


def as_texts(columns: Sequence[OutColumn], rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """The rows with their fractions as text; a csv.writer writes whole numbers itself."""
    numbers = [(i, column.spec) for i, column in enumerate(columns) if column.kind == "number"]
    for row in rows:
        texts = list(row)
        for i, spec in numbers:
            texts[i] = format(texts[i], spec)
        yield texts


def _values(columns: Sequence[OutColumn], rows: Iterable[Sequence[Any]]) -> Iterator[list[Any]]:
    """The rows with their values as JSON and Parquet hold them: numbers as CSV has them, lists of labels."""
    changed: list[tuple[int, Any]] = []
    for i, column in enumerate(columns):
        if column.kind == "number":
            changed.append((i, lambda number, spec=column.spec: float(format(number, spec))))
        elif column.kind == "labels":
            changed.append((i, split_labels))
        elif column.kind == "unquoted":
            changed.append((i, unquoted_value))
    for row in rows:
        values = list(row)
        for i, change in changed:
            values[i] = change(values[i])
        yield values


def _write_json(file: TextIO, columns: Sequence[OutColumn], rows: Iterable[Sequence[Any]], array: bool) -> None:
    """An object a line; those of an array in brackets, with commas between."""
    outer = [(i, column.name) for i, column in enumerate(columns) if not column.within]
    objects = dict.fromkeys(column.within for column in columns if column.within)
    inner = [(name, [(i, c.key) for i, c in enumerate(columns) if c.within == name]) for name in objects]
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    lines = (
        encode({name: row[i] for i, name in outer} | {name: {key: row[i] for i, key in parts} for name, parts in inner})
        for row in _values(columns, rows)
    )
    if array:
        file.write("[")
        file.writelines(("," * (k > 0) + "\n" + line) for k, line in enumerate(lines))
        file.write("\n]\n")
    else:
        file.writelines(f"{line}\n" for line in lines)


def _write_parquet(file: Any, columns: Sequence[OutColumn], rows: Iterable[Sequence[Any]]) -> None:
    """Rows in parts of PART, so that no more of them are in memory twice."""
    import pyarrow as pa  # late: 60 MB that most runs never need
    import pyarrow.parquet as pq

    types = {"text": pa.string(), "labels": pa.list_(pa.string()), "whole": pa.int64(), "number": pa.float64()}
    types |= {"unquoted int": pa.int64(), "unquoted float": pa.float64(), "unquoted bool": pa.bool_()}
    plain = [c if c.kind != "unquoted" or c.spec else OutColumn(c.name) for c in columns]
    schema = pa.schema([(c.name, types[f"{c.kind} {c.spec}" if c.kind == "unquoted" else c.kind]) for c in plain])
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        values = _values(plain, rows)
        while part := list(itertools.islice(values, PART)):
            cells = [pa.array(cells, kind) for cells, kind in zip(zip(*part, strict=True), schema.types, strict=True)]
            writer.write_table(pa.Table.from_arrays(cells, schema=schema))
