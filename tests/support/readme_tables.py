"""Small tables under the names that the README's commands have, so that the commands run as they stand."""

from __future__ import annotations

import random
from pathlib import Path

import small_mixtures
import small_runs
import small_texts
from small_runs import write_rows

SEASONS = ("spring", "winter")


def write_tables(folder: Path) -> None:
    """Every table and text file of the README, a few rows each, pictures and clips beside them."""
    news = [{"text": row[small_runs.COLUMNS[1]], "label": row["topic"]} for row in small_runs.news_rows(80)]
    (folder / "data").mkdir(parents=True)
    write_rows(folder / "data/news.csv", news)
    write_rows(folder / "your.csv", news)
    write_rows(folder / "reviews.csv", news)
    rng = random.Random(0)
    products = [product(folder, k, SEASONS[k % 2], rng) for k in range(48)]
    write_rows(folder / "products.csv", products)
    write_rows(folder / "more.csv", [product(folder, k, SEASONS[k % 2], rng) for k in range(100, 124)])
    captions = [{"image": row["photo"], "caption": small_texts.sentence(rng)} for row in products]
    write_rows(folder / "captions.csv", captions)
    tags = [
        {"body": row["text"], "tags": row["label"] if k % 3 else f"{row['label']}|new"} for k, row in enumerate(news)
    ]
    write_rows(folder / "articles.csv", tags)
    write_rows(
        folder / "houses.csv", [{"area": f"{k % 17 + 0.5}", "price": f"{k * 1000 + 7.5}"} for k in range(20, 80)]
    )
    small_mixtures.write(folder / "data/multimodal", 48, name="multimodal.csv")
    small_texts.write_pairs(folder / "pairs.csv", rows=60)
    small_texts.write_lines(folder / "train.txt", lines=60)


def product(folder: Path, number: int, season: str, rng: random.Random) -> dict[str, str]:
    """A row of products.csv."""
    photo, clip = small_mixtures.write_media(folder, number, small_mixtures.LABELS[SEASONS.index(season)])
    words = ["wool coat", "warm scarf"] if season == "winter" else ["rain jacket", "light shirt"]
    cells = {"title": rng.choice(words), "photo": photo, "clip": clip, "price": f"{rng.uniform(5, 90):.2f}"}
    return {**cells, "year": str(rng.randint(2001, 2009)), "brand": rng.choice(["Alm", "Bay"]), "season": season}
