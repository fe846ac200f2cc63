"""What the name of a column says about its cells."""

from __future__ import annotations

import re
from typing import Final

_OF_TIME = """
time date day timestamp datetime ts tstamp unix epoch created updated modified changed ordered posted published when
since until start end begin started ended finished expires expiry joined registered signup login seen visited received
sent booked opened closed paid due born birth birthday dob deadline utc at on
datum zeit uhrzeit tag zeitpunkt fecha hora heure jour ora giorno dato tid dia nascita naissance nacimiento
"""
_OF_NUMBERS = """
id ids uid no nr num number key phone tel telephone mobile cell fax code zip postcode plz isbn ean gtin upc sku price
amount cost total sum value count qty quantity size bytes population revenue salary account iban card
telefon handy nummer preis betrag telefono precio prix montant numero prezzo
"""
_DAY_FIRST = "fecha datum dato data dia giorno jour tag nacimiento naissance nascita"

TIME_WORDS: Final = frozenset(_OF_TIME.split())
NUMBER_WORDS: Final = frozenset(_OF_NUMBERS.split())
DAY_FIRST_WORDS: Final = frozenset(_DAY_FIRST.split())
"""Words for a date in languages that write the day first."""


def words_of(name: str) -> set[str]:
    """The words of a column's name, in lower case: `createdAt` and `created_at` have two."""
    return set(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()))


def speaks_of_time(name: str) -> bool | None:
    """Does a column's name speak of time? None where it speaks of numbers of another kind."""
    words = words_of(name)
    return None if words & NUMBER_WORDS else bool(words & TIME_WORDS)
