"""Make data/multimodal: a made-up shop, where a note, a photo, a clip and a price each tell a quarter of the label.

    python -m mmkeras.examples.multimodal [--rows 2000] [--seed 0] [--missing 0] [--output FOLDER] [--overwrite]

A label such as round-rising-happy-cheap is four words, one from each input, all equally often and independent: the sign
in the photo is round or spiky, the sound in the clip rises or falls, the note praises or complains, the price is low or
high. There are 16 labels, so the best that one input allows is 1/8 right, two 1/4, three 1/2, all four everything, and
guessing 1/16. `reply` is a sentence to generate: it follows from note, photo and clip, so it is no input for `label`.

The folder holds multimodal.csv, images/*.png and audio/*.wav. Seed and versions of the libraries fix every byte.
"""

from __future__ import annotations

import argparse
import csv
import filecmp
import io
import itertools
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from PIL import Image, ImageDraw

from mmkeras.system.progress import Log

SHAPES: Final = ("round", "spiky")
GLIDES: Final = ("rising", "falling")
MOODS: Final = ("happy", "unhappy")
COSTS: Final = ("cheap", "costly")
LABELS: Final = tuple(itertools.product(SHAPES, GLIDES, MOODS, COSTS))
COLUMNS: Final = ("note", "photo", "clip", "price", "label", "reply")
N_ROWS: Final = 2000
DEFAULT: Final = Path("data/multimodal")
N_INPUTS: Final = 4
"""The first columns: those that --missing empties."""
LICENCE: Final = "Every word, picture and sound is made by this script; the files are under its licence, Apache-2.0."

SIDE: Final = 48  # pixels
FINE: Final = 4  # signs are drawn this much larger, then shrunk: smooth edges
RATE: Final = 8000  # Hz

COLOURS: Final = {
    "red": (225, 70, 60),
    "yellow": (230, 205, 60),
    "green": (60, 190, 90),
    "blue": (80, 130, 235),
    "purple": (175, 95, 210),
}


def phrases(text: str) -> list[str]:
    """What stands between the bars."""
    return text.split("|")


GOODS: Final = phrases(
    "kettle|lamp|toaster|radio|clock|chair|table|mirror|blanket|pillow|backpack|wallet|watch|camera|keyboard|mouse|"
    "monitor|printer|speaker|headset|jacket|scarf|sweater|raincoat|bicycle|tent|bottle|lunchbox|teapot|suitcase"
)
WHEN: Final = phrases(
    "last week|in May|on Monday|two months ago|for the kitchen|for my flat|before the holidays|on the way home|"
    "at the station|after work|for the office|a year ago|during the sale|by post|in town|for our trip"
)
WHO: Final = phrases("I|we|my sister|our neighbour|a colleague|my uncle|a friend|my flatmate|our teacher|his brother")
WORDS: Final = {
    "happy": phrases(
        "lovely|wonderful|splendid|brilliant|superb|great|delightful|fantastic|perfect|marvellous|first-class|"
        "terrific|flawless|charming|well-made|beautiful|reliable|handy|sturdy|comfortable"
    ),
    "unhappy": phrases(
        "dreadful|terrible|horrible|poor|shoddy|disappointing|lousy|faulty|useless|miserable|second-rate|"
        "worthless|broken|flimsy|badly-made|dismal|noisy|clumsy|wobbly|painful"
    ),
}
VERDICTS: Final = {
    "happy": phrases(
        "it never fails|I would buy it again|everybody should have one|it does all it promises|thank you so much|"
        "it makes me smile|I recommend it|no complaints at all|it beats the old one|it is a pleasure to use"
    ),
    "unhappy": phrases(
        "it never works|I would not buy it again|nobody should have one|it fell apart|I want my money back|"
        "it makes me angry|I regret it|it stopped at once|the old one was better|it is a nuisance to use"
    ),
}
NOTES: Final = (
    "The {thing} that {who} bought {when} is {word}: {verdict}.",
    "It is {word}, this {thing}, and {verdict}. {who} bought it {when}.",
    "The {thing} was ordered {when}, {who} tried it first; {word} is what I call it, and {verdict}.",
    "A {word} {thing}! {who} ordered it {when}, and {verdict}.",
    "{when} {who} opened the box: a {word} {thing}, {verdict}.",
)


def make_note(rng: np.random.Generator, mood: str) -> tuple[str, str]:
    """A sentence or two that praise or complain, and the thing they are about."""
    thing = str(rng.choice(GOODS))
    who, when = rng.choice(WHO), rng.choice(WHEN)
    word, verdict = rng.choice(WORDS[mood]), rng.choice(VERDICTS[mood])
    note = str(rng.choice(NOTES)).format(thing=thing, who=who, when=when, word=word, verdict=verdict)
    return re.sub(r"(^|[.!] )[a-z]", lambda start: start[0].upper(), note), thing


def make_price(rng: np.random.Generator, cost: str) -> str:
    """Log-normal around 8 or 50, without the outer 5 %: none lies between 15 and 27."""
    spread = 3.0
    while abs(spread) > 2.0:
        spread = rng.standard_normal()
    return f"{(8.0 if cost == 'cheap' else 50.0) * 1.35**spread:.2f}"


def outline(rng: np.random.Generator, shape: str) -> np.ndarray:
    """The corners of an ellipse, a triangle or a star of four to six points, at any angle: [n, 2], area 1."""
    if shape == "round":
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        corners = np.stack([np.cos(angles), rng.uniform(0.75, 1.0) * np.sin(angles)], axis=1)
    else:
        points = rng.integers(3, 7)
        angles = np.linspace(0, 2 * np.pi, 2 * points, endpoint=False)
        radii = np.tile([1.0, 0.5], points)  # of points and notches; a triangle's notches lie on its sides
        corners = radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    x, y = corners.T
    area = 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))
    cos, sin = np.cos(turn := rng.uniform(0, 2 * np.pi)), np.sin(turn)
    return np.asarray(corners @ [[cos, sin], [-sin, cos]] / np.sqrt(area))


def make_photo(rng: np.random.Generator, shape: str, colour: str) -> bytes:
    """A PNG of a sign, full or hollow, on dark grain. Where, how large and how bright says nothing about its shape."""
    corners = outline(rng, shape) * rng.uniform(0.36, 0.46) * SIDE
    centre = SIDE * rng.uniform(0.42, 0.58, 2)
    stencil = Image.new("L", (SIDE * FINE, SIDE * FINE))
    for scale, ink in [(1.0, 255), (0.4, 0)][: rng.integers(1, 3)]:
        ImageDraw.Draw(stencil).polygon([tuple(corner) for corner in (centre + scale * corners) * FINE], fill=ink)
    share = np.asarray(stencil.reduce(FINE))[..., None] / 255.0  # [48, 48, 1]
    ground = rng.uniform(15, 75) + rng.uniform(-12, 12, 3)
    paint = COLOURS[colour] + rng.uniform(-20, 20, 3)
    grain = rng.normal(0, rng.uniform(2, 10), (SIDE, SIDE, 1))
    pixels = (ground + share * (paint - ground) + grain).clip(0, 255).astype("uint8")  # [48, 48, 3]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=0)  # else a larger file would mean a spiky sign
    return file.getvalue()


def make_clip(rng: np.random.Generator, glide: str) -> bytes:
    """A wav of a tone with an overtone that glides up or down in noise; backwards, one is the other."""
    moment = np.linspace(-0.5, 0.5, int(rng.uniform(0.5, 1.0) * RATE))  # [n]
    octaves = rng.uniform(0.8, 1.6) * (1 if glide == "rising" else -1)
    hertz = rng.uniform(350, 900) * 2 ** (octaves * moment)  # at most 1,570, the overtone 3,140
    phase = 2 * np.pi * (hertz.cumsum() / RATE + rng.uniform())
    overtone = rng.uniform(0, 0.8)
    tone = (np.sin(phase) + overtone * np.sin(2 * phase)) / (1 + overtone) * np.minimum(1, 10 - 20 * np.abs(moment))
    noise = 10 ** rng.uniform(-2.0, -1.0) * rng.standard_normal(len(moment))
    file = io.BytesIO()
    # 16-bit: into a wav of floats libsndfile writes the time of day
    soundfile.write(file, 10 ** rng.uniform(-1.3, -0.3) * (tone + noise), RATE, format="WAV", subtype="PCM_16")
    return file.getvalue()


def make_rows(n_rows: int, seed: int, missing: float) -> Iterator[tuple[dict[str, str], dict[str, bytes]]]:
    """The cells of each row by column, and the files that they name by path.

    missing: share of input cells to leave empty; every row keeps one. The other cells stay as they are without it.
    """
    order, gaps, *rows = np.random.default_rng(seed).spawn(2 + n_rows)
    empty = gaps.random((n_rows, N_INPUTS)) < missing
    bare = np.flatnonzero(empty.all(axis=1))
    empty[bare, gaps.integers(N_INPUTS, size=len(bare))] = False
    for i, (k, rng) in enumerate(zip(order.permutation(n_rows) % len(LABELS), rows, strict=True)):
        shape, glide, mood, cost = LABELS[k]
        note, thing = make_note(rng, mood)
        colour = str(rng.choice(list(COLOURS)))
        files = {f"images/{i:05}.png": make_photo(rng, shape, colour), f"audio/{i:05}.wav": make_clip(rng, glide)}
        start = "Glad that you like" if mood == "happy" else "Sorry about"
        reply = f"{start} the {thing} with the {shape} {colour} sign and the {glide} sound."
        cells = dict(zip(COLUMNS, (note, *files, make_price(rng, cost), "-".join(LABELS[k]), reply), strict=True))
        cells |= {COLUMNS[j]: "" for j in np.flatnonzero(empty[i])}
        yield cells, {path: data for path, data in files.items() if path in cells.values()}


def write_folder(folder: Path, n_rows: int, seed: int, missing: float) -> None:
    """Write the CSV, UTF-8 with LF line ends, and the files that it names."""
    for name in ("images", "audio"):
        (folder / name).mkdir(parents=True)
    with (folder / "multimodal.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for cells, files in make_rows(n_rows, seed, missing):
            writer.writerow(cells)
            for path, data in files.items():
                (folder / path).write_bytes(data)


def paths_in(folder: Path) -> list[str]:
    """What lies in a folder and its folders, as sorted relative paths."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def put_in_place(made: Path, output: Path, overwrite: bool) -> None:
    """Rename the folder `made` to `output`, unless the same is there. Raises FileExistsError if it may not."""
    if not output.exists():
        made.replace(output)
        return
    there = paths_in(output) if output.is_dir() else ["a file of this name"]
    files = [path for path in paths_in(made) if (made / path).is_file()]
    if there == paths_in(made) and filecmp.cmpfiles(made, output, files, shallow=False)[0] == files:
        return
    ours = re.compile(r"multimodal\.csv|images(/\d+\.png)?|audio(/\d+\.wav)?")
    foreign = next((path for path in there if not ours.fullmatch(path)), None)
    if foreign:
        raise FileExistsError(f"{output}: {foreign} is there, which was not made here. Give another folder: --output.")
    if there and not overwrite:
        raise FileExistsError(f"{output}: another set is there. Give --overwrite to replace it.")
    old = made.with_suffix(".old")
    output.replace(old)
    made.replace(output)
    shutil.rmtree(old)


def make(
    table: Path, overwrite: bool = False, log: Log = print, n_rows: int = N_ROWS, seed: int = 0, missing: float = 0.0
) -> None:
    """Write the table's folder and log what is in it. Raises OSError when it cannot be written.

    table: multimodal.csv in that folder. missing: share of the input cells that are left empty.
    """
    output = table.parent.resolve()
    made = output.with_name(f"{output.name}.{os.getpid()}.partial")
    try:
        write_folder(made, n_rows, seed, missing)
        n_bytes = sum(path.stat().st_size for path in made.rglob("*.*"))
        put_in_place(made, output, overwrite)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    log(f"{table}: {n_rows:,} rows, {len(LABELS)} labels, {n_bytes / 1e6:.1f} MB with images and audio")
    log("\n".join(table.read_text(encoding="utf-8").splitlines()[:3]))
    log(LICENCE)


def main(arguments: list[str] | None = None, default: Path = DEFAULT) -> int:
    """`make` for a command line. default: of --output. Returns the exit code: 2 when it cannot be written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=N_ROWS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--missing", type=float, default=0.0, metavar="SHARE", help="share of input cells left empty")
    parser.add_argument("--output", type=Path, default=default, help="a folder")
    parser.add_argument("--overwrite", action="store_true", help="replace a different set at --output")
    options = parser.parse_args(arguments)
    if options.rows < len(LABELS):
        parser.error(f"--rows {options.rows}: expected at least {len(LABELS)}, one for each label.")
    if options.seed < 0:
        parser.error(f"--seed {options.seed}: expected 0 or more.")
    if not 0 <= options.missing < 1:
        parser.error(f"--missing {options.missing:g}: expected a share from 0 up to, but not including, 1.")
    table = options.output / "multimodal.csv"
    try:
        make(table, options.overwrite, print, options.rows, options.seed, options.missing)
    except OSError as error:
        print(f"make_multimodal: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
