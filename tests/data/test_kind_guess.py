"""The kind of a column, told by nearly all of its cells."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
import written_tables as tables

from mmkeras.errors import InputError

RANDOM = random.Random(5)
N = tables.N

KINDS: dict[str, tuple[str, list[Any]]] = {
    "numbers": ("number", [f"{v:.2f}" for v in tables.numbers(0, 9)]),
    "numbers and one mark of Excel": ("number", tables.with_odd([f"{v:.2f}" for v in tables.numbers(0, 9)], "#N/A")),
    "numbers and a few that are none": (
        "number",
        tables.with_odd([f"{v:.2f}" for v in tables.numbers(0, 9)], "<5", "inf", "ca. 3"),
    ),
    "years": ("number", [str(RANDOM.randint(1950, 2020)) for _ in range(N)]),
    "amounts with a unit": ("number", [f"{v:.1f} kg" for v in tables.numbers(0, 9)]),
    "half numbers": (
        "text",
        [str(RANDOM.randint(1, 99)) if k % 2 else f"{RANDOM.choice(tables.WORDS)}{k}" for k in range(N)],
    ),
    "dates": ("date", [f"2024-{RANDOM.randint(1, 12):02}-{RANDOM.randint(1, 28):02}" for _ in range(N)]),
    "dates and one that is none": (
        "date",
        tables.with_odd([f"2024-{1 + k % 12:02}-{1 + k % 28:02}" for k in range(N)], "0000-00-00"),
    ),
    "pictures": ("image", [f"img/{k}.jpg" for k in range(N)]),
    "pictures and a few others": ("image", tables.with_odd([f"img/{k}.JPG" for k in range(N)], "img/7.heic", "n/a")),
    "clips": ("audio", [f"{k}.wav" for k in range(N)]),
    "categories": ("category", tables.chosen("red", "green", "blue")),
    "truth values": ("category", tables.chosen("TRUE", "FALSE")),
    "ranges": ("category", [f"{a} - {a + 9}" for a in (RANDOM.randint(0, 9) * 10 for _ in range(N))]),
    "ratings": ("category", tables.chosen("1/5", "2/5", "3/5")),
    "codes": ("category", tables.chosen("007", "012", "103")),
    "blood groups": ("category", tables.chosen("A+", "A-", "B+", "0-")),
    "two words": ("category", tables.chosen("New York", "San Jose", "Ulm")),
    "versions": ("text", [f"{k % 3}.{k % 10}.{k % 21}" for k in range(N)]),
    "sentences": ("text", tables.texts()),
    "sentences that repeat": ("text", tables.chosen(*tables.texts(15))),
    "Chinese sentences that repeat": (
        "text",
        tables.chosen("我想要一个大披萨谢谢", "你好我叫小明很高兴", "今天天气非常好是吗"),
    ),
    "Chinese places": ("category", tables.chosen("北京市", "上海", "广州市")),
    "nothing": ("text", [""] * N),
    "marks of missing values": ("text", tables.chosen("NA", "nan")),
}


@pytest.mark.parametrize("case", KINDS)
def test_the_kind_of_a_column(case: str, tmp_path: Path) -> None:
    kind, cells = KINDS[case]
    assert tables.input_column(tmp_path, cells)[1].kind == kind


def test_odd_cells_are_counted_and_shown(tmp_path: Path) -> None:
    cells = tables.with_odd([f"{v:.2f}" for v in tables.numbers(0, 9)], "<5", "<5", "inf", "about 3")
    table, column = tables.input_column(tmp_path, cells)
    assert column.odd == 4
    assert "4 of 200 cells are no number (2 × '<5', 1 × 'inf', 1 × 'about 3')" in tables.notes_on(table, "x")
    assert (table.rows["x"] == "").sum() == 4
    assert len(table.rows) == N


def test_a_number_beyond_those_of_the_model_is_odd(tmp_path: Path) -> None:
    """Float32 would make infinity of it, and every loss would be NaN."""
    for form in ("{:.2f}", "{:.2f} kg"):
        cells = tables.with_odd([form.format(v) for v in tables.numbers(0, 9)], "1e300", "-1e39", "3e38")
        table, column = tables.input_column(tmp_path, cells)
        assert column.odd == 2
        assert "(1 × '1e300', 1 × '-1e39')" in tables.notes_on(table, "x")


def test_more_than_a_twentieth_is_another_kind(tmp_path: Path) -> None:
    numbers = [f"{v:.2f}" for v in tables.numbers(0, 9)]
    assert tables.input_column(tmp_path, tables.with_odd(numbers, *["odd"] * 10))[1].kind == "number"
    assert tables.input_column(tmp_path, tables.with_odd(numbers, *["odd"] * 11))[1].kind == "text"


def test_a_column_that_is_half_numbers_is_told(tmp_path: Path) -> None:
    cells = [str(RANDOM.randint(3, 900)) if k % 3 else "<3" for k in range(N)]
    table, column = tables.input_column(tmp_path, cells)
    assert column.kind == "text"
    assert "67% of its cells are numbers, others such as '<3' are none" in tables.notes_on(table, "x").replace(
        "66%", "67%"
    )
    assert "--number 'x'" in tables.notes_on(table, "x")
    assert not tables.notes_on(tables.input_column(tmp_path, tables.texts())[0], "x")


def test_a_flag_allows_half_to_be_odd(tmp_path: Path) -> None:
    cells = tables.with_odd([f"{v:.2f}" for v in tables.numbers(0, 9)], *["odd"] * 60)
    table, column = tables.input_column(tmp_path, cells, number=("x", "other"))
    assert (column.kind, column.given, column.odd) == ("number", True, 60)
    with pytest.raises(InputError, match="expected numbers, but most cells are none"):
        tables.input_column(tmp_path, tables.texts(), number=("x",))


def test_oversampled_sentences_stay_on_one_side(tmp_path: Path) -> None:
    from mmkeras.config.config import Config
    from mmkeras.data.splits.split import split_table

    sentences = tables.texts(30)
    cells = [sentences[k % 30] for k in range(N)]
    table = tables.read(tmp_path, {"text": cells, "intent": [("a", "b")[k % 30 % 2] for k in range(N)]})
    parts = split_table(table, Config.of(csv=table.path).data)
    assert not set(parts.train["text"]) & set(parts.validation["text"])
    assert "170 of 200 rows repeat the inputs of another row" in " ".join(parts.notes)


def test_a_rare_event_is_a_target(tmp_path: Path) -> None:
    fraud = ["1" if k % 50 == 0 else "0" for k in range(N)]
    table = tables.read(tmp_path, {"a": tables.numbers(0, 1), "shop": tables.chosen("x", "y"), "fraud": fraud})
    assert table.target is not None
    assert table.target.name == "fraud"
    credits = ["CC-BY 2.0"] * N
    table = tables.read(tmp_path, {"a": tables.numbers(0, 1), "shop": tables.chosen("x", "y"), "credits": credits})
    assert table.target is not None
    assert table.target.name == "shop"
