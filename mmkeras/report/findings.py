"""What every task's page needs: how sure a share is, texts to read, bars to draw."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

PREVIEW: Final = 400
"""Characters of a text shown before it must be opened."""
LONGEST_TEXT: Final = 20_000
"""Characters of a text put into the page at all."""
_JOINS: Final = "\u200d\ufe0e\ufe0f"  # zero-width joiner and variation selectors: they belong to their neighbours
# C0 controls other than tab and line feed are not allowed in HTML: show their pictures (U+2400 …).
_CONTROLS: Final = {c: 0x2400 + c for c in range(32) if c not in (9, 10, 13)} | {13: None, 127: 0x2421}


def interval(hits: float, rows: int) -> tuple[float, float]:
    """The 95% interval of a share, `hits` of `rows` (Wilson 1927): what so few rows can say."""
    if not rows:
        return 0.0, 1.0
    z, share = 1.96, hits / rows
    centre, spread = share + z * z / (2 * rows), z * (share * (1 - share) / rows + (z / (2 * rows)) ** 2) ** 0.5
    return max(0.0, (centre - spread) / (1 + z * z / rows)), min(1.0, (centre + spread) / (1 + z * z / rows))


def excerpt(text: str, max_bytes: int | None = None) -> dict[str, Any]:
    """A text in three: what is shown, what can be opened, and how many characters are left out.

    max_bytes: where the model stopped reading; what lies behind it cannot explain its answer. `unread` says so.
    """
    limit = len(text) if max_bytes is None else len(text.encode()[:max_bytes].decode(errors="ignore"))
    end = min(limit, LONGEST_TEXT)
    at = min(PREVIEW, end) if len(text) > PREVIEW * 1.2 or end < len(text) else end
    if at < end:  # between words, where they are parted by spaces
        at = 1 + max(text.rfind(sign, at - 40, at) for sign in " \n") or at
    while 0 < at < end and _belongs(text[at - 1], text[at]):
        at -= 1
    return {
        "shown": printable(text[:at]),
        "rest": printable(text[at:end]),
        "left_out": len(text) - end,
        "unread": len(text) - limit,
    }


def printable(text: str) -> str:
    """The text without what HTML forbids."""
    return text.translate(_CONTROLS)


def _belongs(before: str, after: str) -> bool:
    """Would a cut between the two characters break one sign: an accent, an emoji made of several?"""
    modifier = "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
    return before == "\u200d" or after in _JOINS or modifier or bool(unicodedata.combining(after))
