"""Sizes of files as they are written and read by people: `1MB`, `300 kB`, `0.5 MiB`."""

from __future__ import annotations

import re
from typing import Final

from mmkeras.errors import InputError

UNITS: Final = {
    **{"": 1, "b": 1, "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9},
    **{"kib": 2**10, "mib": 2**20, "gib": 2**30},
}
"""Unit, in small letters -> bytes: a MB has a million bytes, as disks and fastText's `-autotune-modelsize` count."""


def size_of(words: str, flag: str = "--size-budget") -> int:
    """`1MB` -> 1,000,000 bytes. Raises InputError for what is no size."""
    found = re.fullmatch(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)\s*([A-Za-z]*)\s*", words)
    factor = UNITS.get(found[2].lower()) if found else None
    if found is None or factor is None:
        raise InputError(f"{flag} {words}: expected a size in B, kB, MB, GB, KiB, MiB or GiB, such as 1MB or 300kB.")
    n_bytes = int(float(re.sub("[_,]", "", found[1])) * factor)
    if not n_bytes:
        raise InputError(f"{flag} {words}: expected a size above 0, such as 1MB or 300kB.")
    return n_bytes


def in_words(n_bytes: float) -> str:
    """1,000,000 -> `1 MB`, 298,412 -> `298.4 kB`: at most four digits, none of them a 0 behind the point."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= factor:
            number = n_bytes / factor
            digits = 3 if number < 10 else 2 if number < 100 else 1
            return f"{number:.{digits}f}".rstrip("0").rstrip(".") + f" {unit}"
    return f"{n_bytes:,.0f} bytes"
