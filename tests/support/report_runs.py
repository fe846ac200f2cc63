"""Run folders of every task but the classifier, whose files are written by hand, for the tests of the report."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from report_pages import make_run, some_rows, write_csv

from mmkeras.config.config import Config
from mmkeras.metrics.agreement import evaluate
from mmkeras.modalities.audio.spec import audio_spec
from mmkeras.runs.run import LINE, LOG_P, PART, PREDICTION, PROBABILITY, REFERENCES

RULE = audio_spec(8000, 0.5, mels=20)
KINDS = {"note": "text", "photo": "image", "clip": "audio", "price": "number", "brand": "category"}
CELLS = {"note": "a <b>chair</b> 椅子", "photo": "p.png", "clip": "c.wav", "price": "7.50", "brand": "Böhm"}


INPUTS = [{"name": "photo", "column": "the photo", "kind": "image"}, {"name": "note", "column": "note", "kind": "text"}]
TEXTS = [("one <b>dog</b> runs in the park", "one <b>dog</b> runs in the park"), ("a cat sleeps on a mat", "a cat")]
ATTENTION = {
    **{"text": "one", "tokens": ["row 1, column 1", "ein"], "sources": [["the photo", 1], ["note", 1]]},
    "rows": [{"piece": "one", "weights": [0.25, 0.75]}],
}
OLD_ATTENTION = {"text": "one", "tokens": [1, 2], "rows": [{"piece": "one", "weights": [0.25, 0.75]}]}
LINES = [{"text": f"line {k}", "nats": 9.0 - k} for k in range(9)]


def make_task_run(
    folder: Path,
    task: str,
    figures: dict[str, Any],
    rows: Sequence[Sequence[Any]],
    targets: dict[str, Any],
    **more: Any,
) -> Path:
    """A run of another task: rows are prediction, probability and the targets' cells; every input has CELLS.

    more: `cells` (column -> another cell), `parts` (column -> number), `metrics` and `config` (added to those files).
    """
    make_run(folder, some_rows(["a", "b"]), ["a", "b"])
    cells, parts = {**CELLS, **more.get("cells", {})}, more.get("parts", {})
    schema = json.loads((folder / "schema.json").read_text())
    rules = {"image": {"size": 32}, "audio": dataclasses.asdict(RULE)}
    inputs = [{"name": f"the_{c}", "column": c, "kind": k, "rule": rules.get(k)} for c, k in KINDS.items()]
    csv = {"path": str(folder.parent / "t.csv"), "encoding": "utf-8", "delimiter": ","}
    schema |= {"task": task, "targets": {"task": task, **targets}, "inputs": inputs, "file": csv}
    metrics = json.loads((folder / "metrics.json").read_text())
    del metrics["calibration"]
    metrics |= {"validation": figures, **more.get("metrics", {})}
    config = json.loads((folder / "config.json").read_text()) | more.get("config", {})
    for name, content in {"schema": schema, "metrics": metrics, "config": config}.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    measure = "mae" if task == "regress" else "accuracy"
    write_csv(folder / "history.csv", ["epoch", "loss", measure, "val_loss", f"val_{measure}"], [[1, 1, 0.5, 2, 0.4]])
    header = [LINE, PREDICTION, PROBABILITY, *(f"{PART}the_{c}" for c in parts), *KINDS, *targets["names"]]
    lines = [[k + 2, r[0], r[1], *parts.values(), *cells.values(), *r[2:]] for k, r in enumerate(rows)]
    write_csv(folder / "validation.csv", header, lines)
    return folder


def regress_run(folder: Path, **more: Any) -> Path:
    """Two targets, thirty rows: one is drawn to the middle, of the other all but one are exact."""
    truth = np.array([[k, 1000.0 * k] for k in range(30)])
    predicted = np.stack([15 + 0.3 * (truth[:, 0] - 15), truth[:, 1]], axis=1)
    predicted[7, 1] += 90_000
    figures = evaluate("regress", truth, predicted, ["rating", "weight"])
    rows = [[f"{s[0]:.6g} {s[1]:.6g}", 1.0, f"{t[0]}", f"{t[1]}"] for t, s in zip(truth, predicted, strict=True)]
    targets = {"names": ["rating", "weight"], "labels": [], "mean": [15.0, 15_000.0], "deviation": [8.0, 8000.0]}
    return make_task_run(folder, "regress", figures, rows, targets, **more)


def make_text_run(folder: Path, schema: dict[str, Any], figures: dict[str, Any], samples: dict[str, Any]) -> Path:
    """The files of a run whose model generates texts, of which bad_rows.csv is none of every task's."""
    make_run(folder, some_rows(["a", "b"]), ["a", "b"])
    (folder / "bad_rows.csv").unlink()
    metrics = {"seconds": {"fit": 2.5}, "epochs": 2, "best_epoch": 1, **figures}
    content = {"schema": schema, "metrics": metrics, "samples": samples, "config": {**Config().flat(), "seed": 7}}
    for name, value in content.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    names = ["epoch", "accuracy", "loss", "val_accuracy", "val_loss", "seconds"]
    write_csv(folder / "history.csv", names, [[1, 0.5, 2, 0.4, 3, 1], [2, 0.6, 1, 0.5, 2, 1]])
    return folder


def make_generate_run(folder: Path) -> Path:
    """Two held-out rows, one of which is as the reference is."""
    schema = {"task": "generate", "target": "caption", "targets": {}, "inputs": INPUTS}
    figures = {"score_name": "bleu", "score": 50.0, "bleu": 50.0, "bleu_signature": "nrefs:1", "chrf": 60.0}
    figures |= {"chrf_signature": "nc:6", "exact": 0.5, "token_accuracy": 0.75, "word_error_rate": 0.3, "rows": 2}
    missing = [{"present": present, "rows": 2, "bleu": 10.0 * len(present)} for present in (["image"], ["text"])]
    missing.append({"present": ["image", "text"], "rows": 2, "bleu": 50.0})
    run = make_text_run(
        folder, schema, {"validation": figures, "missing": missing}, {"attention": [ATTENTION, OLD_ATTENTION]}
    )
    rows = [["p.png", "a note", *texts, -0.5 - k, k + 2] for k, texts in enumerate(TEXTS)]
    write_csv(run / "validation.csv", ["the photo", "note", "caption", PREDICTION, LOG_P, LINE], rows)
    (run / REFERENCES).write_text(json.dumps([[reference] for reference, _ in TEXTS]))
    return run


def make_language_run(folder: Path) -> Path:
    """Nine held-out lines; no table, so no validation.csv."""
    schema = {"task": "language_model", "target": "text", "targets": {}, "inputs": []}
    figures = {"score_name": "perplexity", "score": 81.25, "perplexity": 81.25, "pieces": 1234}
    pieces = {"kind": "word", "vocabulary": 5678, "train": 9012}
    continued = [{"prompt": "in the", "greedy": "beginning", "drawn": "<end>"}]
    samples = {"lines": LINES, "continued": continued}
    run = make_text_run(folder, schema, {"validation": figures, "pieces": pieces}, samples)
    (run / "validation.csv").unlink()
    return run
