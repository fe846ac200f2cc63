"""Packed tables: right ones are read, in any number of members; bombs end in a sentence, in little memory."""

from __future__ import annotations

import gzip
import io
import resource
import time
import zlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmkeras.data.files import unpack
from mmkeras.data.files.reading import read_source
from mmkeras.errors import InputError

TEXT = "text,label\n" + "".join(f"row {k},{'ab'[k % 2]}\n" for k in range(50_000))


def bomb(size: int) -> bytes:
    """A gzip file that unpacks to `size` bytes of one letter."""
    packer, block = zlib.compressobj(9, wbits=31), b"a" * 2**20
    return b"".join([*(packer.compress(block) for _ in range(size // len(block))), packer.flush()])


@pytest.mark.parametrize("members", [1, 3, 500])
def test_what_was_packed_comes_back(members: int, tmp_path: Path) -> None:
    raw = TEXT.encode()
    step = -(-len(raw) // members)
    packed = b"".join(gzip.compress(raw[k : k + step]) for k in range(0, len(raw), step))
    assert unpack.gunzip(packed, "a") == gzip.decompress(packed) == raw
    assert unpack.gunzip(packed + b"\0" * 512, "a") == raw, "zeros pad the end"
    assert unpack.gunzip(raw, "a") is raw
    (tmp_path / "a.csv.gz").write_bytes(packed)
    assert len(read_source(tmp_path / "a.csv.gz").rows) == 50_000


def test_repeated_rows_are_honest(tmp_path: Path) -> None:
    raw = b"text,label\n" + b"the same,a\nthe other,b\n" * 200_000
    packed = gzip.compress(raw, 9)
    assert len(raw) > 200 * len(packed)
    assert unpack.gunzip(packed, "a") == raw


def test_a_packed_file_without_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(InputError, match="is empty"):
        read_source(tmp_path / "a.csv.gz")


@pytest.mark.parametrize("change", ["cut short", "damaged", "garbage behind", "checksum"])
def test_damaged(change: str) -> None:
    packed = bytearray(gzip.compress(TEXT.encode()))
    match change:
        case "cut short":
            del packed[len(packed) // 2 :]
        case "damaged":
            packed[1000:1010] = b"\xff" * 10
        case "garbage behind":
            packed += b"garbage"
        case "checksum":
            packed[-6] ^= 1
    with pytest.raises(InputError, match=r"a\.csv\.gz: the gzip file is damaged or cut short"):
        unpack.gunzip(bytes(packed), "a.csv.gz")


def test_a_bomb_ends_early(tmp_path: Path) -> None:
    (tmp_path / "bomb.csv.gz").write_bytes(bomb(600 * 2**20))
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(InputError, match=r"bomb.csv.gz: [\d,]+ bytes of it unpack to [\d,]+, as those of .* malicious"):
        read_source(tmp_path / "bomb.csv.gz")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20, "KiB: less than 1 GiB"
    assert time.perf_counter() - began < 60


def test_no_more_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "available_memory", lambda: 2**20)
    with pytest.raises(InputError, match=r"a\.csv\.gz: it unpacks to more than 0\.0 GiB"):
        unpack.gunzip(gzip.compress(TEXT.encode()), "a.csv.gz")


def parquet(table: pa.Table, times: int = 1) -> bytes:
    file = io.BytesIO()
    with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
        for _ in range(times):
            writer.write_table(table)
    return file.getvalue()


def test_parquet_comes_back() -> None:
    frame = pd.DataFrame({"text": [f"row {k}" for k in range(3000)], "n": range(3000)})
    read = unpack.read_parquet(parquet(pa.Table.from_pandas(frame)), "a")
    assert read.to_pandas()["text"].tolist() == frame["text"].tolist()
    assert read.num_rows == 3000
    assert unpack.read_parquet(parquet(pa.table({"a": pa.array([], pa.string())})), "a").column_names == ["a"]


def test_a_parquet_file_that_says_it_has_too_many_rows(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(parquet(pa.table({"a": pa.nulls(10_000_000)}), 60))
    with pytest.raises(InputError, match="600,000,000 rows of 1 columns are more than the memory that is left holds"):
        read_source(tmp_path / "a.parquet")


def test_a_parquet_file_that_unpacks_to_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "SUSPICIOUS", (2**20, 500))
    raw = parquet(pa.table({"a": pa.array(["x" * 100_000] * 1_000)}))
    assert len(raw) < 10_000
    with pytest.raises(InputError, match="of it unpack to"):
        unpack.read_parquet(raw, "a.parquet")
