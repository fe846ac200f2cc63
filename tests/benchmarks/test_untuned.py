"""The benchmark of tables that nothing was chosen by, without its trainings: its tables, its splits and its lines."""

from __future__ import annotations

import random

import pytest

from benchmarks import untuned
from benchmarks.harness.measure import StepFailed
from benchmarks.peers.command import read_rows


def test_paragraphs_of_docstrings_have_the_module_of_their_definition(tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    (tmp_path / "tests").mkdir()
    source = 'class A:\n    """First line\n    goes on.\n\n    Second."""\n\ndef f():\n    """Of f, a function."""\n'
    for name in ("inner/one.py", "tests/two.py"):
        (tmp_path / name).write_text(source)
    (tmp_path / "broken.py").write_text("def (")
    monkeypatch.setattr(untuned, "folder_of", lambda package: tmp_path if package == "numpy" else None)
    found = [(module, kind, untuned.first_paragraph(text)) for module, kind, text in untuned.docstrings()]
    assert found == [
        ("numpy.inner", "class", "First line goes on."),
        ("numpy.inner", "function", "Of f, a function."),
    ]


def test_a_quarter_of_the_texts_is_tested_and_no_text_stands_on_both_sides(tmp_path):
    rows = [(f"text {number}", "even" if number % 2 == 0 else "odd") for number in range(80)] * 2
    train, test, count, classes = untuned.write_split(rows, tmp_path, 50, random.Random(0))
    learned, tested = (read_rows(path)[0] for path in (train, test))
    assert (len(learned), len(tested), count, classes) == (50, 20, 50, 2)
    assert not set(learned) & set(tested)


@pytest.mark.parametrize("fails", [False, True])
def test_lines_have_the_difference_of_means_and_a_failure_is_told(fails, monkeypatch, capsys):
    monkeypatch.setattr(untuned, "docstring_tables", lambda draw: {"modules": [("a", "x"), ("b", "y")] * 4})
    monkeypatch.setattr(untuned, "languages", lambda draw: [])

    def measure(train, test, folder, seed):
        if fails:
            raise StepFailed("code 1: no memory")
        return {"accuracy": 90.0 + seed, "macro_f1": 80.0}, {"accuracy": 88.0, "macro_f1": 70.0}

    monkeypatch.setattr(untuned, "measure", measure)
    assert untuned.main(["--tables", "modules", "languages", "--seeds", "0", "1"]) == fails
    out, err = capsys.readouterr()
    assert ("| 90.50 (80.00) | 88.00 (70.00) | +2.50 |" in out) == (not fails)
    assert ("no memory" in err) == fails
    assert "languages: left out" in err
