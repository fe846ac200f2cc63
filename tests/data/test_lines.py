"""Text files as streams: lines, blank ones too, and the counts that others publish of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_runs

from mmkeras.data.lines import as_stream, read_lines
from mmkeras.data.targets.target_tokenizer import EOS, train_tokenizer
from mmkeras.errors import InputError

SHARED = small_runs.ROOT.parent / "shared" / "data"


def test_a_blank_line_is_an_end_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("\ufeff\na b\n \t\n\nb c d\n", encoding="utf-8")
    lines = read_lines(path)
    assert lines == ["", "a b", "", "", "b c d"]
    stream = as_stream(lines, train_tokenizer("word", lines, 10))
    assert len(stream) == 5 + len(lines)
    assert stream.tolist().count(EOS) == len(lines)
    assert stream[[0, 3, 4, 5]].tolist() == [EOS] * 4


@pytest.mark.parametrize("ending", ["", "\n"])
def test_the_last_line_needs_no_end(tmp_path: Path, ending: str) -> None:
    (tmp_path / "t.txt").write_text(f"a\nb{ending}", encoding="utf-8")
    assert read_lines(tmp_path / "t.txt") == ["a", "b"]


def test_blank_lines_alone_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n \n\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected lines of text, received none"):
        read_lines(tmp_path / "t.txt")


@pytest.mark.parametrize(
    ("file", "count"),
    [
        ("ptb/valid.txt", 73_760),
        ("ptb/test.txt", 82_430),
        ("wikitext2_valid_test/valid.txt", 217_646),
        ("wikitext2_valid_test/test.txt", 245_569),
    ],
)
def test_published_counts_of_words(file: str, count: int) -> None:
    if not (SHARED / file).exists():
        pytest.skip(f"{SHARED / file} is not there")
    lines = read_lines(SHARED / file)
    assert len(as_stream(lines, train_tokenizer("word", lines, 50_000))) == count
