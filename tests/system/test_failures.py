"""Errors that a machine or a library raises, and no defect of this program does, as sentences."""

from __future__ import annotations

import errno

import pytest

from mmkeras.system.failures import failure

SO = "/usr/lib/python3/_pywrap_profiler_plugin.so: failed to map segment from shared object"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "there is not enough memory"),
        (ImportError(SO), "there is not enough memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "there is not enough memory"),
        (RuntimeError("can't start new thread"), "there is not enough memory"),
        (RuntimeError("std::bad_alloc"), "there is not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "there is no space left on the disk"),
        (SystemError("error return without exception set"), "a compiled library failed"),
        (RecursionError(), "a value is nested too deeply"),
        (KeyError("x"), ""),
        (ImportError("no module named x"), ""),
    ],
    ids=str,
)
def test_failures_are_told_from_defects(error: Exception, words: str) -> None:
    assert failure(error).startswith(words)
    assert bool(failure(error)) == bool(words)
