"""report.html of a model that writes: figures, curves, texts beside references, the best and the worst, attention."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from typing import Any

from mmkeras.metrics.texts import sentence_scores
from mmkeras.report import plots
from mmkeras.report.commands import writing_commands
from mmkeras.report.files import csv_rows, read_json
from mmkeras.report.modalities import missing_matrix
from mmkeras.report.page import settings
from mmkeras.report.template import environment
from mmkeras.runs.run import (
    LINE,
    LOG_P,
    PREDICTION,
    REFERENCES,
)
from mmkeras.system.files import write_atomically

SHOWN = 5  # texts of each list
CURVES = {"loss": "Loss", "accuracy": "Share of the pieces that are right, the right ones given before"}


def write_text_report(folder: Path) -> Path:
    """Write `report.html` into a finished run's folder, out of the JSON and CSV files there. Returns its path."""
    page = folder / "report.html"
    parts = {name: read_json(folder / f"{name}.json") for name in ("config", "schema", "metrics")}
    with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
        history = [{key: float(value) for key, value in epoch.items()} for epoch in csv.DictReader(file)]
    kept = parts["metrics"]["best_epoch"]
    measures = [name for name in CURVES if name in history[0]]
    language = parts["schema"]["task"] == "language_model"
    shown = read_json(folder / "samples.json")
    html = (
        environment()
        .get_template("writing.html.j2")
        .render(
            name=folder.resolve().name,
            **parts,
            language=language,
            measured=parts["metrics"]["validation"],
            curves=[(CURVES[m], plots.learning_curve(history, m, kept)) for m in measures],
            lists=line_lists(shown) if language else text_lists(folder),
            continued=shown.get("continued", []),
            attention=shown.get("attention", []),
            missing=missing_matrix(parts["metrics"]),
            contributions=[],
            settings=settings(parts["config"]),
            commands=next_commands(folder, parts["schema"]),
        )
    )
    write_atomically(page, html)
    return page


def text_lists(folder: Path) -> list[dict[str, Any]]:
    """Texts of held-out rows beside their references: some as they come, the best and the worst by chrF."""
    with csv_rows(folder / "validation.csv") as found_rows:
        rows = list(found_rows)
    target = read_json(folder / "schema.json")["target"]
    references = json.loads((folder / REFERENCES).read_text(encoding="utf-8"))
    scores = sentence_scores([row[PREDICTION] for row in rows], references)
    found: list[dict[str, Any]] = []
    for row, score in zip(rows, scores, strict=True):
        inputs = {key: text for key, text in row.items() if key not in (target, PREDICTION, LOG_P, LINE)}
        own = {"inputs": inputs, "reference": row[target], "text": row[PREDICTION]}
        found.append({**own, "score": score, "log_p": float(row[LOG_P]), "line": row[LINE]})
    ranked = sorted(found, key=lambda row: row["score"])
    return [
        {"title": "As they come", "rows": found[:SHOWN]},
        {"title": "The best, by chrF", "rows": ranked[::-1][:SHOWN]},
        {"title": "The worst, by chrF", "rows": ranked[:SHOWN]},
    ]


def line_lists(shown: dict[str, Any]) -> list[dict[str, Any]]:
    """Held-out lines that the model finds most and least probable, a piece."""
    ranked = sorted(shown["lines"], key=lambda line: line["nats"])
    rows = [{"inputs": {}, "reference": "", "text": line["text"], "nats": line["nats"]} for line in ranked]
    return [
        {"title": "The most probable held-out lines", "rows": rows[:SHOWN]},
        {"title": "The least probable held-out lines", "rows": rows[::-1][:SHOWN]},
    ]


def next_commands(folder: Path, schema: dict[str, Any]) -> list[str]:
    """What to type next."""
    exported = f"exported/{folder.resolve().name}"
    return [f"mmkeras export {shlex.quote(str(folder))}", *writing_commands(exported, schema)]
