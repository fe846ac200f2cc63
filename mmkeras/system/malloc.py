"""Memory that a training has given back stays in the process, to be taken again."""

from __future__ import annotations

import ctypes
import sys

# malloc.h of the GNU C library
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -2, -3, -8
KEPT = 256 * 2**20  # bytes that malloc does not give back
LARGEST_KEPT = 32 * 2**20  # of one block; the library takes no more
SETTINGS = ((M_TRIM_THRESHOLD, KEPT), (M_TOP_PAD, KEPT), (M_MMAP_THRESHOLD, LARGEST_KEPT), (M_ARENA_MAX, 1))


def keep_freed_memory() -> None:
    """Have malloc keep what it is given back, as far as the C library can be told. To be called before any thread,
    and again wherever TensorFlow has undone it (`generator_dataset.py`).

    A product of matrices packs them into blocks that it takes from malloc itself: 20 MB of fresh pages at every step of
    an LSTM, a tenth of its time, and a twentieth of a translation's. One arena for all threads, for a thread's own is
    unmapped where it is empty.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        for setting, value in SETTINGS:
            mallopt(setting, value)
