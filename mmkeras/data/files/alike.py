"""Columns whose cells all say the same but for numbers, such as the credits of a collection of sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

_SHARE: Final = 0.95
_LETTERS: Final = 20
"""Shorter cells are no sentences: `A-17` and `3 kg` differ by their numbers."""


def alike_but_for_numbers(cells: Iterable[str]) -> bool:
    """Whether nearly all cells are one text, with other numbers or other words in brackets.

    Cells such as `CC-BY 2.0 (France) Attribution: tatoeba.org #2877272 (CM)` are nothing to learn or to predict.
    """
    texts = Counter(re.sub(r"\d+", "0", re.sub(r"\([^()]*\)", "()", cell)) for cell in cells)
    if not texts:
        return False
    text, count = texts.most_common(1)[0]
    return sum(map(str.isalpha, text)) >= _LETTERS and count >= _SHARE * texts.total()
