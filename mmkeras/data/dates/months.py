"""Names of months in eleven languages, and the bytes that tell them apart inside a graph."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "january jan januar jän jänner janvier janv enero ene janeiro gennaio gen januari stycznia sty",
    "february feb februar février févr fév fevrier febrero fevereiro fev febbraio februari lutego lut",
    "march mar märz mär mrz maerz mars marzo março marco maart mrt marts marca",
    "april apr avril avr abril abr aprile kwietnia kwi",
    "may mai mayo maio maggio mag mei maj maja",
    "june jun juni juin junio junho giugno giu czerwca cze",
    "july jul juli juillet juil julio julho luglio lug lipca lip",
    "august aug août aout agosto ago augustus augusti sierpnia sie",
    "september sept sep septembre septiembre setiembre setembro settembre set września wrz",
    "october oct oktober okt octobre octubre outubro out ottobre ott październik października paź",
    "november nov novembre noviembre novembro listopada lis",
    "december dec dezember dez décembre déc decembre diciembre dic dezembro dicembre desember des grudnia gru",
)
"""By month from January: English, German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Norwegian and
Polish names, in full and shortened."""

WORDS: Final = "|".join(
    sorted({word for names in NAMES for word in names.split()}, key=lambda word: (-len(word), word))
)
"""Alternatives of a regular expression, the longest first."""


def _keys() -> dict[int, int]:
    """The first three bytes of a name, lower case, as one number -> the month; the French `jui` is 6, juin."""
    keys: dict[int, int] = {}
    for month, names in enumerate(NAMES, 1):
        for word in names.split():
            for spelling in (word, word.upper()):  # É and é differ in their second byte
                first, second, third = spelling.encode().lower()[:3]
                keys.setdefault(65536 * first + 256 * second + third, month)
    return keys


KEYS: Final = _keys()
"""Key of a name -> its month. A key is below 2**24, so exact in float32."""
JUI: Final = int.from_bytes(b"jui", "big")
"""juin or juillet: told by the fourth letter, l."""

_MONTHS: Final = {word: month for month, names in enumerate(NAMES, 1) for word in names.split()}


def month_of(name: str) -> int:
    """The month of a name, without regard to case; 0 for any other word."""
    return _MONTHS.get(name.lower(), 0)
