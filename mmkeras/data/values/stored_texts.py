"""A column of long cells that lie in a scratch file: the table holds where each one stands, 12 bytes a row.

As a pandas extension array it takes part in frames as a column of strings does: rows are taken, masked and iterated
over, and a cell is read when it is asked for. The file has no name; it is gone when the last column that reads it is.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionArray, ExtensionDtype, take

BLOCK: Final = 2**22
"""Bytes that are read at once where cells stand one after another."""
HEAD: Final = 100
TAIL: Final = 16
LONGEST_PATH: Final = 1024


class TextFile:
    """The scratch file: UTF-8, one text after another. It lies in the folder for temporary files (TMPDIR)."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="mmkeras-")  # noqa: SIM115 - closed with the last column
        self.size = 0

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def append(self, texts: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """Write texts; their offsets, int64, and lengths in bytes, int32."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        lengths = np.fromiter(map(len, encoded), "int64", len(encoded))
        ends = self.size + np.cumsum(lengths)
        self._file.seek(self.size)
        self._file.write(b"".join(encoded))
        self._file.flush()
        self.size += int(lengths.sum())
        return ends - lengths, lengths.astype("int32")

    def read(self, offset: int, length: int) -> bytes:
        """Some bytes."""
        return os.pread(self._file.fileno(), length, offset)


class StoredDtype(ExtensionDtype):
    """The dtype of StoredTexts: strings, of which none is missing."""

    name = "stored"
    type = str
    na_value = ""

    @classmethod
    def construct_array_type(cls) -> Any:
        return StoredTexts


class StoredTexts(ExtensionArray):
    """Texts in a TextFile. offsets: int64 [n]; lengths: int32 [n], in bytes."""

    def __init__(self, file: TextFile, offsets: np.ndarray, lengths: np.ndarray) -> None:
        self.file, self.offsets, self.lengths = file, offsets, lengths

    @classmethod
    def _from_sequence(cls, scalars: Iterable[str], *, dtype: Any = None, copy: bool = False) -> StoredTexts:
        file = TextFile()
        return cls(file, *file.append(scalars))

    @property
    def dtype(self) -> StoredDtype:
        return StoredDtype()

    @property
    def nbytes(self) -> int:
        return int(self.offsets.nbytes + self.lengths.nbytes)

    def __len__(self) -> int:
        return len(self.offsets)

    def __getitem__(self, item: Any) -> Any:
        if isinstance(item, int | np.integer):
            raw = self.file.read(int(self.offsets[item]), int(self.lengths[item]))
            return raw.decode("utf-8", "surrogatepass")
        item = pd.api.indexers.check_array_indexer(self, item)
        return StoredTexts(self.file, self.offsets[item], self.lengths[item])

    def __setitem__(self, key: Any, value: Any) -> None:
        texts = [value] if isinstance(value, str) else list(value)
        offsets, lengths = self.file.append(texts)
        self.offsets[key], self.lengths[key] = (a[0] if isinstance(value, str) else a for a in (offsets, lengths))

    def __iter__(self) -> Iterator[str]:
        """The texts in order; read in blocks where they stand one after another."""
        ends = self.offsets + self.lengths
        runs = np.flatnonzero(self.offsets[1:] != ends[:-1]) + 1  # where the next text stands elsewhere
        first, breaks = 0, [*runs.tolist(), len(self)]
        for end in breaks if len(self) else []:
            while first < end:
                last = max(first + 1, int(np.searchsorted(ends[first:end], self.offsets[first] + BLOCK)) + first)
                start = int(self.offsets[first])
                raw = self.file.read(start, int(ends[last - 1]) - start)
                for a, b in zip(
                    (self.offsets[first:last] - start).tolist(), (ends[first:last] - start).tolist(), strict=True
                ):
                    yield raw[a:b].decode("utf-8", "surrogatepass")
                first = last

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        array = np.empty(len(self), dtype=object)
        array[:] = list(self)
        return array

    def __eq__(self, other: Any) -> Any:
        if isinstance(other, str) and not other:
            return self.lengths == 0
        others = (
            other if isinstance(other, Sequence | np.ndarray | ExtensionArray) and not isinstance(other, str) else None
        )
        pairs = zip(self, others, strict=True) if others is not None else ((text, other) for text in self)
        return np.fromiter((a == b for a, b in pairs), bool, len(self))

    def __ne__(self, other: Any) -> Any:
        return ~(self == other)

    def isna(self) -> np.ndarray:
        return np.zeros(len(self), dtype=bool)

    def copy(self) -> StoredTexts:
        return StoredTexts(self.file, self.offsets.copy(), self.lengths.copy())

    def take(self, indices: Any, *, allow_fill: bool = False, fill_value: Any = None) -> StoredTexts:
        # a row that is filled has the empty text
        index = np.asarray(indices)
        offsets, lengths = (
            np.asarray(take(a, index, allow_fill=allow_fill, fill_value=0)) for a in (self.offsets, self.lengths)
        )
        return StoredTexts(self.file, offsets, lengths)

    @classmethod
    def _concat_same_type(cls, to_concat: Sequence[StoredTexts]) -> StoredTexts:
        file = to_concat[0].file
        if any(part.file is not file for part in to_concat):
            return cls._from_sequence(text for part in to_concat for text in part)
        return cls(file, *(np.concatenate([getattr(p, name) for p in to_concat]) for name in ("offsets", "lengths")))

    def _formatter(self, boxed: bool = False) -> Any:
        return str

    def digests(self) -> np.ndarray:
        """uint64 [n]: equal for equal texts, without their outer white space."""
        return np.fromiter((digest(text.strip()) for text in self), "uint64", len(self))

    def abbreviated(self) -> list[str]:
        """The texts without their outer white space, the long ones by `abbreviation`."""
        return [abbreviation(text.strip()) for text in self]

    def unique(self) -> StoredTexts:
        _, first = np.unique(self._exact(), return_index=True)
        return self[np.sort(first)]

    def factorize(self, use_na_sentinel: bool = True) -> tuple[np.ndarray, StoredTexts]:
        codes, _ = pd.factorize(self._exact())
        _, first = np.unique(codes, return_index=True)
        return codes, self[first]

    def value_counts(self, dropna: bool = True) -> pd.Series:
        codes, _ = pd.factorize(self._exact())
        return pd.Series(np.bincount(codes), dtype="int64")

    def _exact(self) -> np.ndarray:
        """uint64 [n]: equal for equal texts."""
        return np.fromiter(map(digest, self), "uint64", len(self))


def digest(text: str) -> int:
    """64 bits of a text: two of ten million different texts share them with a probability of 3e-6."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def abbreviation(text: str) -> str:
    """A text of at most HEAD + 16 + TAIL characters that stands for a longer one: its start, its digest, its end.

    Different for different texts, longer than any cell that is no text, and so good enough to tell what a column holds.
    """
    if len(text) <= HEAD + 16 + TAIL:
        return text
    end = text[-TAIL:] if len(text) < LONGEST_PATH else "." * TAIL  # the suffix of a path
    return f"{text[:HEAD]}{digest(text):016x}{end}"
