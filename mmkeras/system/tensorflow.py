"""Silences third-party noise at its source: messages of native libraries on file descriptor 2 while they start.

TensorFlow logs its CPU features, oneDNN notices and, on a machine without a GPU, CUDA errors straight to descriptor 2,
before any logging level is read. When the block raises, the messages are printed after all.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Final

from mmkeras.system.malloc import keep_freed_memory


@contextlib.contextmanager
def native_noise_muted() -> Iterator[None]:
    """Mute file descriptor 2 inside the block, and with it sys.stderr."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as messages:
        saved = os.dup(2)
        os.dup2(messages.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            messages.seek(0)
            os.write(2, messages.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def no_retracing(record: logging.LogRecord) -> bool:
    """A logging filter that drops TensorFlow's retracing warning: one process trains many models here."""
    return "tf.function retracing" not in str(record.msg)


def disable_tf32() -> None:
    """Disable TF32, which rounds float32 products on a GPU to 10 bits: artefacts are compared with the trained model.

    Call this before TensorFlow is imported. Child processes inherit the setting.
    """
    os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")


EXTRAS: Final = ("sklearn", "matplotlib", "pandas", "tensorflow_text", "kagglehub")
"""Libraries that Keras and keras-hub import if they are there, for wrappers, plots, downloads and tokenizers."""


@contextlib.contextmanager
def without_extras() -> Iterator[None]:
    """Keep Keras and keras-hub from importing EXTRAS inside the block: they take a third of the start.

    For a process that answers with a run without presets: what needs an absent library says so when it is called.
    """
    absent = [name for name in EXTRAS if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: an import raises ImportError
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's garbage collector: of the many objects that an import makes, hardly any is garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def import_tensorflow() -> None:
    """Import TensorFlow and Keras (TensorFlow backend) without their start-up noise; let GPU memory grow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    logging.getLogger("tensorflow").addFilter(no_retracing)
    # attention over a text of one token, or a memory of one token: correct as it is
    warnings.filterwarnings("ignore", message="You are using a softmax over axis")
    with native_noise_muted(), collector_paused():
        import keras  # noqa: F401
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            with contextlib.suppress(RuntimeError):  # GPU already in use: a second call in one process
                tf.config.experimental.set_memory_growth(gpu, True)


def start_tensorflow(seed: int, large_tensors: bool) -> None:
    """Import TensorFlow and set all random seeds.

    large_tensors: whether the model allocates megabytes at every step; TensorFlow's BFC allocator keeps them.
    """
    if large_tensors:
        # The tensors of a convolution and the logits of a vocabulary take megabytes, which malloc requests from the
        # system and returns at every step: fresh pages took half of the time. The BFC allocator keeps the memory.
        os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "1")
    keep_freed_memory()
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(seed)
