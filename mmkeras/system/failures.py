"""Errors that are no defect of this program: no memory, no space on the disk, a library that refuses its input."""

from __future__ import annotations

import errno
from typing import Final

LIBRARIES: Final = (
    *("tensorflow", "keras", "keras_hub", "onnxruntime", "onnx", "tf2onnx", "ai_edge_litert", "tflite_runtime"),
    *("google", "h5py", "pyarrow", "PIL", "soundfile", "sentencepiece", "zipfile", "zlib", "gzip", "lzma"),
)
"""Libraries that raise exceptions of their own for what they cannot do."""

NO_MEMORY: Final = (
    *("OOM when allocating", "failed to map segment from shared object", "Cannot allocate memory", "std::bad_alloc"),
    "can't start new thread",
)
"""Words of errors, of any kind, that say that memory is short, or what the system allows of it."""


def failure(error: BaseException) -> str:
    """What went wrong, as a sentence without its end, where no defect of this program is to blame; else ''."""
    text = str(error)
    first_line = text.strip().split("\n")[0][:300]
    kind, library = type(error).__name__, type(error).__module__.split(".")[0].lstrip("_")
    if "No space left on device" in text or getattr(error, "errno", None) == errno.ENOSPC:
        return "there is no space left on the disk"
    no_memory = isinstance(error, MemoryError) or kind == "ResourceExhaustedError"
    if no_memory or getattr(error, "errno", None) == errno.ENOMEM or any(words in text for words in NO_MEMORY):
        return f"there is not enough memory ({first_line or kind})"
    if isinstance(error, RecursionError):
        return "a value is nested too deeply"
    if isinstance(error, SystemError):  # Python's name for a compiled module that failed and did not say why
        return f"a compiled library failed, as it does where memory is short ({kind}: {first_line})"
    if library in LIBRARIES:
        return f"{library} failed ({kind}: {first_line})"
    return ""
