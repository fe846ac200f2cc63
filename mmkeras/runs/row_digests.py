"""rows.npz of a run: a digest of each row that it was trained on or has held out, of the cells of its input columns.

So that another run's held-out rows can be told from rows that this one has learned, whatever file they came from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from mmkeras.system.arrays import reading_arrays
from mmkeras.system.files import atomic_write

ROWS: Final = "rows.npz"


@dataclass(frozen=True)
class RowDigests:
    """train, held_out: uint64 [rows] each. earlier: of the rows that the runs before were trained on, where this one
    goes on from a finished run.

    telling: do equal inputs mean the same row? Few numbers, categories and dates alone prove nothing.
    """

    train: np.ndarray
    held_out: np.ndarray
    earlier: np.ndarray
    telling: bool = True

    def learned(self, folded: bool) -> np.ndarray:
        """The digests of all rows that the weights depend on. folded: was it trained on its held-out rows too?"""
        parts = [self.train, self.earlier, *([self.held_out] if folded else [])]
        return np.unique(np.concatenate(parts))

    def save(self, folder: Path) -> None:
        """Write rows.npz."""
        with atomic_write(folder / ROWS) as partial:
            np.savez(
                partial,
                train=self.train,
                held_out=self.held_out,
                earlier=self.earlier,
                telling=np.array(self.telling),
            )

    @classmethod
    def load(cls, folder: Path) -> RowDigests | None:
        """Read rows.npz; None for a run of an earlier version. Raises InputError for a damaged file."""
        if not (folder / ROWS).exists():
            return None
        with reading_arrays(folder / ROWS, "The run is damaged. Train again.") as data:
            train, held_out, earlier = (np.asarray(data[name], "uint64") for name in ("train", "held_out", "earlier"))
            return cls(train, held_out, earlier, bool(data["telling"]))


def digests_of(rows: Iterable[Sequence[str]]) -> np.ndarray:
    """uint64 [rows]: 8 bytes of the BLAKE2 hash of each row's cells, without their outer spaces."""
    texts = ("\0".join(map(str.strip, row)).encode("utf-8", "replace") for row in rows)
    digests = b"".join(hashlib.blake2b(text, digest_size=8).digest() for text in texts)
    return np.frombuffer(digests, "<u8").astype("uint64")


NO_ROWS: Final = np.zeros(0, "uint64")
