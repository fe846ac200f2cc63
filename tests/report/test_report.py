"""The report: one page that loads nothing and runs nothing, says what the run's files say, and shows any text whole."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from report_pages import Row, make_run, some_rows, written

from mmkeras.cli.dispatch import parse
from mmkeras.config.config import Config
from mmkeras.metrics.intervals import wilson as interval
from mmkeras.report.findings import excerpt
from mmkeras.report.page import write_report
from mmkeras.report.template import label

CHINESE = ["财经", "体育 ⚽", "娱乐与电影电视节目新闻频道", "国际新闻 🌍"]
NASTY = ['<script>alert("x")</script>', "a\"b'c&amp;<b>", "{{ 7 * 7 }}", "שלום \u202e x"]


@pytest.mark.parametrize("labels", [["ham", "spam"], CHINESE, NASTY, [f"class {k}" for k in range(40)]])
def test_the_page_needs_nothing_and_runs_nothing(tmp_path: Path, labels: list[str]) -> None:
    """No script, no picture, sheet or link from elsewhere; every reference inside the page is there, no id twice."""
    text, page = written(make_run(tmp_path / "run", some_rows(labels, 120), labels))
    assert not {"script", "img", "iframe", "object", "base", "form"} & {tag for tag, _ in page.tags}
    assert not any(word in text for word in ("http:", "https:", "@import", "javascript:"))
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes)
        address = attributes.get("href") or attributes.get("src")
        assert address is None or (address[0] == "#" and address[1:] in ids), (tag, address)
    assert text.startswith("<!DOCTYPE html>")
    assert sum(tag == "svg" and bool(a["aria-label"]) for tag, a in page.tags) == 5


@pytest.mark.parametrize("labels", [CHINESE, NASTY])
def test_any_text_is_shown_as_it_is(tmp_path: Path, labels: list[str]) -> None:
    """Chinese, emoji, markup and template signs, in labels, texts and reasons, come out as they stand in the CSV."""
    rows = [(f"{a} 你好 👩‍👩‍👧", a, labels[k - 1], 0.9) for k, a in enumerate(labels)]
    bad = [["data/新闻.csv", 3, "label", f"received {labels[0]!r}"]]
    _, page = written(make_run(tmp_path / "新 闻 <run>", rows, labels, bad_rows=bad))
    for text in (*labels, *(r[0] for r in rows), bad[0][3], "新 闻 <run>"):
        assert str(text) in page.text


def test_figures_are_those_of_the_run(tmp_path: Path) -> None:
    """What is read on the page stands in metrics.json, schema.json, environment.json and bad_rows.csv."""
    labels = ["ham", "spam"]
    bad = [["a.csv", 100 + k, "label", f"reason {k}"] for k in range(12)]
    folder = make_run(tmp_path / "run", some_rows(labels), labels, bad_rows=bad, config={"epochs": 7})
    _, page = written(folder)
    measured = json.loads((folder / "metrics.json").read_text())["validation"]
    figures = [f"{measured[key]:.2%}" for key in ("accuracy", "macro_f1")]
    figures += [f"{row[key]:.3f}" for row in measured["per_class"] for key in ("precision", "recall", "f1")]
    for figure in (*figures, "1,234", "0.457", "0.3456", "0.1234", "0.0123", "0.0000", "3.2 s"):
        assert figure in page.text, figure
    for words in ("gb18030", "tab", "88e67c35", "keras 3.15.1", "6.1% of the texts", "Unusable rows: 12", "reason 9"):
        assert words in page.text, words
    assert not any(words in page.text for words in ("reason 10", "onnx None", "-0.0000"))
    assert re.search(r"Changed.*epochs\s*7.*left at their defaults.*max_bytes", page.text, re.DOTALL)


def test_mistakes_come_by_confidence_with_their_line(tmp_path: Path) -> None:
    """The surest first, at most 25, with truth, prediction, probability and place."""
    rows: list[Row] = [(f"text {k}", "ham", "spam", (k * 37 % 90) / 100) for k in range(90)] + [
        ("good", "ham", "ham", 1.0)
    ]
    _, page = written(make_run(tmp_path / "run", rows, ["ham", "spam"]))
    part = page.text[page.text.index("25 most confident of 90") : page.text.index("SHA-256")]
    places = [part.index(f"({p}.0%)") for p in range(89, 64, -1)]
    assert places == sorted(places)
    assert not any(words in part for words in ("(64.0%)", "good"))
    assert f"data/新闻.csv, line {next(k for k, r in enumerate(rows) if r[3] == 0.89) + 2}" in part


def test_every_input_column_is_shown(tmp_path: Path) -> None:
    """With several inputs, each cell stands under the name of its column."""
    columns = {"title": "text", "price <€>": "number"}
    _, page = written(make_run(tmp_path / "run", [("7", "a", "b", 0.9)], ["a", "b"], columns=columns))
    assert re.search(r"predicted b.*truth a.*title\s*7\s*price <€>\s*7", page.text, re.DOTALL)
    assert "from title (text), price <€> (number)." in page.text


def test_no_mistakes_no_bad_rows_one_epoch_and_a_loss_that_is_no_number(tmp_path: Path) -> None:
    """The least that can be said is said without a warning."""
    rows = [("a text", "a", "a", 1.0)] * 3 + [("b text", "b", "b", 1.0)]
    _, page = written(make_run(tmp_path / "run", rows, ["a", "b"], epochs=1, loss="nan"))
    for words in ("It made no mistake", "None: all 4 held-out predictions", "No row was unusable", "1 epoch,"):
        assert words in page.text


def test_many_classes_are_listed_as_pairs(tmp_path: Path) -> None:
    """A matrix up to 30 classes; beyond, the pairs, and the classes from the weakest."""
    for count, matrices in ((30, 1), (31, 0)):
        labels = [f"class {k}" for k in range(count)]
        text, page = written(make_run(tmp_path / f"{count}", some_rows(labels, 100), labels))
        assert sum("matrix" in (a.get("class") or "") for tag, a in page.tags if tag == "table") == matrices
        assert "Confused most often" in text
        assert ("too many for a matrix" in text) == (not matrices)


def test_long_texts_are_cut_where_the_model_stops_reading() -> None:
    """400 characters, the rest to open, nothing behind max_bytes; no sign is cut in two, no control kept."""
    assert excerpt("short") == {"shown": "short", "rest": "", "left_out": 0, "unread": 0}
    cut = excerpt("新" * 2000, max_bytes=4096)
    assert (len(cut["shown"]), len(cut["rest"]), cut["left_out"], cut["unread"]) == (400, 965, 635, 635)
    family = excerpt("x" * 398 + "👩‍👩‍👧" + "y" * 300)
    assert (family["shown"], family["rest"][:5]) == ("x" * 398, "👩‍👩‍👧")
    assert excerpt("word " * 200)["shown"] == "word " * 80 == excerpt("word " * 80 + "w" * 99)["shown"]
    assert (excerpt("z" * 50_000)["left_out"], excerpt("a\0b\r\nc\x1b")["shown"]) == (30_000, "a␀b\nc␛")
    assert label("  ") == "<bdi>&#39;  &#39;</bdi>"


def test_the_interval_is_wilsons() -> None:
    """Against published values (Newcombe 1998, table I: 81 of 263, 0 of 20)."""
    assert interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert interval(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    assert interval(0, 0) == (0, 1)


def test_the_command_trains_the_same_again(tmp_path: Path) -> None:
    """The command shown is one that `mmkeras train` understands, as the same Config in another folder."""
    folder = make_run(tmp_path / "my run", some_rows(["a", "b"]), ["a", "b"], config={"seed": 7, "resume": True})
    _, page = written(folder)
    line = next(line for line in page.text.splitlines() if line.startswith("mmkeras train --config"))
    again = parse("train", shlex.split(line)[2:])
    assert again == Config.of(seed=7, output=f"{folder}-again")


def test_the_same_run_gives_the_same_page_and_nothing_else(tmp_path: Path) -> None:
    """Byte for byte; no temporary file stays; a missing file is named and leaves no page."""
    folder = make_run(tmp_path / "run", some_rows(["a", "b"]), ["a", "b"])
    before = {path.name for path in folder.iterdir()}
    assert written(folder)[0] == written(folder)[0]
    assert {path.name for path in folder.iterdir()} - before == {"report.html"}
    (folder / "metrics.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"metrics\.json"):
        write_report(folder)


def test_no_heavy_imports(tmp_path: Path) -> None:
    """The report starts fast: no TensorFlow, Keras, scikit-learn, pandas or pyplot."""
    folder = make_run(tmp_path / "run", some_rows(["a", "b"]), ["a", "b"])
    code = f"""import sys, pathlib, mmkeras.report.page as page
page.write_report(pathlib.Path({str(folder)!r}))
print({{'tensorflow', 'keras', 'sklearn', 'pandas', 'matplotlib.pyplot'}} & set(sys.modules))"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("set()", "")


def test_what_was_left_out_of_the_table_is_listed(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", some_rows(["ham", "spam"], 40), ["ham", "spam"])
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    note = "Column 'id' is ignored: every row has a different value, so it only names the row. To use it: --keep <id>."
    (folder / "schema.json").write_text(json.dumps({**schema, "notes": [note]}), encoding="utf-8")
    text, _ = written(folder)
    assert "Column &#39;id&#39; is ignored" in text
    assert "--keep &lt;id&gt;" in text
