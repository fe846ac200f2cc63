"""Words of a table in Markdown: names of columns, classes and files are shown as they are, and never run as markup."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

PLAIN: Final = re.compile(r"(?!www\.)[^\W_]+([ .-][^\W_]+)*", re.IGNORECASE)
"""Names that mean nothing else in Markdown. GitHub makes links of what begins with www."""


DIRECTIONS: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def visible(text: str) -> str:
    """A text on one line: line ends, control characters and marks of direction as their escapes, such as \\n."""
    return "".join(
        sign.encode("unicode_escape").decode()
        if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in DIRECTIONS
        else sign
        for sign in text
    )


def escaped(text: str) -> str:
    """A text in a sentence, with a backslash before every character that Markdown or HTML could read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>|~&!#])", r"\\\1", visible(text))


def code(text: str) -> str:
    """A text as code inside a line: no markup, link or HTML in it counts. Its fence is longer than any run in it."""
    text = visible(text)
    if not text.strip():
        return f"`{text!r}`"
    fence = "`" * (_longest_run(text) + 1)
    # a space inside the fence is not shown, and keeps its backticks from those of the text (CommonMark 0.31, 6.1)
    space = " " if text[0] in " `" or text[-1] in " `" else ""
    return f"{fence}{space}{text}{space}{fence}"


def block(text: str) -> str:
    """Lines as a block of code."""
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}\n{text}\n{fence}"


def heading(text: str) -> str:
    """A text for a heading: plain where it can be, else as code."""
    return text if PLAIN.fullmatch(text) else code(text)


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)
