"""Which row of the table a feature has, for millions of keys at once: a hash table in NumPy."""

from __future__ import annotations

import numpy as np

SPREAD = 2654435761  # Knuth's multiplier: the high bits of the product of a key depend on all of its bits
LEAST_BITS = 10


class RowIndex:
    """Keys -> row numbers, by open addressing; the row of keys[k] is k + 1, that of any other key 0."""

    def __init__(self, keys: np.ndarray) -> None:
        """keys: int [n] below 2**32, no repeats."""
        self.bits = max(LEAST_BITS, int(len(keys) * 8).bit_length())
        self.cells = np.zeros(2**self.bits, "uint64")  # key << 32 | row, 0 for none
        waiting = keys.astype("uint64") << np.uint64(32) | np.arange(1, len(keys) + 1, dtype="uint64")
        place = self._place(keys)
        while len(waiting):
            is_free = self.cells[place] == 0
            self.cells[place[is_free]] = waiting[is_free]  # of several the last one stays
            out = self.cells[place] != waiting
            waiting, place = waiting[out], (place[out] + 1) & (2**self.bits - 1)

    def _place(self, keys: np.ndarray) -> np.ndarray:
        return (keys.astype("uint32") * np.uint32(SPREAD) >> np.uint32(32 - self.bits)).astype("int64")

    def __call__(self, keys: np.ndarray) -> np.ndarray:
        """uint32 [n] -> the row of each, int32 [n]."""
        place, wanted = self._place(keys), keys.astype("uint64")
        found = self.cells[place]
        is_hit = found >> np.uint64(32) == wanted
        rows = np.where(is_hit, found, np.uint64(0)).astype("uint32").astype("int32")  # the low half
        open_ = np.flatnonzero(~is_hit & (found != 0))
        while len(open_):
            place[open_] = (place[open_] + 1) & (2**self.bits - 1)
            found = self.cells[place[open_]]
            is_hit = found >> np.uint64(32) == wanted[open_]
            rows[open_[is_hit]] = found[is_hit].astype("uint32")
            open_ = open_[~is_hit & (found != 0)]
        return rows
