"""Text files as streams: lines, blank ones too, and the counts that others publish of theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmkeras.data.lines import as_stream, read_lines
from mmkeras.data.target_tokenizer import END, learn_pieces
from mmkeras.errors import InputError
from mmkeras.features.stream_batches import StreamBatches, enough

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def test_a_blank_line_is_an_end_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.txt"
    path.write_text("\ufeff\na b\n \t\n\nb c d\n", encoding="utf-8")
    lines = read_lines(path)
    assert lines == ["", "a b", "", "", "b c d"]
    stream = as_stream(lines, learn_pieces("word", lines, 10))
    assert len(stream) == 5 + len(lines)
    assert stream.tolist().count(END) == len(lines)
    assert stream[[0, 3, 4, 5]].tolist() == [END] * 4


@pytest.mark.parametrize("ending", ["", "\n"])
def test_the_last_line_needs_no_end(tmp_path: Path, ending: str) -> None:
    (tmp_path / "t.txt").write_text(f"a\nb{ending}", encoding="utf-8")
    assert read_lines(tmp_path / "t.txt") == ["a", "b"]


def test_blank_lines_alone_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("\n \n\n", encoding="utf-8")
    with pytest.raises(InputError, match="expected lines of text, found none"):
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
    assert len(as_stream(lines, learn_pieces("word", lines, 50_000))) == count


@pytest.mark.parametrize(
    ("count", "advice"), [(25, "Give more text, or --batch-size 12 at most."), (1, "Give more text.")]
)
def test_a_text_that_is_too_short_is_named_with_what_to_do(count: int, advice: str) -> None:
    with pytest.raises(InputError) as error:
        StreamBatches(np.zeros(count, "int32"), 20, 35, "train.txt")
    assert str(error.value).startswith(f"train.txt: {count} pieces are too few for 20 rows")
    assert str(error.value).endswith(advice)
    StreamBatches(np.zeros(24, "int32"), 12, 35)


def test_a_short_text_to_measure_by_is_read_by_every_row() -> None:
    stream = np.array([3, 4, 5, END], "int32")
    ((given, wanted),) = StreamBatches(enough(stream, 3), 3, 35)
    assert given.tolist() == [[END, 3, 4, 5]] * 3
    assert wanted.tolist() == [[3, 4, 5, END]] * 3
    long = np.arange(6)
    assert enough(long, 3) is long
    assert len(enough(stream[:1], 3)) == 1, "too short for any row, which is said"
