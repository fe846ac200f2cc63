"""Run folders whose files are written by hand, and the report of one as a browser reads it."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.config.config import DEFAULTS
from mmkeras.metrics.predictions import classification_metrics
from mmkeras.report.page import write_report
from mmkeras.runs.run import LINE, PREDICTION, PROBABILITY

Row = tuple[str, str, str, float]  # text, truth, prediction, probability


class Page(HTMLParser):
    """What a browser would make of the page: elements, attributes, text; unbalanced tags are errors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element; it stays open unless it is one that has no end."""
        self.tags.append((tag, dict(attrs)))
        self.open += [] if tag in ("meta", "img", "link", "br") else [tag]

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element, which must be this one."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Collect what is read, the style sheet aside."""
        self.text += data if "style" not in self.open[-1:] else ""


def make_run(folder: Path, rows: Sequence[Row], labels: Sequence[str], epochs: int = 3, **changes: Any) -> Path:
    """Write a run folder's files by hand. changes: `config`, `bad_rows`, `columns` (name -> kind), `loss`."""
    folder.mkdir()
    columns, bad_rows = changes.get("columns", {"text": "text"}), changes.get("bad_rows", [])
    truth, predicted = (np.array([labels.index(str(row[k])) for row in rows]) for k in (1, 2))
    bins = [{"confidence": 0.25, "accuracy": 0.5, "rows": 2}, {"confidence": 0.97, "accuracy": 0.9, "rows": 10}]
    calibration = {
        "temperature": 0.4567,
        "before": {"negative_log_likelihood": 0.3456, "expected_calibration_error": 0.1234, "bins": bins},
        "after": {"negative_log_likelihood": -1e-9, "expected_calibration_error": 0.0123, "bins": bins[1:]},
    }
    versions = {"python": "3.11.7", "platform": "Linux", "versions": {"keras": "3.15.1", "onnx": None}}
    files: dict[str, Any] = {
        "config.json": {**DEFAULTS, **changes.get("config", {})},
        "schema.json": {
            "task": "classify",
            "target": "label",
            "targets": {"task": "classify", "names": ["label"], "labels": list(labels), "mean": [], "deviation": []},
            "inputs": [{"name": c, "column": c, "kind": k, "rule": {"max_bytes": 4096}} for c, k in columns.items()],
            "columns": [{"name": c, "kind": k, "role": "input", "given": True} for c, k in columns.items()],
            "file": {"path": "data/新闻.csv", "encoding": "gb18030", "delimiter": "\t"},
        },
        "metrics.json": {
            "validation": classification_metrics(truth, predicted, list(labels)),
            "calibration": calibration,
            "rows": {"train": 1234, "validation": len(rows), "bad": len(bad_rows)},
            "cut": {"text": 0.0611},
            "seconds": {"prepare": 1.0, "fit": 2.0, "total": 3.21},
            **{"epochs": epochs, "best_epoch": epochs},
        },
        "environment.json": {
            "command": "mmkeras train data/新闻.csv",
            **{"sha256": {"data/新闻.csv": "88e67c35"}, "seed": 42, "random_state": 42, **versions},
        },
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    names = ["epoch", "accuracy", "loss", "val_accuracy", "val_loss", "seconds"]
    loss = changes.get("loss", 0.5)
    write_csv(folder / "history.csv", names, [[e + 1, 0.9, loss, 0.8, 0.6, 1] for e in range(epochs)])
    write_csv(folder / "bad_rows.csv", ["file", "line", "column", "reason"], bad_rows)
    cells = [[k + 2, *[r[0]] * len(columns), *r[1:]] for k, r in enumerate(rows)]
    write_csv(folder / "validation.csv", [LINE, *columns, "label", PREDICTION, PROBABILITY], cells)
    return folder


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write a CSV as the run folder has it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def written(folder: Path) -> tuple[str, Page]:
    """The report as text and as a browser reads it; a warning on the way is an error."""
    with warnings.catch_warnings(action="error"):
        text = write_report(folder).read_text(encoding="utf-8")
    return text, Page(text)


def some_rows(labels: Sequence[str], count: int = 12) -> list[Row]:
    """Rows in turn of each label, every third given the next label, less surely from row to row."""
    n = len(labels)
    return [(f"text {k}", labels[k % n], labels[(k + (k % 3 == 0)) % n], 0.99 - k / 1000) for k in range(count)]
