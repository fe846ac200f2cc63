"""Audio cells -> samples. soundfile, SciPy and NumPy alone: processes that read files in parallel start fast."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import BadCell
from mmkeras.graph import InputSpec
from mmkeras.modalities.audio.decode import Decoder, audio_seconds, decode_audio, pad_clips
from mmkeras.modalities.audio.spec import AudioSpec, audio_spec
from mmkeras.modalities.media.paths import MediaRoot, find_media, read_media, shorten

MAX_BYTES: Final = 2**27
"""134 MB, of a data URI, which is in memory as a whole; a file is read only as far as the clip needs."""


def read_clip(cell: str | bytes, root: MediaRoot, spec: AudioSpec, native: Decoder | None = None) -> np.ndarray:
    """The clip that a cell names, at the rate of `spec`: float32 [n], n <= spec.n_samples, without padding.

    cell: a path or data URI; or the bytes of a file.
    native: `tfio.native_decoder()`, where tensorflow-io is installed. Its samples equal those of soundfile, so features
    do not depend on it.
    Raises BadCell, a sentence with the path and the fault.
    """
    source = cell if isinstance(cell, bytes) else _source(cell, root)
    try:
        return decode_audio(source, spec.rate, spec.seconds, native=native)
    except BadCell as error:
        raise _named(cell, error) from None


def clip_seconds(cell: str, root: MediaRoot) -> float:
    """The duration of the clip that a cell names, from the file's header alone. Raises BadCell as `read_clip` does."""
    source = _source(cell, root)
    try:
        return audio_seconds(source)
    except BadCell as error:
        raise _named(cell, error) from None


def _source(cell: str, root: MediaRoot) -> bytes | Path:
    """A file's path, so that a long file is not read as a whole; a data URI's bytes."""
    path = find_media(cell, root)
    return path if path is not None else read_media(cell, Path(root.folder), root.allow_outside, MAX_BYTES)


def _named(cell: str | bytes, error: BadCell) -> BadCell:
    if isinstance(cell, bytes):
        return error
    return BadCell(f"{shorten(cell.strip())}: {str(error).rstrip('.')}.")


def read(cell: str | bytes | np.ndarray, input_spec: InputSpec, root: MediaRoot) -> np.ndarray | None:
    """A clip's samples at the model's rate; None for an empty cell. cell: a path or data URI; or in memory.

    In memory: the bytes of a file, see objects.py; or samples that were read already.
    """
    if isinstance(cell, np.ndarray):
        return cell
    return read_clip(cell, root, audio_spec(input_spec["rate"], input_spec["seconds"])) if cell.strip() else None


sample = read


def stack(values: Sequence[Any], input_spec: InputSpec) -> np.ndarray:
    """float32 [b, n_samples], zero-padded."""
    silence = np.zeros(0, "float32")
    return pad_clips([silence if value is None else value for value in values], input_spec["shape"][1])
