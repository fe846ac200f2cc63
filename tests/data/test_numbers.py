"""Numbers as people write them: the parts of a cell, notations, and a cell in Python's notation."""

from __future__ import annotations

import pytest

from mmkeras.data.columns.column import Column
from mmkeras.data.values.numbers import GROUPS, PLAIN, Notation, all_plain, as_plain, parse_notation, parts_of
from mmkeras.data.values.raw_cell import read_raw
from mmkeras.errors import BadCell, InputError


@pytest.mark.parametrize(
    ("cell", "notation", "plain"),
    [
        ("1.234,56", "1.234,56", "1234.56"),
        ("1.234.567", "1.234,56", "1234567"),
        ("12,5", "1.234,56", "12.5"),
        (",5", "1234,56", "0.5"),
        ("1,234.56", "1,234.56", "1234.56"),
        ("12,34,567.8", "1,234.56", "1234567.8"),
        ("1 234,5", "1 234,56", "1234.5"),
        ("1\u202f234,5\u00a0€", "1 234,56€", "1234.5"),
        ("1'234.50", "1'234.56", "1234.50"),
        ("1’234.50", "1'234.56", "1234.50"),
        ("CHF 1'234.50", "CHF 1'234.56", "1234.50"),
        ("$1,200.50", "$1,234.56", "1200.50"),
        ("-$1,200.50", "$1,234.56", "-1200.50"),
        ("$-1,200.50", "$1,234.56", "-1200.50"),
        ("($1,200.50)", "$1,234.56", "-1200.50"),
        ("$ (1,200.50)", "$1,234.56", "-1200.50"),
        ("(300)", "1,234.56", "-300"),
        ("300-", "1.234,56", "-300"),
        ("−5.5", PLAIN, "-5.5"),
        ("٣٤", PLAIN, "34"),
        ("３４", PLAIN, "34"),
        ("٣٬٤٥٦٫٧", "1,234.56", "3456.7"),
        ("67,0 %", "1234,56%", "67.0"),
        ("67,0", "1234,56%", "67.0"),
        ("12 kg", "1234.56kg", "12"),
        ("12 KG", "1234.56kg", "12"),
        ("1 year", "1234.56years", "1"),
        ("12 m²", "1234.56m2", "12"),
        ("1.2M", "1234.56k", "1200000.0"),
        ("10K+", "1234.56k", "10000.0"),
        ("3 crores", "1234.56k", "30000000.0"),
        ("1,5 Mio.", "1234,56k", "1500000.0"),
        ("1,234E+02", "1234,56", "1.234E+02"),
        ("1e-3", PLAIN, "1e-3"),
    ],
)
def test_a_cell_in_a_notation(cell: str, notation: str, plain: str) -> None:
    parsed = parse_notation(notation)
    assert as_plain(cell, parsed) == plain
    assert all_plain([cell, "x", cell], parsed) == [plain, None, plain]
    assert float(read_raw(cell, Column("x", "number", "input", notation=notation))) == float(plain)


@pytest.mark.parametrize(
    ("cell", "notation"),
    [
        ("1.234,56", "1,234.56"),
        ("1.23.456", "1.234,56"),
        ("1,23,4", "1,234.56"),
        ("0.123", "1.234,56"),
        ("1,234E+02", "1,234.56"),
        ("12 kg", PLAIN),
        ("12 lbs", "1234.56kg"),
        ("£5", "$1,234.56"),
        ("<5", PLAIN),
        ("5 - 10", PLAIN),
        ("(5", PLAIN),
        ("5)", PLAIN),
        ("--5", PLAIN),
        ("1e999", PLAIN),
        ("a5", PLAIN),
        ("", PLAIN),
        ("5" * 100, "1,234.56"),
    ],
)
def test_no_number_in_a_notation(cell: str, notation: str) -> None:
    assert as_plain(cell, parse_notation(notation)) is None
    assert all_plain([cell], parse_notation(notation)) == [None]


@pytest.mark.parametrize(
    "unit", [("", ""), ("$", ""), ("CHF", ""), ("", "€"), ("", "kg"), ("", " %".strip()), ("", "m2")]
)
@pytest.mark.parametrize("separators", GROUPS)
def test_a_notation_shows_itself(separators: tuple[str, str], unit: tuple[str, str]) -> None:
    notation = Notation(*separators, *unit)
    assert parse_notation(str(notation)) == notation


@pytest.mark.parametrize("text", ["1.234.56", "5", "abc", "-1.234,56", "1.234,567", "1,234,56"])
def test_a_text_that_shows_no_notation(text: str) -> None:
    with pytest.raises(InputError, match=r"--notation price=.*expected the number 1234\.56"):
        parse_notation(text, "price")


def test_the_parts_of_a_cell() -> None:
    parts = parts_of("-$1,200.50 per m")
    assert parts is not None
    assert (parts.negative, parts.prefix, parts.core, parts.suffix) == (True, "$", "1,200.50", "per m")


def test_a_client_is_told_which_number_is_expected() -> None:
    with pytest.raises(BadCell, match=r"such as 1\.234,56, received '1,234\.56'"):
        read_raw("1,234.56", Column("x", "number", "input", notation="1.234,56"))
    with pytest.raises(BadCell, match=r"expected a number, received '1_000'"):
        read_raw("1_000", Column("x", "number", "input"))


def test_a_missing_mark_of_a_client() -> None:
    column = Column("x", "number", "input", missing=("-999",), not_missing=("unknown",))
    assert [read_raw(cell, column) for cell in ("", " ", "N/A", "n/a", "-999", "None")] == [""] * 6
    with pytest.raises(BadCell):
        read_raw("unknown", column)
