"""Packed tables: right ones are read, in any number of members; bombs end in a sentence, in little memory."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import resource
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmkeras.data.files import unpack
from mmkeras.data.files.packed import DAMAGED
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
    assert unpack.unpack(packed, "a").raw == gzip.decompress(packed) == raw
    assert unpack.unpack(packed + b"\0" * 512, "a").raw == raw, "zeros pad the end"
    assert unpack.unpack(raw, "a").raw is raw
    (tmp_path / "a.csv.gz").write_bytes(packed)
    assert len(read_source(tmp_path / "a.csv.gz").rows) == 50_000


def test_repeated_rows_are_honest(tmp_path: Path) -> None:
    raw = b"text,label\n" + b"the same,a\nthe other,b\n" * 200_000
    packed = gzip.compress(raw, 9)
    assert len(raw) > 200 * len(packed)
    assert unpack.unpack(packed, "a").raw == raw


def test_a_packed_file_without_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(InputError, match="is empty"):
        read_source(tmp_path / "a.csv.gz")


def zipped(*members: tuple[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def zstandard(raw: bytes) -> bytes:
    return pa.Codec("zstd").compress(raw, asbytes=True)


PACK = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "Zstandard": zstandard,
    "zip": lambda raw: zipped(("rows.csv", raw)),
}


@pytest.mark.parametrize("kind", PACK)
def test_every_packing_is_told_by_what_it_holds(kind: str, tmp_path: Path) -> None:
    raw = TEXT.encode()
    packed = PACK[kind](raw)
    assert unpack.unpack(packed, "a").raw == raw
    (tmp_path / "a.csv").write_bytes(packed)
    source = read_source(tmp_path / "a.csv")
    assert len(source.rows) == 50_000
    assert source.notes == (("Read from the zip archive: rows.csv.",) if kind == "zip" else ())
    with unpack.open_unpacked(tmp_path / "a.csv") as (stream, name):
        assert stream.readline(100) == b"text,label\n"
    assert name == ("rows.csv" if kind == "zip" else "a.csv")
    if kind != "zip":
        assert unpack.unpack(PACK[kind](raw[:1000]) + PACK[kind](raw[1000:]), "a").raw == raw, (
            "frames one after another"
        )
    assert unpack.unpack(PACK[kind](PACK["gzip"](raw)), "a").raw == raw, "one in another"


@pytest.mark.parametrize("change", ["cut short", "damaged"])
@pytest.mark.parametrize("kind", PACK)
def test_damaged(kind: str, change: str, tmp_path: Path) -> None:
    packed = bytearray(PACK[kind](TEXT.encode()))
    if change == "cut short":
        del packed[len(packed) // 2 :]
    elif kind == "Zstandard":
        packed[4:40] = b"\xff" * 36  # pyarrow writes no checksum: only what cannot be is noticed
    else:
        packed[len(packed) // 2 : len(packed) // 2 + 10] = b"\xff" * 10
    with pytest.raises(InputError, match=rf"a\.csv\.gz: the {kind} file is damaged or cut short"):
        unpack.unpack(bytes(packed), "a.csv.gz")
    (tmp_path / "a").write_bytes(packed)
    with pytest.raises(DAMAGED), unpack.open_unpacked(tmp_path / "a") as (stream, _):
        stream.read()


@pytest.mark.parametrize("change", ["garbage behind", "checksum"])
def test_damaged_gzip(change: str) -> None:
    packed = bytearray(gzip.compress(TEXT.encode()))
    if change == "checksum":
        packed[-6] ^= 1
    else:
        packed += b"garbage"
    with pytest.raises(InputError, match=r"a\.csv\.gz: the gzip file is damaged or cut short"):
        unpack.unpack(bytes(packed), "a.csv.gz")


def test_zip_archives() -> None:
    mac = [
        ("__MACOSX/data/._rows.csv", b"x"),
        ("data/.DS_Store", b"x"),
        ("data/", b""),
        ("data/rows.csv", b"a,b\n1,2\n"),
    ]
    unpacked = unpack.unpack(zipped(*mac), "a.zip")
    assert (unpacked.raw, unpacked.notes) == (b"a,b\n1,2\n", ("Read from the zip archive: data/rows.csv.",))
    with pytest.raises(InputError, match=r"a\.zip: .* one file, received one of 7: 0\.csv, .*4\.csv, …\. Unpack it"):
        unpack.unpack(zipped(*((f"{k}.csv", b"a") for k in range(7))), "a.zip")
    with pytest.raises(InputError, match=r"a\.zip: .* it holds none"):
        unpack.unpack(zipped(), "a.zip")
    locked = bytearray(zipped(("rows.csv", b"a")))
    for start in (locked.index(b"PK\3\4") + 6, locked.index(b"PK\1\2") + 8):
        locked[start] |= 1
    with pytest.raises(InputError, match=r"a\.zip: its rows\.csv is locked with a password"):
        unpack.unpack(bytes(locked), "a.zip")
    workbook = zipped(("[Content_Types].xml", b""), ("xl/workbook.xml", b""))
    assert unpack.unpack(workbook, "a.xlsx").raw is workbook
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("rows.csv"))
    with pytest.raises(InputError, match="a tar archive"):
        unpack.unpack(file.getvalue(), "a.tar.gz")


def test_an_excel_workbook_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(zipped(("[Content_Types].xml", b""), ("xl/workbook.xml", b"")))
    with pytest.raises(InputError, match="Excel"):
        read_source(tmp_path / "a.csv")


@pytest.mark.parametrize("kind", ["gzip", "xz", "Zstandard", "zip"])
def test_a_bomb_ends_early(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "SUSPICIOUS", (2**24, 500))
    packed = PACK[kind](b"a" * 2**26)
    with pytest.raises(InputError, match=r"bomb: [\d,]+ bytes of it unpack to [\d,]+, as those of .* malicious"):
        unpack.unpack(packed, "bomb")


def test_a_large_bomb_takes_little_memory(tmp_path: Path) -> None:
    (tmp_path / "bomb.csv.gz").write_bytes(bomb(600 * 2**20))
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    with pytest.raises(InputError, match=r"bomb.csv.gz: [\d,]+ bytes of it unpack to [\d,]+, as those of .* malicious"):
        read_source(tmp_path / "bomb.csv.gz")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20, "KiB: less than 1 GiB"
    assert time.perf_counter() - began < 60


def test_no_more_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "available_memory", lambda: 2**20)
    with pytest.raises(InputError, match=r"a\.csv\.gz: it unpacks to more than 0\.0 GiB"):
        unpack.unpack(gzip.compress(TEXT.encode()), "a.csv.gz")


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
