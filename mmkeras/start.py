"""TensorFlow as a training wants it."""

from __future__ import annotations

import os

from mmkeras.config import Config
from mmkeras.freed_memory import keep_freed_memory
from mmkeras.quiet import import_tensorflow


def start_tensorflow(config: Config) -> None:
    """Import TensorFlow, and set the seed of everything random."""
    if config.model == "multimodal" or config.task == "language_model":
        # A convolution's tensors and a vocabulary's logits are megabytes that malloc takes from the system and gives
        # back at every step: half of the time went into fresh pages. TensorFlow's own allocator keeps them.
        os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "1")
    keep_freed_memory()
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(config.seed)
