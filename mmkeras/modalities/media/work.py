"""What is done with some cells of an image or audio column at a time, in a process of its own, without TensorFlow."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from mmkeras.errors import BadCell
from mmkeras.features.cache import KEY_BYTES, Shapes, write_rows
from mmkeras.modalities.audio import tfio
from mmkeras.modalities.audio.cells import clip_seconds, read_clip
from mmkeras.modalities.audio.spec import AudioRule
from mmkeras.modalities.audio.spectrum import log_mel, valid_frames
from mmkeras.modalities.image.cells import read_image
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.image.spec import ImageRule
from mmkeras.modalities.media.paths import MediaRoot, find_media, shorten

Rule = ImageRule | AudioRule

BLOCK: Final = 1 << 20  # bytes of a file that are in memory while it is hashed
LARGEST_HASHED: Final = 2**30  # bytes


def shapes_of(rule: Rule, n: int) -> Shapes:
    """The arrays of n distinct cells."""
    if isinstance(rule, ImageRule):
        return {"pixels": ((n, rule.size, rule.size, 3), "uint8")}
    return {"log_mel": ((n, rule.n_frames, rule.mels), "float32"), "frames": ((n,), "int32")}


def fill_rows(rule: Rule, root: MediaRoot, folder: Path, first: int, cells: Sequence[str]) -> list[str]:
    """Work: write the features of some cells into the arrays of a folder -> what is wrong with each, "" if nothing."""
    rows: list[dict[str, Any]] = []
    faults = []
    for cell in cells:
        try:
            rows.append(features_of(cell, rule, root))
            faults.append("")
        except BadCell as error:
            rows.append({})
            faults.append(str(error))
        except MemoryError:
            rows.append({})
            faults.append(f"{shorten(cell)}: decoding it takes more memory than there is.")
    write_rows(folder, first, {name: [row.get(name) for row in rows] for name in shapes_of(rule, 0)})
    return faults


def features_of(cell: str, rule: Rule, root: MediaRoot) -> dict[str, Any]:
    """One row of each array. Raises BadCell."""
    if isinstance(rule, ImageRule):
        return {"pixels": resize_pixels(read_image(cell, root), rule.size)}
    clip = read_clip(cell, root, rule, native_decoder())
    return {"log_mel": log_mel(clip, rule), "frames": valid_frames(clip, rule)}


@functools.cache
def native_decoder() -> Any:
    """tensorflow-io's decoder, where it is installed and its native part loads; else None, and soundfile does it all.

    It brings TensorFlow into this process, which takes seconds: only who has installed it pays for it.
    """
    return tfio.native_decoder() if tfio.is_installed() else None


def measure_clips(root: MediaRoot, first: int, cells: Sequence[str]) -> list[float]:
    """Work: the seconds of some clips, 0.0 where one cannot be read."""

    def seconds(cell: str) -> float:
        try:
            return clip_seconds(cell, root)
        except BadCell:
            return 0.0

    return [seconds(cell) for cell in cells]


def hash_files(root: MediaRoot, first: int, cells: Sequence[str]) -> list[bytes]:
    """Work: what the files of some cells hold, as 16 bytes each; of one that is not there, why."""
    return [_hash_file(cell, root) for cell in cells]


def _hash_file(cell: str, root: MediaRoot) -> bytes:
    try:
        path = find_media(cell, root)
        return _hash(_blocks(path)) if path else bytes(KEY_BYTES)  # a data URI's text says all
    except (BadCell, OSError) as error:
        return _hash([b"bad", str(error).encode("utf-8", "surrogatepass")])


def _blocks(path: Path) -> Iterable[bytes]:
    """A file's bytes; of one so large that it is hardly a picture or a clip, its size and its beginning."""
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
