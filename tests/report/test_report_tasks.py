"""The report of every task and modality: labels, numbers, pictures and clips, missing modalities, contributions."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from report_pages import Page, make_run, some_rows, written
from report_runs import RULE, make_task_run, regress_run

from mmkeras.metrics.agreement import evaluate
from mmkeras.modalities.audio.preview import SPECTROGRAM, spectrogram
from mmkeras.modalities.image.preview import thumbnail
from mmkeras.report import media
from mmkeras.report.ablation import findings, write_ablation_report
from mmkeras.report.files import read_bad_rows
from mmkeras.report.modalities import score, score_change
from mmkeras.report.numbers import residuals
from mmkeras.report.template import figure, number, signed


def write_media(folder: Path) -> None:
    """p.png, a picture of 400 x 20 pixels, and c.wav, a tone of half a second."""
    Image.fromarray(np.arange(400 * 20 * 3).reshape(20, 400, 3).astype("uint8")).save(folder / "p.png")
    soundfile.write(folder / "c.wav", 0.5 * np.sin(np.arange(4000) * 2 * np.pi * 1000 / 8000), 8000)


def uris(page: Page, tag: str) -> list[bytes]:
    """What the pictures or the sounds of a page hold."""
    sources = [attributes["src"] or "" for name, attributes in page.tags if name == tag]
    assert all(uri.startswith("data:") for uri in sources)
    return [base64.b64decode(uri.partition(",")[2]) for uri in sources]


def test_numbers_get_scatter_plots_and_the_largest_errors(tmp_path: Path) -> None:
    """Figures a target, a plot each, errors to either side; the worst row first; no calibration."""
    folder = regress_run(tmp_path / "run")
    text, page = written(folder)
    measured = json.loads((folder / "metrics.json").read_text())["validation"]
    for row in measured["per_target"]:
        assert f"R² {figure(row['r2'])}, MAE {number(row['mae'])}" in page.text
    assert "predictions are drawn to the mean" in page.text
    assert re.search(r"The largest errors.*weight: predicted 97,000, truth 7000 \(\+90,000\)", page.text, re.DOTALL)
    assert "/t.csv, line 9" in page.text[: page.text.index("weight: predicted 97,000") + 200]
    assert sum(tag == "svg" for tag, _ in page.tags) == 4  # loss, mae, a scatter plot a target
    assert "Calibration" not in page.text
    assert "temperature" not in page.text
    assert len(re.findall(r"<use ", text)) >= 60


def test_answers_that_are_no_numbers(tmp_path: Path) -> None:
    """A training that diverged has a page, too, and says so."""
    figures = evaluate("regress", np.ones((3, 1)), np.full((3, 1), np.nan), ["y"])
    targets = {"names": ["y"], "labels": [], "mean": [1.0], "deviation": [1.0]}
    rows = [["nan", 1.0, "1"]] * 3
    _, page = written(make_task_run(tmp_path / "run", "regress", figures, rows, targets))
    assert "3 predictions are not numbers" in page.text


def test_residuals() -> None:
    """By hand: errors of 1 at both ends, to the middle."""
    truth = np.arange(20.0)
    errors = residuals(truth, truth + np.where(truth < 10, 1, -1), 9.5)
    assert (errors["bias"], errors["half"], errors["low"], errors["high"]) == (0, 1, 1, -1)
    assert (errors["drawn_in"], errors["always_mean"]) == (True, 5)
    assert residuals(truth[:3], truth[:3], 0)["low"] is None


def test_labels_show_what_was_missed_and_what_was_added(tmp_path: Path) -> None:
    """Per label: figures, missed, added; the most confident wrong rows first, with both kinds of mistake."""
    names = ["happy", "<loud>", "costly"]
    truth = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0]], "float32")
    predicted = np.array([[0.9, 0.1, 0.9], [0.9, 0.2, 0.7], [0.1, 0.4, 0.1]])
    words = [
        ["|".join(n for n, yes in zip(names, row > 0.5, strict=True) if yes) for row in m] for m in (predicted, truth)
    ]
    rows = [[words[0][k], (0.9, 0.7, 0.6)[k], words[1][k]] for k in range(3)]
    figures = evaluate("multilabel", truth, predicted, names)
    targets = {"names": ["tags"], "labels": names, "mean": [], "deviation": []}
    _, page = written(make_task_run(tmp_path / "run", "multilabel", figures, rows, targets))
    for row in figures["per_label"]:
        assert f"{row['average_precision']:.3f}" in page.text
    assert "Missed most often: <loud> (2 rows)" in page.text
    assert "Added wrongly most often: costly (1 row)" in page.text
    assert f"{figures['micro_f1']:.2%}" in page.text
    part = page.text[page.text.index("The most confident mistakes") :]
    assert re.search(r"added costly\s+missed <loud>\s+right happy\s+confidence of each label 70.0% or more", part)
    assert part.index("70.0%") < part.index("60.0%")


def test_pictures_and_clips_are_shown_inside_the_page(tmp_path: Path) -> None:
    """A thumbnail that fits, a spectrogram of the tone at its place, a sound to play; text and category as they are."""
    write_media(tmp_path)
    _, page = written(regress_run(tmp_path / "run"))
    images, sounds = uris(page, "img"), uris(page, "audio")
    assert (len(images), len(sounds)) == (50, 25)
    with Image.open(io.BytesIO(images[0])) as small, Image.open(io.BytesIO(images[1])) as drawn:
        assert small.size == (160, 8)
        assert drawn.size == SPECTROGRAM
        levels = np.asarray(drawn.convert("L"), "float32").mean(axis=1)
    mel = 1000 / 700  # of the tone, against the highest band at 4,000 Hz
    assert abs(1 - levels.argmax() / len(levels) - np.log1p(mel) / np.log1p(4000 / 700)) < 0.08
    samples, rate = soundfile.read(io.BytesIO(sounds[0]))
    assert (len(samples), rate) == (4000, 8000)
    for words in ("a <b>chair</b> 椅子", "7.50", "Böhm", "c.wav, 0.50 s"):
        assert words in page.text


@pytest.mark.parametrize("cell", ["gone.png", "", "data:image/png;base64,AAAA", "../t.png"])
def test_media_that_are_gone_leave_a_note(tmp_path: Path, cell: str) -> None:
    """No file, no cell, no picture: the page is written, and says why."""
    write_media(tmp_path)
    _, page = written(regress_run(tmp_path / "run", cells={"photo": cell, "clip": cell}))
    assert not uris(page, "img")
    assert ("(missing)" if not cell else "It cannot be shown any more") in page.text


def test_a_page_has_room_for_so_much(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sound is left out first, then pictures; the page says so."""
    write_media(tmp_path)
    monkeypatch.setattr(media, "RESERVED_FOR_PICTURES", 20_000)
    input_spec = {"kind": "audio", "rule": dataclasses.asdict(RULE)}
    root, budget = media.MediaRoot(str(tmp_path)), media.MediaBudget(30_000)
    shown = [media.show("c.wav", input_spec, root, budget) for _ in range(40)]
    assert "sound" in shown[0]
    assert ("sound" not in shown[10], "picture" in shown[10]) == (True, True)
    assert "The page is full" in shown[-1]["gone"]
    assert budget.left >= 0


def test_small_pictures_are_enlarged_and_silence_is_black() -> None:
    """Eight pixels are shown as 160; a clip without a sound has a spectrogram."""
    shown = media._picture(*thumbnail(np.zeros((8, 4, 3), "uint8")), media.MediaBudget())
    assert (shown["width"], shown["height"], shown["enlarged"]) == (80, 160, True)
    with Image.open(io.BytesIO(spectrogram(np.zeros(4000, "float32"), RULE))) as image:
        assert np.asarray(image).max() == 0


def test_missing_modalities_contributions_and_parts(tmp_path: Path) -> None:
    """The matrix by how much is there, the difference to all, the dearest; what columns add, and of each row."""
    missing = [
        {"present": ["text"], "rows": 30, "r2": -0.25},
        {"present": ["image"], "rows": 30, "r2": 0.5},
        {"present": ["text", "image"], "rows": 30, "r2": 0.75},
    ]
    shares = [
        {"column": "the_note", "mean": 0.1, "mean_size": 0.1},
        {"column": "the_photo", "mean": 0.3, "mean_size": 0.3},
    ]
    more = {"metrics": {"missing": missing, "contributions": shares, "folded": True}, "config": {"fusion": "sum"}}
    _, page = written(regress_run(tmp_path / "run", parts={"note": 0.125, "photo": 0.5}, **more))
    words = re.sub(r"\s+", " ", page.text)
    assert "The most valuable is image: without it the R² falls from 0.750 to −0.250." in words
    assert re.search(r"●●0.750 ·●0.500−0.250 ●·−0.250−1.000", words)
    assert re.search(r"photo75%0.3 note25%0.1", words)
    assert "the model was trained on the held-out rows as well" in words
    bars = [attributes["style"] for _, attributes in page.tags if (attributes.get("class") or "").startswith("part")]
    assert bars[:2] == ["--l: 0.0%; --w: 25.0%", "--l: 0.0%; --w: 100.0%"]


def test_a_column_without_which_the_model_is_better_is_told_with_its_interval(tmp_path: Path) -> None:
    """And whether that may be chance; the flag that leaves it out; intervals in both tables."""
    columns = ["note", "photo", "price"]
    everything = {"present": columns, "rows": 30, "r2": 0.75, "interval": [0.7, 0.8], "change_interval": [0.0, 0.0]}
    changes = {"note": (0.02, [0.004, 0.036]), "photo": (-0.25, [-0.3, -0.2]), "price": (0.013, [-0.0012, 0.03])}
    missing = [everything]
    for name, (change, interval) in changes.items():
        rest = [c for c in columns if c != name]
        missing.append({**everything, "present": rest, "r2": 0.75 + change, "change_interval": interval})
        missing.append({**everything, "present": [name], "r2": 0.5, "interval": [0.4, 0.6], "change_interval": [-1, 0]})
    _, page = written(regress_run(tmp_path / "run", metrics={"missing": missing}))
    words = re.sub(r"\s+", " ", page.text)
    assert "Missing columns The most valuable is photo: without it the R² falls from 0.750 to 0.500." in words
    assert (
        "Without note the R² is 0.020 higher (0.770 against 0.750; 95% interval of the difference +0.004 to +0.036): "
        "consider leaving it out: --ignore note." in words
    )
    assert (
        "Without price the R² is 0.013 higher (0.763 against 0.750; 95% interval of the difference −0.001 to +0.030): "
        "that may be chance; leaving it out is worth a try: --ignore price." in words
    )
    assert "Ranges are 95% intervals (by the bootstrap over the rows)." in words
    assert "●●●0.7500.700 to 0.800" in words
    assert "photo0.5000.500−0.250−0.300 to −0.200" in words
    assert "Of the subsets" not in words, "all are there"


def test_of_many_columns_it_says_which_subsets_are_not_evaluated(tmp_path: Path) -> None:
    columns = [f"c{k}" for k in range(50)]
    everything = {"present": columns, "rows": 30, "r2": 0.75, "interval": [0.7, 0.8], "change_interval": [0.0, 0.0]}
    without = [{**everything, "present": [c for c in columns if c != name]} for name in columns[:40]]
    _, page = written(regress_run(tmp_path / "run", metrics={"missing": [], "missing_columns": [everything, *without]}))
    words = re.sub(r"\s+", " ", page.text)
    evaluated = "Of the subsets of 50 columns, those of all columns but one and of all are evaluated"
    assert f"{evaluated}; the others are left out." in words
    assert f"Columns that were not left out one by one: {', '.join(columns[40:])}." in words


def test_the_ablation_is_drawn_and_tabled(tmp_path: Path) -> None:
    """Beside the runs and by itself: mean and spread of each fusion and subset, and a fusion that hurts."""
    rows = [
        {"fusion": None, "modalities": ["标题"], "columns": ["标题"], "scores": [0.8, 0.9]},
        {"fusion": None, "modalities": ["b&<x>"], "columns": ["b&<x>"], "scores": [0.4, 0.5]},
        {"fusion": "sum", "modalities": ["标题", "b&<x>"], "columns": ["标题", "b&<x>"], "scores": [0.7, 0.8]},
        {"fusion": "concat", "modalities": ["标题", "b&<x>"], "columns": ["标题", "b&<x>"], "scores": [0.96, 0.98]},
    ]
    result = {"csv": "t.csv", "score_name": "accuracy", "rows": rows}
    (tmp_path / "ablation.json").write_text(json.dumps(result))
    separate = Page(write_ablation_report(tmp_path).read_text(encoding="utf-8"))
    _, beside = written(make_run(tmp_path / "run", some_rows(["a", "b"]), ["a", "b"]))
    for page in (separate, beside):
        words = re.sub(r"\s+", " ", page.text)
        assert "The best: concat on 标题 + b&<x>, accuracy 97.0%. The best single modality: 标题, 85.0%." in words
        assert "sum on 标题 + b&<x> is worse than that, 75.0%" in words
        assert "97.0% ± 1.4%" in words
        assert words.count("标题 + b&<x>") >= 4  # once in the text, and in the plot, in the table
    assert findings({**result, "rows": []})["plot"] is None


def test_bad_rows_of_every_column_are_shown() -> None:
    """Many bad clips do not hide the one bad picture."""
    rows = [{"column": "clip", "reason": f"clip {k}"} for k in range(50)] + [{"column": "photo", "reason": "photo"}]
    bad_rows = read_bad_rows(iter(rows))
    assert bad_rows.by_column == {"clip": 50, "photo": 1}
    assert [row["reason"] for row in bad_rows.shown] == [*(f"clip {k}" for k in range(9)), "photo"]


def test_how_figures_are_written() -> None:
    """Quantities of any size, scores, differences."""
    written_as = [number(q) for q in (0.01234, 3.14159, 12345.6, -12345.6, 1.2345e16, -0.0, None)]
    assert written_as == ["0.01234", "3.142", "12,346", "−12,346", "1.234e+16", "0", "–"]
    assert [signed(q) for q in (0.5, -0.5, 0.0)] == ["+0.5", "−0.5", "±0"]
    assert [score(0.98765, "accuracy"), score(-0.5, "r2")] == ["98.8%", "−0.500"]
    assert [score_change(c, "micro_f1") for c in (-0.1, 0.01, 0.0)] == ["−10.0 points", "+1.0 points", "±0.0 points"]
