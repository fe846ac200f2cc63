"""Shared by the pages of all tasks: excerpts of texts."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

PREVIEW: Final = 400
"""Characters of a text that are shown at once; the rest can be opened."""
LONGEST_TEXT: Final = 20_000
"""Largest number of characters of a text in the page."""
_JOINS: Final = "\u200d\ufe0e\ufe0f"  # zero-width joiner and variation selectors, which belong to their neighbours
# C0 controls other than tab and line feed are not allowed in HTML: show their pictures (U+2400 …).
_CONTROLS: Final = {c: 0x2400 + c for c in range(32) if c not in (9, 10, 13)} | {13: None, 127: 0x2421}


def excerpt(text: str, max_bytes: int | None = None) -> dict[str, Any]:
    """A text in parts: `shown`, `rest` (can be opened), and the number of characters that are `left_out`.

    max_bytes: where the model stops reading. `unread`: the characters behind it, which cannot explain a prediction.
    """
    limit = len(text) if max_bytes is None else len(text.encode()[:max_bytes].decode(errors="ignore"))
    end = min(limit, LONGEST_TEXT)
    at = min(PREVIEW, end) if len(text) > PREVIEW * 1.2 or end < len(text) else end
    if at < end:  # cut between words, where spaces separate them
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
    """The text without the characters that HTML forbids."""
    return text.translate(_CONTROLS)


def _belongs(before: str, after: str) -> bool:
    """Would a cut between the two characters break a grapheme: an accent, an emoji of several characters?"""
    modifier = "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
    return before == "\u200d" or after in _JOINS or modifier or bool(unicodedata.combining(after))
