"""Good pictures and clips, and all that may be wrong with a file of one."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from mmkeras.modalities.audio.spec import audio_spec
from mmkeras.modalities.image.spec import ImageSpec

IMAGES = ImageSpec(16)
CLIPS = audio_spec(8000, 0.25)


def picture(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (20, 24, 3), "uint8")


def clip(number: int, seconds: float = 0.2) -> np.ndarray:
    return (np.random.default_rng(number).standard_normal(round(8000 * seconds)) * 0.1).astype("float32")


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()


def huge_png() -> bytes:
    """The header of a PNG of 60,000 x 60,000 pixels, and next to nothing behind it."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def write_long_wav(path: Path) -> None:
    """Three hours of 16-bit stereo at 44.1 kHz, 1.9 GB, none of which takes room on the disk."""
    size = 3 * 3600 * 44_100 * 4
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 2, 44_100, 176_400, 4, 16, b"data", size
    )
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)


def write_media(tmp_path: Path) -> Path:
    """Good files, and all that may be wrong with one."""
    root = tmp_path / "media"
    (root / "folder.png").mkdir(parents=True)
    for k in range(6):
        (root / f"{k}.png").write_bytes(encoded(picture(k)))
        soundfile.write(root / f"{k}.wav", clip(k, 0.1 + 0.05 * k), 8000)
    (root / "cut.jpg").write_bytes(encoded(np.zeros((200, 200, 3), "uint8") + picture(0)[0, 0], "JPEG")[:900])
    (root / "text.png").write_text("not a picture", encoding="utf-8")
    (root / "huge.png").write_bytes(huge_png())
    (root / "zero.wav").write_bytes(b"")
    (root / "text.wav").write_text("not a clip", encoding="utf-8")
    write_long_wav(root / "long.wav")
    (tmp_path / "secret.png").write_bytes(encoded(picture(9)))
    return root


BAD_IMAGES = {
    "cut.jpg": "cut.jpg: the image is damaged or cut short",
    "text.png": "text.png: expected a JPEG, PNG, WebP, GIF or BMP image, received a file that begins with b'not a pict",
    "huge.png": "huge.png: the image (is 60,000 x 60,000|says that it has 3,600,000,000)",
    "absent.png": "there is no file .*absent.png",
    "folder.png": "folder.png is a folder",
    "../secret.png": "../secret.png lies outside",
    "https://a.org/b.png": "https://a.org/b.png is a web address",
}


BAD_CLIPS = {
    "zero.wav": "zero.wav is empty \\(0 bytes\\)",
    "text.wav": "text.wav: expected audio",
    "long.wav": "long.wav: 10800 seconds long; the longest allowed is 600\\.$",
    "absent.wav": "there is no file .*absent.wav",
    "folder.png": "folder.png is a folder",
}
