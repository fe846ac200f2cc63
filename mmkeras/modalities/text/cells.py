"""Text cells -> the bytes that the graph takes. NumPy alone: clients import nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot

BYTE = np.dtype("uint8")
LONGEST_TEXT = 2**16  # bytes of a text that an external tokenizer reads


def truncate(raw: bytes, max_bytes: int) -> bytes:
    """The longest prefix of `raw` that has at most `max_bytes` bytes and does not end inside a character.

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
    return truncate(text if isinstance(text, bytes) else text.encode("utf-8", "replace"), max_bytes)


def pad(cells: Sequence[bytes], n_bytes: int | None = None) -> np.ndarray:
    """Cells -> uint8 [len(cells), n_bytes], zero-padded; `n_bytes` None: that of the longest cell (at least 1)."""
    if len(cells) == 1 and not n_bytes:  # the most frequent call, where every microsecond counts
        return np.frombuffer(cells[0] or b"\0", BYTE)[None]  # [1, bytes]
    width = n_bytes or max(1, max(map(len, cells), default=1))
    data = b"".join(cell.ljust(width, b"\0") for cell in cells)
    return np.frombuffer(data, "uint8").reshape(len(cells), width)  # [cells, width]


def encode_cells(texts: Sequence[str | bytes], max_bytes: int) -> np.ndarray:
    """Texts -> uint8 [len(texts), n], each cut at `max_bytes`; n: bytes of the longest."""
    return pad([encode_cell(text, max_bytes) for text in texts])


def cut_rows(data: np.ndarray, max_bytes: int) -> np.ndarray:
    """uint8 [b, n], zero-padded -> uint8 [b, at most max_bytes], each row cut where `truncate` cuts it."""
    if data.shape[1] <= max_bytes:
        return data
    first = max(max_bytes - 3, 0)
    continues = data[:, first + 1 : max_bytes + 1] & 0xC0 == 0x80  # [b, 3], by the byte behind each of the last three
    unfinished = np.logical_and.accumulate(continues[:, ::-1], axis=1)[:, ::-1]
    kept = data[:, :max_bytes].copy()
    kept[:, first:][unfinished] = 0
    return kept


def read(cell: str, input_spec: InputSpec, root: MediaRoot) -> bytes | np.ndarray | None:
    """A text's UTF-8, cut at `max_bytes`; or its token ids, if an external tokenizer runs before the model."""
    if "tokenizer_folder" in input_spec:
        return read_ids(cell, input_spec) if cell.strip() else None
    if not cell.strip():  # on str, for all white space: bytes.strip removes that of ASCII alone
        return b""
    return encode_cell(cell, input_spec["max_bytes"])


sample = read


def read_all(cells: Sequence[str], input_spec: InputSpec) -> list[bytes] | None:
    """As `read` of each cell, none of which is at fault; None where an external tokenizer reads them."""
    if "tokenizer_folder" in input_spec:
        return None
    limit = input_spec["max_bytes"]
    encoded = [b"" if cell.isspace() else cell.encode("utf-8", "replace") for cell in cells]
    return [raw if len(raw) <= limit else truncate(raw, limit) for raw in encoded]


def read_ids(cell: str, input_spec: InputSpec) -> np.ndarray:
    """Token ids of a text, int32 [n], by the tokenizer in the folder that `with_tokenizers` has set."""
    from mmkeras.modalities.text.pretrained.external_tokenizer import tokenize_externally

    raw = encode_cell(cell, LONGEST_TEXT)
    ids, mask = tokenize_externally(Path(input_spec["tokenizer_folder"]), [raw], input_spec["max_tokens"])
    return np.asarray(ids[0][mask[0] > 0], "int32")


def stack(values: Sequence[Any], input_spec: InputSpec) -> np.ndarray:
    """uint8 [b, n_bytes], or ids int32 [b, n_tokens] from an external tokenizer."""
    if "padding" in input_spec:
        n_tokens = max([1, *(len(value) for value in values if value is not None)])
        ids = np.full((len(values), n_tokens), input_spec["padding"], "int32")
        for row, value in zip(ids, values, strict=True):
            row[: 0 if value is None else len(value)] = [] if value is None else value
        return ids
    return pad([value or b"" for value in values])
