"""The start of TensorFlow and Keras: without their start-up noise, with seeds and the right allocator."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, Final

from mmkeras.system.malloc import keep_freed_memory
from mmkeras.system.noise import LEVEL, native_noise_muted


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


class Start:
    """How TensorFlow and Keras start in this process.

    of_command: without the libraries that Keras imports for its wrappers and plots, and the garbage collector looks at
    no object of the imports again, which takes half a second each time. A program that uses Keras itself may need both.
    """

    of_command = False


def import_tensorflow() -> None:
    """Import TensorFlow and Keras (TensorFlow backend) without their start-up noise; let GPU memory grow."""
    os.environ.setdefault(LEVEL, "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    logging.getLogger("tensorflow").addFilter(no_retracing)
    # attention over a text of one token, or a memory of one token: correct as it is
    warnings.filterwarnings("ignore", message="You are using a softmax over axis")
    with native_noise_muted(), collector_paused():
        with without_extras() if Start.of_command else contextlib.nullcontext():
            import keras  # noqa: F401
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            with contextlib.suppress(RuntimeError):  # GPU already in use: a second call in one process
                tf.config.experimental.set_memory_growth(gpu, True)
                wake_up(tf, gpu)
        if Start.of_command:
            gc.freeze()


def wake_up(tf: Any, gpu: Any) -> None:
    """Use a GPU's libraries once, in a muted block: each tells of itself when it is first used, in the first epoch."""
    with contextlib.suppress(Exception), tf.device(gpu.name.removeprefix("/physical_device:")):
        ones = tf.ones((1, 8, 8, 1))
        tf.nn.conv2d(ones, tf.ones((3, 3, 1, 1)), 1, "SAME")  # cuDNN
        tf.function(lambda x: tf.linalg.matmul(x, x), jit_compile=True)(ones)  # cuBLAS and XLA


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
