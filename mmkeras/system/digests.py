"""SHA-256 of files and of JSON: what was written is told from what was damaged or changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from mmkeras.system.contained import contained

SEAL: Final = "sha256"
"""The key of a JSON object with the digest of all its other keys."""
CHUNK: Final = 2**20


def file_digest(path: str | Path, n_bytes: int | None = None) -> str:
    """SHA-256 of a file, or of its first `n_bytes`."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(CHUNK if n_bytes is None else min(CHUNK, n_bytes)):
            digest.update(part)
            n_bytes = n_bytes if n_bytes is None else n_bytes - len(part)
    return digest.hexdigest()


def bytes_digest(content: bytes) -> str:
    """SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def json_digest(value: Any) -> str:
    """SHA-256 of a JSON value, whatever the order of its keys and the spaces of its file."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return bytes_digest(text.encode())


def sealed(value: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its seal."""
    content = {key: part for key, part in value.items() if key != SEAL}
    return {**content, SEAL: json_digest(content)}


def is_intact(value: Mapping[str, Any]) -> bool:
    """Is an object as it was sealed? One without a seal counts as intact: it was written before there were seals."""
    return SEAL not in value or value[SEAL] == sealed(value)[SEAL]


def digests_of(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """Path in the folder -> SHA-256, of the files among `paths` and of those in the folders among them."""
    files = sorted({file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])})
    return {file.relative_to(folder).as_posix(): file_digest(file) for file in files if file.is_file()}


def changed_files(folder: Path, digests: Mapping[str, str], source: str | Path) -> list[str]:
    """The files that are other than their digests say; absent ones are not among them.

    Raises InputError for a path outside the folder, which is not read. source: where the digests stand.
    """
    paths = {name: contained(folder, name, source) for name in digests}
    return [name for name, path in paths.items() if path.is_file() and file_digest(path) != digests[name]]
