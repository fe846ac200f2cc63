"""Networks of small pictures as they are exported, pixels of any size -> tokens, and the check of a format of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from mmkeras.modalities.image.layers import Augment, Rescale, Resize
from mmkeras.modalities.image.resize import resize_pixels

SIZE = 32


def random_pixels(*shape: int, seed: int = 0) -> np.ndarray:
    """The hardest pictures to resize alike: neighbours have nothing in common."""
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype="uint8")


def shaken(model: keras.Model, seed: int = 0) -> keras.Model:
    """Fresh batch normalisation divides by one: give it the statistics of pictures, so that errors are seen."""
    keras.utils.set_random_seed(seed)
    model(random_pixels(16, SIZE, SIZE), training=True)
    return model


def raw_model(encode: Callable[[Any], Any], size: int = SIZE) -> keras.Model:
    """What is exported: pixels of any size -> what the network sees, and its tokens."""
    keras.utils.set_random_seed(0)
    raw = keras.Input((None, None, 3), dtype="uint8", name="photo")
    pixels = Resize(size, name="resized")(raw)
    tokens = encode(Rescale(name="rescaled")(Augment(name="augmented")(pixels)))
    return shaken(keras.Model(raw, {"pixels": pixels, "tokens": tokens}))


def check_parity(model: keras.Model, runner: Any, shapes: list[tuple[int, int]], most: float = 1e-5) -> None:
    for batch in (1, 4):
        for height, width in shapes:
            photo = random_pixels(batch, height, width, seed=height)
            want, got = model(photo, training=False), runner({"photo": photo})
            assert (got["pixels"] == want["pixels"].numpy()).all(), f"{height} x {width}"
            assert (got["pixels"][0] == resize_pixels(photo[0], SIZE)).all()
            np.testing.assert_allclose(got["tokens"], want["tokens"], rtol=0, atol=most)
            assert np.std(want["tokens"]) > 0.1, "all the same proves nothing"
