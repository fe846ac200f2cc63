"""Which notation a column of dates has, and which columns are of something else."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path

import made_up_dates
import pytest

from mmkeras.data.dates.calendar import NOTATIONS, Notation, find_date_notation

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"


def column(notation: Notation, count: int, timed: bool, seed: int = 0) -> list[str]:
    """Distinct dates of ten years in random order."""
    rng = random.Random(seed)
    first = 1995 if notation.short else 2015
    found = made_up_dates.moments(4 * count, seed, first, first + 9)
    cells = [made_up_dates.write(moment, notation, rng, timed) for moment in rng.sample(found, count)]
    return list(dict.fromkeys(cells))


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
def test_the_notation_of_a_column_is_found_and_its_odd_cell(notation: Notation, timed: bool) -> None:
    if notation.name == "YYYY-M-D" and not timed:
        timed = True
    values = column(notation, 400, timed, seed=1)
    name = "created_at" if notation.style == "unix" else "x"
    values.insert(17, "0000-00-00")
    found = find_date_notation(values, name)
    assert found is not None
    assert found.notation == notation.name
    assert found.odd.nonzero()[0].tolist() == [17]
    assert not found.doubtful


@pytest.mark.parametrize(
    ("file", "notation", "odd"),
    [
        *(("iso", "YYYY-MM-DD", 0), ("iso_t", "YYYY-MM-DD", 0), ("iso_one_bad", "YYYY-MM-DD", 1)),
        *(("de", "DD.MM.YYYY", 0), ("uk", "DD/MM/YYYY", 0), ("us", "MM/DD/YYYY", 0), ("us_time", "MM/DD/YYYY", 0)),
        *(("slash", "YYYY/MM/DD", 0), ("compact", "YYYYMMDD", 0), ("text", "Mon D, YYYY", 0)),
        ("unix", "unix seconds", 0),
    ],
)
def test_columns_as_people_have_them(file: str, notation: str, odd: int) -> None:
    path = CASES / "8" / f"{file}.csv"
    if not path.is_file():
        pytest.skip("the example tables are not beside the repository")
    with path.open(encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    found = find_date_notation(list(dict.fromkeys(row["ordered"] for row in rows)), "ordered")
    assert found is not None
    assert (found.notation, int(found.odd.sum()), found.doubtful) == (notation, odd, "")
    assert find_date_notation(list(dict.fromkeys(row["amount"] for row in rows)), "amount") is None


PAIRS = [(1, 2), (3, 4), (12, 1), (5, 6), (7, 8), (2, 11), (10, 9)]


@pytest.mark.parametrize(
    ("values", "name", "notation", "doubtful"),
    [
        ([f"{a:02d}.{b:02d}.2022" for a, b in PAIRS], "day", "DD.MM.YYYY", ""),
        ([f"{a:02d}/{b:02d}/2022" for a, b in PAIRS], "day", "DD/MM/YYYY", "--notation day=MM/DD/YYYY reads the month"),
        ([f"{a:02d}-{b:02d}-2022" for a, b in PAIRS], "day", "DD-MM-YYYY", "--notation day=MM-DD-YYYY reads the month"),
        ([f"{a}/{b}/2022" for a, b in PAIRS], "a day", "MM/DD/YYYY", "--notation 'a day=DD/MM/YYYY' reads the day"),
        ([f"{a}/{b}/2022" for a, b in PAIRS], "Fecha", "DD/MM/YYYY", "--notation Fecha=MM/DD/YYYY reads the month"),
        ([f"{a:02d}/{b:02d}/2022 2:30 PM" for a, b in PAIRS], "", "MM/DD/YYYY", "--notation COLUMN=DD/MM/YYYY"),
        # the first of each month
        ([f"{m:02d}/01/{y}" for y in (2021, 2020) for m in (3, 1, 4, 2)], "", "MM/DD/YYYY", ""),
        ([f"01/{m:02d}/{y}" for y in (2021, 2020) for m in (3, 1, 4, 2)], "", "DD/MM/YYYY", ""),
        # the order of the rows
        (["05/11/2021", "02/12/2021", "11/12/2021", "03/01/2022", "09/02/2022", "01/03/2022"], "", "DD/MM/YYYY", ""),
        (["11/05/2021", "12/02/2021", "12/11/2021", "01/03/2022", "02/09/2022", "03/01/2022"], "", "MM/DD/YYYY", ""),
        (["01/01/2022", "02/02/2022"], "", "DD/MM/YYYY", ""),
        # several signs, one order
        (["04/10/2022", "04-13-2022", "12/24/2021"], "", "MM/DD/YYYY", ""),
        # full years beside those of two digits
        (["04/13/2022", "04/13/21", "12/24/20"], "", "MM/DD/YY", ""),
        ([f"22/{m:02d}/{d:02d}" for m in range(1, 13) for d in range(1, 29)], "", "YY/MM/DD", ""),
        ([f"{d:02d}/{m:02d}/22" for m in range(1, 13) for d in range(1, 29)], "", "DD/MM/YY", ""),
        (["22/04/10", "21/03/09"], "", "DD/MM/YY", "year and day cannot be told apart; --notation COLUMN=YY/MM/DD"),
        (["10.04.2022"], "", "DD.MM.YYYY", ""),
        (["20220410"], "date", "YYYYMMDD", ""),
        (["1649589840", "1649589841"], "timestamp", "unix seconds", ""),
        (["1649589840123", "1649589841555"], "createdAt", "unix milliseconds", ""),
        (["1649589840", "1631774700", "1617156480"], "x", "unix seconds", "--number x reads them as numbers"),
        (["14:30", "9:05", "23:59"], "", "HH:MM", ""),
        (["2:30 PM", "9 am"], "", "HH:MM", ""),
    ],
)
def test_what_the_column_tells_and_what_is_doubtful(
    values: Sequence[str], name: str, notation: str, doubtful: str
) -> None:
    found = find_date_notation(values, name)
    assert found is not None
    assert found.notation == notation
    assert doubtful in found.doubtful
    assert bool(doubtful) == bool(found.doubtful), found.doubtful


def sample(low: int, high: int, count: int = 400) -> list[str]:
    return [str(number) for number in random.Random(1).sample(range(low, high), count)]


OTHERS = {
    "versions": [f"{a}.{b}.{c}" for a in range(3) for b in range(12) for c in range(10)],
    "late versions": [f"{a}.{b}.{c}" for a in range(1, 12) for b in range(1, 13) for c in range(10, 30)],
    "ip": [f"10.{k % 12}.{k}.{k * 7 % 256}" for k in range(200)],
    "phone": sample(2010000000, 9899999999),
    "mobile": sample(1510000000, 1799999999),
    "contact": sample(1510000000, 1799999999),
    "order": [str(k) for k in range(1000012345, 1000016345, 7)],
    "order of a day": [f"20220410{k:02d}" for k in range(99)],
    "price": [f"{1 + k * 7 % 998}.{k:03d}" for k in range(400)],
    "amount": sample(10**9, 2 * 10**9),
    "score": [f"{a}/{b}" for a in range(1, 12) for b in range(1, 20)],
    "goals": [f"{a}:{b}" for a in range(7) for b in range(7)],
    "isbn": [f"978-3-16-{k:06d}-{k % 10}" for k in range(400)],
    "isbn without hyphens": [f"978{k:0>10}" for k in sample(0, 10**10)],
    "ean": [f"401{k:0>10}" for k in sample(0, 10**10)],
    "years": [str(year) for year in range(1950, 2024)],
    "time": [str(k) for k in range(2000)],
    "number": sample(10**7, 10**8),
    "running": [str(20220400 + k) for k in range(200)],
    "quarter": ["2022-Q1", "2022-Q2", "2022-Q3"],
    "week": [f"2022-W{k:02d}" for k in range(1, 53)],
    "month": [f"2022-{k:02d}" for k in range(1, 13)],
    "decimal": [f"{k * 1.37:.3f}" for k in range(400)],
    "decimals of time": [f"{k % 24}.{k % 60:02d}" for k in range(400)],
    "text": [f"We met on 10.04.2022 in room {k}" for k in range(400)],
    "title": [f"May {k}" for k in range(400)],
    "ssn": [f"{100 + k}-{10 + k % 80}-{1000 + k}" for k in range(400)],
    "coordinates": [f"{k}.{k},{k}.{k}" for k in range(40)],
    "section": [f"{a}.{b:02d}.{c:02d}" for a in range(1, 9) for b in range(1, 13) for c in range(1, 20)],
    "orders mixed": [f"{a:02d}/{b:02d}/2022" for a in range(1, 29) for b in range(1, 29) if a < 13 or b < 13],
    "a tenth is odd": [f"{day:02d}.04.2022" for day in range(1, 28)] + ["soon", "later", "never"],
    "few and one odd": [f"{day:02d}.04.2022" for day in range(1, 19)] + ["soon"],
    "nothing": [],
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_only_looks_like_dates_is_none(name: str) -> None:
    assert find_date_notation(OTHERS[name], name) is None
