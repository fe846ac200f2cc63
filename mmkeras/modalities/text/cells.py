"""Text cells -> the bytes a graph takes. NumPy alone, for a client has nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def cut(raw: bytes, max_bytes: int) -> bytes:
    """The longest start of `raw` that has at most `max_bytes` bytes and does not end inside a character.

    A cut never falls before a UTF-8 continuation byte (10xxxxxx); a character has at most three, so in text that
    is not UTF-8 at all the cut goes back three bytes at most.
    """
    if len(raw) <= max_bytes:
        return raw
    end = max_bytes
    while end > max(max_bytes - 3, 0) and raw[end] & 0xC0 == 0x80:
        end -= 1
    return raw[:end]


def encode_cell(text: str | bytes, max_bytes: int) -> bytes:
    """One cell as at most `max_bytes` bytes of UTF-8; a lone surrogate becomes `?`."""
    return cut(text if isinstance(text, bytes) else text.encode("utf-8", "replace"), max_bytes)


def pad(cells: Sequence[bytes], n_bytes: int | None = None) -> np.ndarray:
    """Cells -> uint8 [len(cells), n_bytes], zeros behind each; `n_bytes` None: as long as the longest (at least 1)."""
    if len(cells) == 1 and not n_bytes:  # one text is asked for most often, and then every microsecond counts
        return np.frombuffer(cells[0] or b"\0", "uint8").reshape(1, -1)  # [1, bytes]
    width = n_bytes or max(1, max(map(len, cells), default=1))
    data = b"".join(cell.ljust(width, b"\0") for cell in cells)
    return np.frombuffer(data, "uint8").reshape(len(cells), width)  # [cells, width]


def encode_cells(texts: Sequence[str | bytes], max_bytes: int) -> np.ndarray:
    """Texts -> uint8 [len(texts), n], n the longest text's bytes, cut at `max_bytes`."""
    return pad([encode_cell(text, max_bytes) for text in texts])
