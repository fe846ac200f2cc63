"""The report on a phone and on a screen: nothing is wider than the window, no box than its place; one title a section.

With Chromium on the machine the pages are laid out by it (`apt-get install chromium-headless-shell`); without, what can
be seen in the page's text and style is checked alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import browser, laid_out
from report_pages import make_run, some_rows, written
from report_runs import make_generate_run, make_language_run, regress_run

from mmkeras.metrics.curves import precision_recall
from mmkeras.report import page as report_page
from mmkeras.report.ablation import write_ablation_report
from mmkeras.runs.run import EXPLAINED

PHONE, SCREEN = 390, 1280
STYLE = (Path(report_page.__file__).parent / "report.css").read_text(encoding="utf-8")
LONG = "a_name_without_any_space_" * 6
TEXTS = ["x" * 3000, "مرحبا بالعالم هذا نص عربي طويل " * 9, "这是一个很长的中文句子没有空格" * 40, "a short one"]


def full_run(folder: Path, labels: list[str], columns: list[str], count: int = 60) -> Path:
    """A classifier with every section, long texts, and the given names of classes and columns."""
    rows = [(TEXTS[k % len(TEXTS)], *row[1:]) for k, row in enumerate(some_rows(labels, count))]
    run = make_run(folder, rows, labels, columns=dict.fromkeys(columns, "text"))
    metrics = json.loads((run / "metrics.json").read_text())
    numbers = [labels.index(row[1]) for row in rows]
    probabilities = np.eye(len(labels))[numbers] * 0.5 + 0.5 / len(labels)
    metrics["precision_recall"] = precision_recall(np.array(numbers), probabilities, labels)
    everything = {
        "present": columns,
        "rows": count,
        "accuracy": 0.9,
        "interval": [0.8, 0.95],
        "change_interval": [0, 0],
    }
    rest = [{**everything, "present": [c for c in columns if c != name], "accuracy": 0.92} for name in columns]
    alone = [{**everything, "present": [name], "accuracy": 0.7} for name in columns]
    metrics |= {"missing": [everything, *rest, *alone][: 2 ** len(columns) - 1] if len(columns) < 6 else []}
    metrics["missing_columns"] = [everything, *rest, *alone] if len(columns) > 5 else []
    (run / "metrics.json").write_text(json.dumps(metrics))
    shares = [[columns[0], text, 0.5] for text in ("goal", LONG, "比赛 球队")]
    mistakes = [
        {
            **{
                "line": k + 2,
                "total": 1.0,
                "supporting": shares,
                "opposing": shares[:1],
                "others": -0.2,
                "n_others": 7,
            },
            **{"bias": 0.0, "rest": 0.25},
        }
        for k in range(count)
    ]
    classes = [{"column": columns[0], "label": label, "ngrams": [["goal", 0.5], [LONG, 0.2]]} for label in labels]
    explained = {"part": "wide", "classes": classes, "mistakes": mistakes}
    (run / EXPLAINED).write_text(json.dumps(explained))
    return run


def ablation(folder: Path) -> Path:
    """The page of an ablation."""
    names = [LONG, "标题" * 20, "photo"]
    rows: list[dict[str, Any]] = [
        {"fusion": "attention", "modalities": names[:k], "columns": names[:k], "scores": [0.7, 0.8]} for k in (1, 2, 3)
    ]
    folder.mkdir()
    (folder / "ablation.json").write_text(json.dumps({"csv": LONG, "score_name": "accuracy", "rows": rows}))
    return write_ablation_report(folder)


PAGES: dict[str, Callable[[Path], Path]] = {
    "plain": lambda f: full_run(f, ["business", "sport"], ["text"]),
    "long names": lambda f: full_run(f, [LONG + str(k) for k in range(4)], [LONG + str(k) for k in range(4)]),
    "200 classes": lambda f: full_run(f, [f"class {k} of two hundred" for k in range(200)], ["text"], 400),
    "28 classes": lambda f: full_run(f, [f"class-number-{k}" for k in range(28)], ["text"], 84),
    "chinese": lambda f: full_run(f, ["食品饮料与餐饮文化新闻" * 3, "科技数码", "体育"], ["标题", "正文"]),
    "arabic": lambda f: full_run(f, ["الأخبار الرياضية والثقافية والاقتصادية", "سياسة"], ["نص"]),
    "capitals": lambda f: full_run(f, ["W" * 24, "M" * 24], ["W" * 60, *(f"column {k}" for k in range(6))]),
    "numbers": regress_run,
    "texts": make_generate_run,
    "lines": make_language_run,
    "ablation": ablation,
}


def html_of(name: str, folder: Path) -> str:
    """The page of that name."""
    made = PAGES[name](folder)
    return made.read_text(encoding="utf-8") if made.suffix == ".html" else written(made)[0]


@pytest.mark.skipif(not browser(), reason="no Chromium on this machine: apt-get install chromium-headless-shell")
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_window_or_its_box(name: str, tmp_path: Path) -> None:
    """Tables scroll inside their boxes; all details are open."""
    page = html_of(name, tmp_path / "run")
    for width in (PHONE, SCREEN) if name == "long names" else (PHONE,):
        found = laid_out(page, width)
        assert found["window"] == width
        assert found["width"] <= width, found["wide"]
        assert found["wide"] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_link_has_the_words_of_its_heading_and_no_heading_stands_twice(name: str, tmp_path: Path) -> None:
    page = html_of(name, tmp_path / "run")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    headings = dict(re.findall(r'<h2 id="([^"]*)">(.*?)</h2>', page, re.DOTALL))
    links = dict(re.findall(r'<a href="#([^"]*)">(.*?)</a>', page, re.DOTALL))
    assert links == headings or not links
    assert len({*headings.values()}) == len(headings)


@pytest.mark.parametrize("name", ["plain", "capitals", "texts", "numbers"])
def test_tables_scroll_inside_their_boxes(name: str, tmp_path: Path) -> None:
    page = html_of(name, tmp_path / "run")
    depth = 0
    for tag, scrolls in re.findall(r'<(/?div|table)( class="scroll")?', page):
        depth += {"div": 1, "/div": -1}.get(tag, 0) if depth or scrolls else 0
        assert tag != "table" or depth > 0, "a table outside of a box that scrolls"


def test_the_style_keeps_wide_things_in() -> None:
    """What the browser's test sees, where there is no browser."""
    for rule in (
        *(r"\.scroll \{ overflow-x: auto", r"\.plot \{ display: block; width: 100%; height: auto"),
        *(r"body \{[^}]*overflow-wrap: anywhere", r"\.cards > div \{[^}]*min-width: 0"),
        *(r"\.cards \{[^}]*minmax\(min\(100%, 10rem\), 1fr\)", r"pre \{[^}]*white-space: pre-wrap"),
        *(r"figure \{[^}]*min-width: 0", r"img \{[^}]*max-width: 100%", r"\.mistake header > \* \{ min-width: 0"),
    ):
        assert re.search(rule, STYLE), rule


def test_the_sections_have_the_words_of_the_field(tmp_path: Path) -> None:
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", html_of("plain", tmp_path / "run"))
    assert headings[:7] == [
        *("Learning curves", "Confusion matrix", "Precision and recall", "Precision–recall curve"),
        *("Accuracy by coverage", "Reliability diagram", "Top n-grams of each class"),
    ]
