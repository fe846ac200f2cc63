"""Third-party noise, silenced at its source: what native libraries write to file descriptor 2 while they start.

TensorFlow logs its CPU features, oneDNN notices and, on a machine without a GPU, CUDA errors straight to descriptor 2,
before any logging level is read. What was written is shown after all when the block raises.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator

from mmkeras.system.malloc import keep_freed_memory


@contextlib.contextmanager
def native_noise_muted() -> Iterator[None]:
    """Keep descriptor 2 silent inside the block; Python's own sys.stderr is silent there too."""
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        saved = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            kept.seek(0)
            os.write(2, kept.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def no_retracing(record: logging.LogRecord) -> bool:
    """Is a record of TensorFlow's anything but the advice to trace less? One process trains many models here."""
    return "tf.function retracing" not in str(record.msg)


def disable_tf32() -> None:
    """Multiply float32 as float32 on a GPU too, which rounds to 10 bits if not told: artefacts are held against it.

    To be called before TensorFlow is imported; processes that this one starts do the same.
    """
    os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")


def import_tensorflow() -> None:
    """Import TensorFlow and Keras (TensorFlow backend) without their start-up noise; let a GPU's memory grow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    logging.getLogger("tensorflow").addFilter(no_retracing)
    # attention of a text of one piece, or to a memory of one token: right as it is
    warnings.filterwarnings("ignore", message="You are using a softmax over axis")
    with native_noise_muted():
        import keras  # noqa: F401
        import tensorflow as tf

        for gpu in tf.config.list_physical_devices("GPU"):
            with contextlib.suppress(RuntimeError):  # already in use: a second call in one process
                tf.config.experimental.set_memory_growth(gpu, True)


def start_tensorflow(seed: int, large_tensors: bool) -> None:
    """Import TensorFlow, and set the seed of everything random.

    large_tensors: does the model make tensors of megabytes at every step, which TensorFlow's own allocator should keep?
    """
    if large_tensors:
        # A convolution's tensors and a vocabulary's logits are megabytes that malloc takes from the system and gives
        # back at every step: half of the time went into fresh pages. TensorFlow's own allocator keeps them.
        os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "1")
    keep_freed_memory()
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(seed)
