"""Pictures and clips as a page shows them: small, inside it, within a budget. Pillow, soundfile and NumPy alone."""

from __future__ import annotations

import base64
import functools
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.errors import BadCell
from mmkeras.modalities.audio.spec import AudioRule
from mmkeras.modalities.media.paths import MediaRoot, shorten

THUMBNAIL: Final = 160
"""Pixels of a picture's longer side, at most."""
SPECTROGRAM: Final = (280, 84)
"""Pixels of a spectrogram: width of the longest clip that the model hears, height."""
DYNAMIC_RANGE: Final = 80.0
"""Decibels below the loudest that are black."""
LONGEST_PLAYED: Final = 10.0
"""Seconds of a clip that can be listened to."""
PAGE_BYTES: Final = 6_000_000
"""Characters of all media of a page; with the texts of the mistakes, which have a limit too, it is under 10 MB."""
KEPT_FOR_PICTURES: Final = 2_500_000
"""Of these, what sound may not take."""


@dataclass
class Room:
    """How many characters of media the page may still take."""

    left: int = PAGE_BYTES


def media_root(config: dict[str, Any], path: str) -> MediaRoot:
    """Where the paths in a file's cells begin, as training has it."""
    return MediaRoot(config.get("media_root") or str(Path(path).parent), bool(config.get("allow_outside")))


def show(cell: str, entry: dict[str, Any], root: MediaRoot, room: Room) -> dict[str, Any]:
    """What to show of a cell that names a picture or a clip.

    entry: the input's part of schema.json. Returns `path` and, as they can be had, `picture` (an image's data URI with
    `width` and `height` to show it at), `sound` (a clip's), `length` (words), `gone` (why nothing can be shown).
    """
    shown: dict[str, Any] = {"path": shorten(cell.strip())}
    if not cell.strip():
        return shown
    try:
        found = READERS[entry["kind"]](cell, entry, root, room)
    except BadCell as error:
        return shown | {"gone": f"It cannot be shown any more: {error}"}
    except (OSError, ImportError) as error:  # a page made again where there is no libsndfile
        return shown | {"gone": f"It cannot be shown here: {error}"}
    return shown | found


def show_image(cell: str, entry: dict[str, Any], root: MediaRoot, room: Room) -> dict[str, Any]:
    """A picture as a thumbnail."""
    from mmkeras.modalities.image.cells import read_image

    image, kind = thumbnail(read_image(cell, root))
    return _picture(image, kind, room)


def show_clip(cell: str, entry: dict[str, Any], root: MediaRoot, room: Room) -> dict[str, Any]:
    """What the model hears of a clip: its spectrogram, and the sound itself where it is short and there is room."""
    from mmkeras.modalities.audio.cells import clip_seconds, read_clip

    rule = AudioRule(**entry["rule"])
    samples = read_clip(cell, root, rule)
    whole, heard = clip_seconds(cell, root), len(samples) / rule.rate
    length = f"{whole:.2f} s" if whole < heard + 0.05 else f"the first {heard:g} of {whole:.2f} s"
    shown = {"length": length, **_picture(spectrogram(samples, rule), "png", room)}
    if heard <= LONGEST_PLAYED:
        sound = encode_sound(samples, rule.rate)
        uri = f"data:audio/flac;base64,{base64.b64encode(sound).decode()}" if sound else ""
        if uri and len(uri) <= room.left - KEPT_FOR_PICTURES:
            room.left -= len(uri)
            shown["sound"] = uri
    return shown


READERS: Final = {"image": show_image, "audio": show_clip}


def thumbnail(pixels: np.ndarray) -> tuple[bytes, str]:
    """Uint8 [height, width, 3] -> an image file of THUMBNAIL pixels at most, and its kind: png or jpeg, the smaller."""
    from PIL import Image

    image = Image.fromarray(pixels)
    image.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    files = []
    for kind, options in (("png", {"optimize": True}), ("jpeg", {"quality": 82})):
        file = io.BytesIO()
        image.save(file, kind, **options)
        files.append((file.getvalue(), kind))
    return min(files, key=lambda found: len(found[0]))


def spectrogram(samples: np.ndarray, rule: AudioRule) -> bytes:
    """A clip, float32 [n], -> a png of its log-mel: time to the right, high tones above, the louder the brighter."""
    from PIL import Image

    from mmkeras.modalities.audio.spectrum import log_mel

    sounding = min(rule.n_frames, max(1, -(-len(samples) // rule.hop)))
    levels = log_mel(samples, rule)[:sounding].T[::-1]  # [frames, mels] -> [mels, frames], high bands first
    nats = DYNAMIC_RANGE * np.log(10) / 10  # of power
    shades = np.clip((levels - levels.max()) / nats + 1, 0, 1) if np.ptp(levels) else np.zeros_like(levels)
    image = Image.fromarray((shades * 255).astype("uint8"))
    width = max(12, round(SPECTROGRAM[0] * sounding / rule.n_frames))
    image = image.resize((width, SPECTROGRAM[1]), Image.Resampling.BILINEAR)
    image.putpalette(_palette())
    file = io.BytesIO()
    image.save(file, "png", optimize=True)
    return file.getvalue()


@functools.cache
def _palette() -> bytes:
    """256 colours from black to bright, each brighter than the one before."""
    import matplotlib

    return bytes(matplotlib.colormaps["magma"](np.arange(256), bytes=True)[:, :3].tobytes())


def encode_sound(samples: np.ndarray, rate: int) -> bytes:
    """Samples as the model hears them, float32 [n] -> a flac file of 16 bits; b"" where none can be made."""
    import soundfile

    file = io.BytesIO()
    try:
        soundfile.write(file, samples / max(1.0, float(np.abs(samples).max(initial=0))), rate, "PCM_16", format="FLAC")
    except soundfile.SoundFileError:
        return b""
    return file.getvalue()


def _picture(image: bytes, kind: str, room: Room) -> dict[str, Any]:
    """An image file as a data URI, if there is room, with the size to show it at: tiny ones are enlarged."""
    from PIL import Image

    uri = f"data:image/{kind};base64,{base64.b64encode(image).decode()}"
    if len(uri) > room.left:
        return {"gone": "The page is full: no more pictures are put into it."}
    room.left -= len(uri)
    with Image.open(io.BytesIO(image)) as opened:
        width, height = opened.size
    scale = max(1, THUMBNAIL // max(width, height))
    return {"picture": uri, "width": width * scale, "height": height * scale, "enlarged": scale > 1}
