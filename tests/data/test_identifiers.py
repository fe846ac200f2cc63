"""Columns that only name the row, by their values and by their names; measures that look like them."""

from __future__ import annotations

import hashlib
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
import written_tables as tables

from mmkeras.data.columns.identifiers import numbers_rows, why_useless
from mmkeras.data.values.distinct import Distinct
from mmkeras.errors import InputError

RANDOM = random.Random(7)
N = tables.N


def sample(low: int, high: int) -> list[str]:
    """Whole numbers, all different, in no order."""
    return [str(number) for number in RANDOM.sample(range(low, high), N)]


IDENTIFIERS: dict[str, tuple[str, list[Any]]] = {
    "counted": ("n", [str(k + 1) for k in range(N)]),
    "counted, shuffled": ("n", sample(0, N)),
    "counted, as floats": ("n", [f"{k}.0" for k in range(N)]),
    "gaps, by name": ("PatientId", sample(1, 10**6)),
    "gaps, by name in capitals": ("OBJECTID", sample(1, 10**6)),
    "gaps, by name in French": ("numéro client", sample(1, 10**6)),
    "gaps, by name in Chinese": ("编号", sample(1, 10**6)),
    "gaps, by value": ("n", sample(1, 1500)),
    "gaps, sorted": ("n", sorted(sample(1, 1900), key=int)),
    "thousands": ("id", [f"{int(number):,}" for number in sample(1, 300_000)]),
    "uuid": ("key", [str(uuid.UUID(int=RANDOM.getrandbits(128))) for _ in range(N)]),
    "uuid in braces": ("key", [f"{{{str(uuid.UUID(int=RANDOM.getrandbits(128))).upper()}}}" for _ in range(N)]),
    "md5": ("h", [hashlib.md5(str(k).encode()).hexdigest() for k in range(N)]),
    "with a prefix": ("probe", [f"P-{number}" for number in sample(1, 9999)]),
    "letters and digits": ("customer", [f"{n}-{''.join(RANDOM.choices('ABCDEFGH', k=5))}" for n in sample(1000, 9999)]),
    "year and number": ("Vorgang", [f"2023/{int(number):05}" for number in sample(1, 99_999)]),
    "a word and a number": ("who", [f"Passenger {k}" for k in range(N)]),
    "email": ("email", [f"{w}{k}@mail.example" for k, w in enumerate(tables.chosen(*tables.WORDS))]),
    "phone": ("phone", [f"+49 {n[:3]} {n[3:]}" for n in sample(1_510_000, 1_799_999)]),
    "iban": ("iban", [f"DE{n[:2]} {n[2:6]} 1234 5678 {n[:4]} 00" for n in sample(1_000_000, 9_999_999)]),
}


@pytest.mark.parametrize("case", IDENTIFIERS)
def test_an_identifier_is_left_out_and_explained(case: str, tmp_path: Path) -> None:
    name, cells = IDENTIFIERS[case]
    table, column = tables.input_column(tmp_path, cells, name)
    assert column.role == "ignored"
    assert "every row has a different value, so it only names the row" in tables.notes_on(table, name)
    assert f"To use it: --keep {name!r}." in tables.notes_on(table, name)
    assert tables.input_column(tmp_path, cells, name, keep=(name,))[1].role == "input"


MEASURES: dict[str, tuple[str, list[Any]]] = {
    "income": ("income", sample(20_000, 90_000)),
    "a sorted price": ("price", sorted(sample(10_000, 900_000), key=int)),
    "in a name of another script": ("доход", sample(20_000, 90_000)),
    "thousands": ("value", [f"{int(number):,}" for number in sample(100, 90_000)]),
    "decimals": ("x", [f"{v:.3f}" for v in tables.numbers(0, 9)]),
    "reviews": ("reviews number", sample(1, 99_999)),
    "few numbers": ("number_of_rooms", tables.chosen("1", "2", "3")),
    "a size": ("size", [f"{RANDOM.randint(10, 60)}x{RANDOM.randint(10, 60)}" for _ in range(N)]),
    "a time of day": ("at", [f"{k % 24:02}:{k * 7 % 60:02}" for k in range(N)]),
    "an address": ("ip", [".".join(str(RANDOM.randint(1, 254)) for _ in range(4)) for _ in range(N)]),
    "a page": ("url", [f"http://{RANDOM.choice(tables.WORDS)}.example/{k}" for k in range(N)]),
    "words": ("word", ["".join(RANDOM.choices("abcdefgh", k=7)) for _ in range(N)]),
    "texts": ("text", tables.texts()),
}


@pytest.mark.parametrize("case", MEASURES)
def test_a_measure_is_used(case: str, tmp_path: Path) -> None:
    name, cells = MEASURES[case]
    table, column = tables.input_column(tmp_path, cells, name)
    assert column.role == "input", table.notes


def test_a_constant_column(tmp_path: Path) -> None:
    table, column = tables.input_column(tmp_path, ["x"] * N)
    assert column.role == "ignored"
    assert "every row has the same value ('x')" in tables.notes_on(table, "x")
    assert tables.input_column(tmp_path, ["x"] * (N - 1) + [""])[1].role == "input"


def test_groups(tmp_path: Path) -> None:
    cells = [f"P{RANDOM.randint(1, 60):03}" for _ in range(N)]
    table, column = tables.input_column(tmp_path, cells, "patient_id")
    assert column.role == "ignored"
    assert "--group-column 'patient_id'" in tables.notes_on(table, "patient_id")
    few = [f"P{k % 40:03}" for k in range(N)]
    table, column = tables.input_column(tmp_path, few, "patient_id")
    assert (column.role, column.kind) == ("input", "category")
    assert "may stand on both sides of the split" in tables.notes_on(table, "patient_id")
    shops = [str(k % 10) for k in range(N)]
    table, column = tables.input_column(tmp_path, shops, "store_id")
    assert (column.role, column.kind) == ("input", "category")
    assert not tables.notes_on(table, "store_id")


def test_a_target_that_counts_the_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column looks like a target; in 'n'"):
        tables.read(tmp_path, {"text": tables.texts(), "n": [str(k) for k in range(N)]})
    assert numbers_rows("n", Distinct.of(["3", "1", "2"]))
    assert not numbers_rows("n", Distinct.of(["3", "1", "1"]))
    assert not numbers_rows("n", Distinct.of(["3", "", "1"]))


def test_no_rows_to_tell() -> None:
    assert why_useless("x", Distinct.of(["", ""]), "text") == "every cell is empty or a mark of a missing value"
    assert why_useless("x", Distinct.of(["ab", "cd"]), "category") == ""
