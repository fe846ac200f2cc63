"""The report of models that generate texts: one `write_report` for every task, and one page for each."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from report_pages import make_run, some_rows, write_csv, written

from mmkeras.config.config import Config
from mmkeras.config.tasks import task_names
from mmkeras.report.commands import USE, use_commands
from mmkeras.report.page import PAGES, write_report
from mmkeras.runs.run import LINE, LOG_P, PREDICTION, REFERENCES

INPUTS = [{"name": "photo", "column": "the photo", "kind": "image"}, {"name": "note", "column": "note", "kind": "text"}]
TEXTS = [("one <b>dog</b> runs in the park", "one <b>dog</b> runs in the park"), ("a cat sleeps on a mat", "a cat")]
ATTENTION = {
    **{"text": "one", "tokens": ["row 1, column 1", "ein"], "sources": [["the photo", 1], ["note", 1]]},
    "rows": [{"piece": "one", "weights": [0.25, 0.75]}],
}
OLD_ATTENTION = {"text": "one", "tokens": [1, 2], "rows": [{"piece": "one", "weights": [0.25, 0.75]}]}
LINES = [{"text": f"line {k}", "nats": 9.0 - k} for k in range(9)]


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


def test_every_task_has_a_page_and_what_to_type_next() -> None:
    assert {*PAGES} == {*USE} == {*task_names()}


def test_texts_stand_beside_their_references(tmp_path: Path) -> None:
    _, page = written(make_generate_run(tmp_path / "run"))
    assert "Generates caption from the photo (image), note (text). Evaluated on 2 held-out inputs." in page.text
    assert re.search(
        r"The first rows.*The best, by chrF.*The worst, by chrF\s*inputs.*a cat sleeps", page.text, re.DOTALL
    )
    for words in ("one <b>dog</b> runs", "Token accuracy", "The most valuable is", "Attention"):
        assert words in page.text
    words = re.sub(r"\s+", " ", page.text)
    assert "Generated: one the photonote row 1, column 1ein one" in words, "columns of a map are named by their tokens"
    assert "Generated: one 12 one" in words, "of an older release, by their numbers"
    assert f"mmkeras export {tmp_path}/run" in page.text
    assert "mmkeras generate exported/run \"a text\" --input 'the photo=picture.jpg'" in page.text
    assert "mmkeras predict" not in page.text


def test_lines_stand_by_their_probability(tmp_path: Path) -> None:
    _, page = written(make_language_run(tmp_path / "run"))
    assert "A perplexity of 81.2" in page.text
    assert re.search(r"The most probable held-out lines.*line 8.*The least probable.*line 0", page.text, re.DOTALL)
    for words in ("<end>", "a word, of a vocabulary of 5,678", "1,234", 'mmkeras score exported/run "a text"'):
        assert words in page.text
    assert "Attention" not in page.text


@pytest.mark.parametrize("name", ["samples.json", "schema.json", "history.csv"])
def test_an_absent_file_is_named_and_leaves_no_page(name: str, tmp_path: Path) -> None:
    folder = make_language_run(tmp_path / "run")
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=re.escape(name)):
        write_report(folder)
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        ("classify", ["mmkeras predict 'my run/predict.tflite' new.csv --output predictions.csv"]),
        ("generate", ["mmkeras generate 'my run' \"a text\" --input 'the photo=picture.jpg'"]),
        ("language_model", ["mmkeras generate 'my run' \"a text\"", "mmkeras score 'my run' \"a text\""]),
    ],
)
def test_what_asks_an_exported_folder(task: str, expected: list[str]) -> None:
    assert use_commands("my run", {"task": task, "inputs": INPUTS}) == expected
