"""The report of models that generate texts: one `write_report` for every task, and one page for each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from report_pages import written
from report_runs import INPUTS, make_generate_run, make_language_run

from mmkeras.config.tasks import task_names
from mmkeras.report.commands import USE, use_commands
from mmkeras.report.page import PAGES, write_report


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
        ("classify", ["mmkeras predict 'my run' new.csv --output predictions.csv"]),
        ("generate", ["mmkeras generate 'my run' \"a text\" --input 'the photo=picture.jpg'"]),
        ("language_model", ["mmkeras generate 'my run' \"a text\"", "mmkeras score 'my run' \"a text\""]),
    ],
)
def test_what_asks_an_exported_folder(task: str, expected: list[str]) -> None:
    assert use_commands("my run", {"task": task, "inputs": INPUTS}) == expected
