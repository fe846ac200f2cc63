"""A picture of a report, as a browser shows it: docs/report.png is made by the command below. Needs Chromium, Pillow.

    mmkeras train --example multimodal                                  # its data is our own generator's
    python -m benchmarks.report_picture runs/multimodal --output docs/report.png

Beside the top of the page on a screen stands its top on a phone, 390 pixels wide.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from mmkeras.report.page import write_report

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome")
SCREEN, PHONE, GAP = 1100, 390, 24
COLOURS = 64  # of the palette: a page is few colours, and a picture of all of them takes three times the bytes


def shown(page: Path, width: int, height: int, folder: Path) -> Image.Image:
    """The page in a window of that size."""
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        sys.exit(f"There is no browser here, none of {', '.join(NAMES)}: apt-get install chromium-headless-shell")
    picture = folder / f"{width}.png"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
    window = [f"--user-data-dir={folder}/profile", f"--window-size={width},{height}", f"--screenshot={picture}"]
    subprocess.run([browser, *flags, *window, page.resolve().as_uri()], check=True, capture_output=True, timeout=120)
    with Image.open(picture) as image:
        return image.convert("RGB")


def main() -> None:
    """Write the report of a run again, and a picture of it."""
    parser = argparse.ArgumentParser(description="A picture of a report, on a screen and on a phone.")
    parser.add_argument("run", type=Path)
    parser.add_argument("--output", type=Path, default=Path("docs/report.png"))
    parser.add_argument("--height", type=int, default=1500)
    options = parser.parse_args()
    page = write_report(options.run)
    with tempfile.TemporaryDirectory() as folder:
        parts = [shown(page, width, options.height, Path(folder)) for width in (SCREEN, PHONE)]
    picture = Image.new("RGB", (SCREEN + GAP + PHONE, options.height), (160, 166, 178))
    picture.paste(parts[0], (0, 0))
    picture.paste(parts[1], (SCREEN + GAP, 0))
    file = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    options.output.write_bytes(file.getvalue())
    print(f"{options.output}: {len(file.getvalue()) / 1000:.0f} kB, {picture.width} x {picture.height}")


if __name__ == "__main__":
    main()
