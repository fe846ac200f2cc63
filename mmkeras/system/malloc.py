"""Keeps freed memory in the process, so that the next training step can reuse it."""

from __future__ import annotations

import ctypes
import gc
import sys

# malloc.h of the GNU C library
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -2, -3, -8
KEPT = 256 * 2**20  # bytes that malloc does not return to the system
LARGEST_KEPT = 32 * 2**20  # bytes of one block; the library accepts no more
SETTINGS = ((M_TRIM_THRESHOLD, KEPT), (M_TOP_PAD, KEPT), (M_MMAP_THRESHOLD, LARGEST_KEPT), (M_ARENA_MAX, 1))

SMALL = 128 * 2**10
RETURNED = ((M_TRIM_THRESHOLD, SMALL), (M_TOP_PAD, SMALL), (M_MMAP_THRESHOLD, SMALL), (M_ARENA_MAX, 1))


def keep_freed_memory() -> None:
    """Make malloc keep freed memory, where the C library allows it. Call this before the first thread starts, and again
    wherever TensorFlow has reset the settings (`features/dataset.py`).

    A matrix product packs its operands into blocks from malloc: 20 MB of fresh pages at every step of an LSTM cost a
    tenth of its time, and a twentieth of the time of a translation model. All threads share one arena, since the arena
    of a single thread is unmapped when it is empty.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # other C libraries have none
    if mallopt is not None:
        for setting, value in SETTINGS:
            mallopt(setting, value)


def return_freed_memory() -> None:
    """Give the memory that is free back to the system, now and whenever it is freed, where the C library allows it.

    For work that comes once, as the conversions of an export: what one has freed would be added to the next one's peak.
    Python's garbage is collected first: traced graphs are cycles.
    """
    gc.collect()
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    mallopt, trim = getattr(library, "mallopt", None), getattr(library, "malloc_trim", None)
    if mallopt is not None and trim is not None:
        for setting, value in RETURNED:
            mallopt(setting, value)
        trim(0)
