"""A tiny table of every kind of column: notes, pictures, clips, prices and brands, and targets of every task."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import small_runs
import soundfile
from PIL import Image

RATE, SECONDS, SIDE = 4000, 0.3, 28
LABELS = ("high", "low")
INPUTS = ("note", "photo", "clip", "price", "brand")  # and their names in the graph
KINDS = dict(zip(INPUTS, ("text", "image", "audio", "number", "category"), strict=True))
COLUMNS = [part for name in INPUTS for part in (f"--{KINDS[name]}", name)]
_SIZES = {"width": 16, "depth": 1, "image-size": 16, "audio-rate": RATE, "mels": 16, "max-bytes": 96, "min-rows": 1}
SIZES = [part for name, size in _SIZES.items() for part in (f"--{name}", str(size))]
FLAGS = [*COLUMNS, *SIZES]


def picture(number: int, label: str) -> Image.Image:
    """A bright or a dark picture, with one bright pixel whose place depends on the number."""
    pixels = np.full((SIDE, SIDE, 3), 200 if label == "high" else 60, "uint8")
    pixels[number % SIDE, number * 7 % SIDE] = 255
    return Image.fromarray(pixels)


def clip(number: int, label: str) -> np.ndarray:
    """A high or a low tone, float32 [n]."""
    time = np.arange(round(RATE * (SECONDS - 0.01 * (number % 5)))) / RATE
    return (0.5 * np.sin(2 * np.pi * (1200 if label == "high" else 300) * time)).astype("float32")


def write_media(folder: Path, number: int, label: str) -> tuple[str, str]:
    """One picture and one clip, as PNG and wav. Returns their paths as cells have them."""
    for name in ("pictures", "clips"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    picture(number, label).save(folder / f"pictures/{number}.png")
    soundfile.write(folder / f"clips/{number}.wav", clip(number, label), RATE, subtype="PCM_16")
    return f"pictures/{number}.png", f"clips/{number}.wav"


def rows(folder: Path, count: int = 60, missing: bool = True) -> list[dict[str, str]]:
    """Rows whose every input determines the label; `missing`: every sixth row lacks a cell. Media are written too."""
    table = []
    for k in range(count):
        label = LABELS[k % 2]
        photo, sound = write_media(folder, k, label)
        row = {
            "note": f"a {label} thing, number {k}",
            "photo": photo,
            "clip": sound,
            "price": f"{(10 if label == 'high' else 1) + 0.1 * (k % 7):.2f}",
            "brand": f"{label[0]}-brand {k % 3}",
            "label": label,
            "tags": "|".join(["new"] * (k % 3 == 0) + [label]),
            "weight": f"{2.5 * (k % 2) + 0.01 * k:.3f}",
            "width": f"{100 - 50 * (k % 2) + k}",
        }
        if missing and k % 6 == 5:
            row[INPUTS[k // 6 % len(INPUTS)]] = ""
        table.append(row)
    return table


def write(folder: Path, count: int = 60, missing: bool = True, name: str = "mix.csv") -> Path:
    """The table as a CSV, its media beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    return small_runs.write_rows(folder / name, rows(folder, count, missing))


def file_of(image: Image.Image, kind: str, **options: int) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
