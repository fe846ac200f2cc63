"""fastText's files: a line has one or several words `__label__NAME`, and a text."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.data.encoding.charset import UNDECODABLE
from mmkeras.data.files.source import BadRow, Source
from mmkeras.data.values.cells import LABEL_SIGN

PREFIX: Final = "__label__"

_LABEL: Final = re.compile(rf"(?<!\S){PREFIX}(\S+)")
_SHARE: Final = 0.9
_HEAD: Final = 1000


def read_fasttext(text: str, encoding: str, path: str) -> Source | None:
    """The rows of a fastText file, with the columns `text` and `label`; None if the text is something else."""
    if not text.lstrip("\ufeff \t\r\n").startswith(PREFIX):
        return None
    lines = [(i, line) for i, line in enumerate(text.lstrip("\ufeff").splitlines(), 1) if line.strip()]
    head = lines[:_HEAD]
    if sum(line.lstrip().startswith(PREFIX) for _, line in head) < _SHARE * len(head):
        return None
    rows: list[tuple[str, str]] = []
    good: list[int] = []
    malformed: list[BadRow] = []
    for i, line in lines:
        if UNDECODABLE in line or "\0" in line:
            malformed.append(BadRow(path, i, "text", f"the line holds bytes that are not {encoding}"))
            continue
        labels = dict.fromkeys(_LABEL.findall(line))
        rows.append((_LABEL.sub("", line).strip(), LABEL_SIGN.join(labels)))
        good.append(i)
    several = sum(LABEL_SIGN in label for _, label in rows)
    notes = [f"Read as a fastText file: {PREFIX}NAME becomes the column 'label', the rest of the line 'text'."]
    if several:
        notes.append(f"{several:,} rows have several labels; they are joined with {LABEL_SIGN!r}.")
    frame = pd.DataFrame(rows, columns=["text", "label"], dtype=object)
    return Source(path, encoding, "", frame, np.array(good, np.int64), tuple(malformed), tuple(notes), "fastText")
