"""Regular expressions of dates and times, valid in Python and in RE2, so that tables and TF Serving read alike."""

from __future__ import annotations

from typing import Final

from mmkeras.data.dates.months import WORDS

# ISO 8601, the notation of every run before others were read
ISO_PATTERN: Final = (
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-9]{2}(?:[.,][0-9]+)?)? ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2})?)?"
)

SPACE: Final = "[ \u00a0\u202f]"  # Intl.DateTimeFormat writes U+202F before PM
DAY: Final = r"(?P<day>0?[1-9]|[12][0-9]|3[01])"
MONTH: Final = r"(?P<month>0?[1-9]|1[0-2])"
YEAR: Final = r"(?P<year>[1-9][0-9]{3})"
SHORT_YEAR: Final = r"'?(?P<year>[1-9][0-9]{3}|[0-9]{2})"  # a column of short years may have some in full
NAME: Final = rf"(?P<name>(?i:{WORDS}))"
ANY_WORD: Final = r"(?P<name>[^\W\d_]{3,})"
"""In Python, in place of NAME: a word that is looked up is ten times faster than its alternatives."""
_LETTERS = "[A-Za-z\u00c0-\u00ff]"
WEEKDAY: Final = rf"(?:{_LETTERS}{{2,12}}\.?,?{SPACE})?"
ENGLISH_WEEKDAY: Final = rf"(?:(?i:sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?i:day)?\.?,?{SPACE})?"

_HOUR = r"[01]?[0-9]|2[0-3]"
_HALF = rf"{SPACE}?(?P<half>[AaPp])\.?{SPACE}?[Mm]\.?"
_SECONDS = r"(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
_OFFSET = rf"(?:UTC|GMT)?{SPACE}?[+-][0-9]{{1,2}}(?::?[0-9]{{2}})?"
_ZONE = rf"(?:{SPACE}?(?:Z|[A-Z]{{2,5}}|{_OFFSET}))?(?: \([A-Za-z ]{{3,40}}\))?"
# 14:30:59.25, 2:30 PM; the second alternative is 2 PM, without minutes
COLON_TIME: Final = rf"(?P<hour>{_HOUR}):(?P<minute>[0-5][0-9]){_SECONDS}(?:{_HALF})?"
HOUR_ALONE: Final = rf"(?P<hour_alone>{_HOUR}){_HALF.replace('half', 'half_alone')}"
# 14h30, 14.30 and 14時30分 are times where a date stands beside; alone, they are durations and decimals
WORDED_TIME: Final = (
    rf"(?P<hour>{_HOUR})(?::|\.|[hH]|時|시{SPACE}?)(?P<minute>[0-5][0-9])(?:分|분|{SPACE}?Uhr|h)?{_SECONDS}(?:{_HALF})?"
)
_JOIN = rf"(?:[Tt]|,?{SPACE}{{1,2}}(?:at |um |kl\.? ?|klo ?|à |a las |alle |- )?)"
TIME_BEHIND: Final = rf"(?:{_JOIN}(?:{WORDED_TIME}{_ZONE}|{HOUR_ALONE}))?"
TIME_BEFORE: Final = rf"{WORDED_TIME},?{SPACE}(?:on )?"
TIME_ALONE: Final = rf"(?:{COLON_TIME}{_ZONE}|{HOUR_ALONE})"

_GAP = rf"(?:{SPACE}{{0,2}}|[./-])"
_AFTER_DAY = rf"(?:(?:st|nd|rd|th|er)(?:{SPACE}{{1,2}}|[./-])|[.º°]?{_GAP})"


def numeric(order: str, short: bool) -> str:
    """The day in numbers. order: DMY, MDY or YMD. short: is the year of two digits?"""
    between = rf"{SPACE}?[./-]{SPACE}?"
    year = SHORT_YEAR if short else YEAR
    if order == "YMD":
        chinese = "" if short else rf"|年{SPACE}?|년{SPACE}?"
        second = "" if short else rf"|月{SPACE}?|월{SPACE}?"
        return rf"{WEEKDAY}{year}(?:{between}{chinese}){MONTH}(?:{between}{second}){DAY}(?:\.|日|일)?"
    first, then = (DAY, MONTH) if order == "DMY" else (MONTH, DAY)
    return rf"{WEEKDAY}{first}{between}{then}{between}{year}"


def named(order: str, short: bool) -> str:
    """The day with the name of its month. order: DMY, MDY or YMD. short: is the year of two digits?"""
    year = SHORT_YEAR if short else YEAR
    if order == "DMY":
        return rf"{WEEKDAY}{DAY}{_AFTER_DAY}(?:of |de |d')?{NAME}\.?,?{_GAP}(?:de |del )?{year}"
    if order == "MDY":
        return rf"{ENGLISH_WEEKDAY}{NAME}\.?{_GAP}{DAY}(?:st|nd|rd|th)?(?:,{SPACE}?|{SPACE}|[./-]){year}"
    return rf"{year}{_GAP}{NAME}\.?{_GAP}{DAY}"


CTIME: Final = (
    rf"{ENGLISH_WEEKDAY}{NAME}\.? {{1,2}}{DAY} (?P<hour>{_HOUR}):(?P<minute>[0-5][0-9]){_SECONDS}"
    rf"(?: [A-Z]{{2,5}}| [+-][0-9]{{4}})? {YEAR}"
)
COMPACT: Final = (
    rf"{YEAR}(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12][0-9]|3[01])"
    rf"(?:[T _-]?(?P<hour>[01][0-9]|2[0-3]):?(?P<minute>[0-5][0-9])(?::?[0-9]{{2}}(?:[.,][0-9]{{1,9}})?)?{_ZONE}|\.0)?"
)


def unix(dropped: int) -> str:
    """Seconds since 1970, with `dropped` digits behind the seconds: 3 for milliseconds."""
    return rf"(?P<unix>[0-9]{{1,{10 + dropped}}})(?:\.[0-9]{{0,9}})?"
