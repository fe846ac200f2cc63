"""The sentence in an error of Keras: its messages have the arguments of a call and the codes of bold letters around."""

from __future__ import annotations

import re
from typing import Final

LONGEST: Final = 300
_BOLD: Final = re.compile(r"\x1b\[1m(.*?)\x1b\[0m", re.DOTALL)
_CODES: Final = re.compile(r"\x1b\[\d*m")


def first_sentence(error: Exception) -> str:
    """What went wrong, on one line, at most LONGEST characters."""
    text = str(error).rpartition("\n\nException encountered: ")[2]  # behind a whole configuration
    bold = _BOLD.search(text)
    inner = bold.group(1) if bold else text.partition("\n\nArguments received")[0]
    inner = inner.rpartition("Error encountered:")[2].strip() or inner
    line = " ".join(_CODES.sub("", inner).split()) or type(error).__name__
    line = line if len(line) <= LONGEST else line[: LONGEST - 2] + " …"
    return line.rstrip(".")
