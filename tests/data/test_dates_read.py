"""A cell in a notation as a day of the calendar."""

from __future__ import annotations

import random

import made_up_dates
import pytest

from mmkeras.data.dates.calendar import NOTATIONS, no_date, notation_of, read_date
from mmkeras.errors import BadCell, InputError
from mmkeras.modalities.date.cells import read


@pytest.mark.parametrize(
    ("cell", "notation", "expected"),
    [
        ("10.04.2022", "DD.MM.YYYY", "2022-04-10"),
        (" 4.10.2022 ", "DD.MM.YYYY", "2022-10-04"),
        ("10. 4. 2022, 14:30 Uhr", "DD.MM.YYYY", "2022-04-10 14:30"),
        ("10/4-2022 kl. 14.30", "DD/MM/YYYY", "2022-04-10 14:30"),
        ("Sun, 10/04/2022 14:30:15.123 CET", "DD/MM/YYYY", "2022-04-10 14:30"),
        ("04/10/2022 11:24 AM", "MM/DD/YYYY", "2022-04-10 11:24"),
        ("4/10/2022, 2:30:00\u202fPM", "MM/DD/YYYY", "2022-04-10 14:30"),
        ("12/25/22 12:05 AM", "MM/DD/YY", "2022-12-25 00:05"),
        ("12/25/1969", "MM/DD/YY", "1969-12-25"),
        ("12/25/69 12 PM", "MM/DD/YY", "1969-12-25 12:00"),
        ("12/25/68", "MM/DD/YY", "2068-12-25"),
        ("2022/04/10", "YYYY/MM/DD", "2022-04-10"),
        ("2022-4-1 9:05", "YYYY-M-D", "2022-04-01 09:05"),
        ("2022. 4. 10.", "YYYY.MM.DD", "2022-04-10"),
        ("2022年4月10日 14時30分", "YYYY年MM月DD日", "2022-04-10 14:30"),
        ("2022년 4월 10일", "YYYY年MM月DD日", "2022-04-10"),
        ("20220410", "YYYYMMDD", "2022-04-10"),
        ("20220410.0", "YYYYMMDD", "2022-04-10"),
        ("20220410T143000Z", "YYYYMMDD", "2022-04-10 14:30"),
        ("Apr 10, 2022", "Mon D, YYYY", "2022-04-10"),
        ("Sun Apr 10 2022 14:30:00 GMT+0200 (Central European Summer Time)", "Mon D, YYYY", "2022-04-10 14:30"),
        ("Wed, 4 October 2022 02:30 PM", "D Mon YYYY", "2022-10-04 14:30"),
        ("10-Apr-22", "D Mon YY", "2022-04-10"),
        ("10APR2022:14:30:00", "D Mon YYYY", "2022-04-10 14:30"),
        ("10/Apr/2022:14:30:00 +0200", "D Mon YYYY", "2022-04-10 14:30"),
        ("4th of October 2022", "D Mon YYYY", "2022-10-04"),
        ("10. März 2022", "D Mon YYYY", "2022-03-10"),
        ("mardi 14 juillet 2022 à 14h30", "D Mon YYYY", "2022-07-14 14:30"),
        ("1er juin 2022", "D Mon YYYY", "2022-06-01"),
        ("10 de abril de 2022", "D Mon YYYY", "2022-04-10"),
        ("01stycznia2022", "D Mon YYYY", "2022-01-01"),
        ("Mon Apr 06 22:19:45 PDT 2009", "Mon D HH:MM YYYY", "2009-04-06 22:19"),
        ("Wed Aug 27 13:08:45 +0000 2008", "Mon D HH:MM YYYY", "2008-08-27 13:08"),
        ("2:30 PM, 10 Apr 2022", "HH:MM D Mon YYYY", "2022-04-10 14:30"),
        ("2:30 p.m.", "HH:MM", "14:30"),
        ("14:30:59.5", "HH:MM", "14:30"),
        ("12am", "HH:MM", "00:00"),
        ("1649589840", "unix seconds", "2022-04-10 11:24"),
        ("1649589840.0", "unix seconds", "2022-04-10 11:24"),
        ("1649589840999", "unix milliseconds", "2022-04-10 11:24"),
        ("29.02.2024", "DD.MM.YYYY", "2024-02-29"),
        # none of the calendar, or not in the notation
        ("29.02.2023", "DD.MM.YYYY", None),
        ("31/04/2022", "DD/MM/YYYY", None),
        ("04/13/2022", "DD/MM/YYYY", None),
        ("10.04.22", "DD.MM.YYYY", None),
        ("10.04.2022 25:00", "DD.MM.YYYY", None),
        ("1.2.3", "DD.MM.YY", None),
        ("0000-00-00", "YYYY/MM/DD", None),
        ("00.00.0000", "DD.MM.YYYY", None),
        ("20221310", "YYYYMMDD", None),
        ("2022041", "YYYYMMDD", None),
        ("Marketing 10, 2022", "Mon D, YYYY", None),
        ("Foo 10, 2022", "Mon D, YYYY", None),
        ("14.30", "HH:MM", None),
        ("24:00", "HH:MM", None),
        ("-5", "unix seconds", None),
        ("12345678901", "unix seconds", None),
        ("10.04.2022 and more", "DD.MM.YYYY", None),
        ("", "DD.MM.YYYY", None),
        ("NA", "DD.MM.YYYY", None),
        ("١٠.٠٤.٢٠٢٢", "DD.MM.YYYY", None),
    ],
)
def test_a_cell_is_a_day_of_the_calendar_in_its_notation_or_none(
    cell: str, notation: str, expected: str | None
) -> None:
    assert read_date(cell, notation) == expected
    entry = {"notation": notation, "max_bytes": notation_of(notation).max_bytes}
    if expected:
        assert read(cell, entry, None) == cell.strip().encode()  # type: ignore[arg-type]
    elif cell in ("", "NA"):
        assert read(cell, entry, None) == b"", "missing"  # type: ignore[arg-type]
    else:
        with pytest.raises(BadCell, match=f"in the notation {notation}, such as"):
            read(cell, entry, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("notation", NOTATIONS.values(), ids=NOTATIONS)
def test_what_was_written_is_read(notation: object) -> None:
    known = notation_of(str(getattr(notation, "name", "")))
    rng = random.Random(0)
    for k, moment in enumerate(made_up_dates.moments(2000, 3, *made_up_dates.years_of(known))):
        timed = bool(k % 2)
        cell = made_up_dates.write(moment, known, rng, timed)
        expected = f"{moment:%Y-%m-%d %H:%M}"
        if known.style == "time":
            expected = expected[11:]
        elif not (timed or known.before or known.style in ("ctime", "unix")):
            expected = expected[:10]
        assert read_date(cell, known.name) == expected, cell
    assert read_date(known.example, known.name) is not None
    assert known.sentence


def test_an_unknown_notation_is_refused_with_the_known_ones() -> None:
    for name in NOTATIONS:
        notation_of(name)
    notation_of("dd.mm.yyyy")
    with pytest.raises(InputError, match=r"Did you mean DD\.MM\.YY.*Expected one of: YYYY-MM-DD, .*unix seconds"):
        notation_of("DD.MM.JJJJ")


def test_the_sentence_names_the_notation_and_an_example() -> None:
    assert no_date("soon", "DD.MM.YYYY") == (
        "expected a date in the notation DD.MM.YYYY, such as 26.11.2026, received 'soon'"
    )
    assert no_date("soon", "") == "expected a date such as 2026-11-26 or 2026-11-26 14:30, received 'soon'"
    assert (
        no_date("x", "unix seconds") == "expected a time in the notation unix seconds, such as 1795703400, received 'x'"
    )
