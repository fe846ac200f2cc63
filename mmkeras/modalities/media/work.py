"""The work of the processes that read files, on a chunk of cells at a time, without TensorFlow."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from mmkeras.errors import BadCell
from mmkeras.features.cache import KEY_BYTES, write_rows
from mmkeras.modalities import files_of
from mmkeras.modalities.media.paths import MediaRoot, find_media, shorten

BLOCK: Final = 1 << 20  # bytes of a file that are in memory while it is hashed
LARGEST_HASHED: Final = 2**30  # bytes


def fill_rows(kind: str, spec: Any, root: MediaRoot, folder: Path, first: int, cells: Sequence[str]) -> list[str]:
    """Write the features of a chunk of cells into the arrays of a folder -> the fault of each cell, "" for none.

    first: the number of the chunk's first cell.
    """
    rows: list[dict[str, Any]] = []
    faults = []
    for cell in cells:
        try:
            rows.append(features_of(cell, kind, spec, root))
            faults.append("")
        except BadCell as error:
            rows.append({})
            faults.append(str(error))
        except MemoryError:
            rows.append({})
            faults.append(f"{shorten(cell)}: decoding it takes more memory than is available.")
    write_rows(folder, first, {name: [row.get(name) for row in rows] for name in files_of(kind).shapes(spec, 0)})
    return faults


def features_of(cell: str, kind: str, spec: Any, root: MediaRoot) -> dict[str, Any]:
    """One cell's row of each array. Raises BadCell."""
    return files_of(kind).read_features(cell, spec, root)


def hash_files(root: MediaRoot, first: int, cells: Sequence[str]) -> list[bytes]:
    """The hashes of the files of a chunk of cells, 16 bytes each; for an absent file, that of the error's message."""
    return [_hash_file(cell, root) for cell in cells]


def _hash_file(cell: str, root: MediaRoot) -> bytes:
    try:
        path = find_media(cell, root)
        return _hash(_blocks(path)) if path else bytes(KEY_BYTES)  # a data URI is hashed as the cell's text
    except (BadCell, OSError) as error:
        return _hash([b"bad", str(error).encode("utf-8", "surrogatepass")])


def _blocks(path: Path) -> Iterable[bytes]:
    """A file's bytes; of a file too large for a picture or a clip, its size and its first block."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > LARGEST_HASHED:
            yield size.to_bytes(8, "little") + file.read(BLOCK)
            return
        while block := file.read(BLOCK):
            yield block


def _hash(blocks: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b(digest_size=KEY_BYTES)
    for block in blocks:
        digest.update(block)
    return digest.digest()
