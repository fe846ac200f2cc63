"""Text cells -> the bytes a graph takes. NumPy alone, for a client has nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot

LONGEST_TEXT = 2**16  # bytes of a text that a tokenizer reads before the graph


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


def read(cell: str, entry: InputSpec, root: MediaRoot) -> bytes | np.ndarray | None:
    """A text's UTF-8, cut where the model stops reading; or its ids, where a tokenizer runs before the model."""
    if "tokenizer_folder" in entry:
        return read_ids(cell, entry) if cell.strip() else None
    if not cell.strip():  # of any kind: bytes know ASCII's white space alone
        return b""
    return encode_cell(cell, entry["max_bytes"])


sample = read


def read_ids(cell: str, entry: InputSpec) -> np.ndarray:
    """int32 [n] ids of a text, by the tokenizer whose files `with_tokenizers` has found."""
    from mmkeras.modalities.text.pretrained.external_tokenizer import tokenize_externally

    raw = encode_cell(cell, LONGEST_TEXT)
    ids, mask = tokenize_externally(Path(entry["tokenizer_folder"]), [raw], entry["max_tokens"])
    return np.asarray(ids[0][mask[0] > 0], "int32")


def stack(values: Sequence[Any], entry: InputSpec) -> np.ndarray:
    """uint8 [b, n_bytes], or int32 [b, n_tokens] where a tokenizer ran before."""
    if "padding" in entry:
        ids = np.full((len(values), max([1, *(len(v) for v in values if v is not None)])), entry["padding"], "int32")
        for row, value in zip(ids, values, strict=True):
            row[: 0 if value is None else len(value)] = [] if value is None else value
        return ids
    return pad([value or b"" for value in values])
