"""The page of a model that generates text: texts beside references, the best and the worst, attention; lines."""

from __future__ import annotations

import json
from typing import Any

from mmkeras.metrics.texts import sentence_scores
from mmkeras.report.files import RunFiles, csv_rows, read_json
from mmkeras.runs.run import LINE, LOG_P, PREDICTION, REFERENCES

SHOWN = 5  # texts of each list


def text_facts(run: RunFiles) -> dict[str, Any]:
    """The variables of generate.html.j2, without those of every page."""
    return {"lists": text_lists(run), "attention": read_json(run.folder / "samples.json").get("attention", [])}


def line_facts(run: RunFiles) -> dict[str, Any]:
    """The variables of language_model.html.j2, without those of every page."""
    samples = read_json(run.folder / "samples.json")
    return {"lists": line_lists(samples), "continued": samples.get("continued", [])}


def text_lists(run: RunFiles) -> list[dict[str, Any]]:
    """Generated texts of held-out rows beside their references: the first ones, the best and the worst by chrF."""
    with csv_rows(run.folder / "validation.csv") as cells:
        rows = list(cells)
    target = run.schema["target"]
    references = json.loads((run.folder / REFERENCES).read_text(encoding="utf-8"))
    scores = sentence_scores([row[PREDICTION] for row in rows], references)
    texts: list[dict[str, Any]] = []
    for row, score in zip(rows, scores, strict=True):
        inputs = {key: text for key, text in row.items() if key not in (target, PREDICTION, LOG_P, LINE)}
        text = {"inputs": inputs, "reference": row[target], "text": row[PREDICTION]}
        texts.append({**text, "score": score, "log_p": float(row[LOG_P]), "line": row[LINE]})
    ranked = sorted(texts, key=lambda row: row["score"])
    return [
        {"title": "The first rows", "rows": texts[:SHOWN]},
        {"title": "The best, by chrF", "rows": ranked[::-1][:SHOWN]},
        {"title": "The worst, by chrF", "rows": ranked[:SHOWN]},
    ]


def line_lists(samples: dict[str, Any]) -> list[dict[str, Any]]:
    """The held-out lines with the highest and the lowest probability per token."""
    ranked = sorted(samples["lines"], key=lambda line: line["nats"])
    rows = [{"inputs": {}, "reference": "", "text": line["text"], "nats": line["nats"]} for line in ranked]
    return [
        {"title": "The most probable held-out lines", "rows": rows[:SHOWN]},
        {"title": "The least probable held-out lines", "rows": rows[::-1][:SHOWN]},
    ]
