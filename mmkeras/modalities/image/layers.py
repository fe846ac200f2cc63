"""Keras layers for images: resizing, rescaling, augmentation in training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from mmkeras.modalities.image.resize import SUM, TAPS, sampling_weights

Tensor = Any
GREY = (0.299, 0.587, 0.114)  # the luma of red, green and blue: ITU-R BT.601


@keras.saving.register_keras_serializable("mmkeras")
class Resize(keras.layers.Layer):
    """Pixels of any height and width -> a square: uint8 [b, h, w, 3] -> uint8 [b, size, size, 3].

    `keras.layers.Resizing` differs between formats, and batch normalisation after it used the batch's statistics in the
    exported graph; resize.py describes the computation. On a GPU that multiplies in TF32 a result may be off by one;
    CPUs and `tf.config.experimental.enable_tensor_float_32_execution(False)` are exact.
    """

    def __init__(self, size: int, **kwargs: Any) -> None:
        super().__init__(**{"trainable": False, "dtype": "float32", "autocast": False, **kwargs})
        self.size, self.supports_jit = size, False  # XLA would compile anew for each size

    def call(self, pixels: Tensor) -> Tensor:
        sums = self._shrink_rows(self._shrink_rows(pixels))  # twice, since each call transposes the picture
        return tf.cast(tf.floor(sums * (1.0 / SUM) + 0.5), tf.uint8)

    def _shrink_rows(self, pixels: Tensor) -> Tensor:
        """[b, n, m, 3] -> weighted sums of rows, float32 [b, m, size, 3]; gathering whole rows is cheap."""
        shape = tf.shape(pixels)
        indices, shares = sampling_weights(shape[1], self.size, tf)
        rows = tf.cast(tf.gather(pixels, indices, axis=1), tf.float32)  # [b, size * 2 TAPS, m, 3]
        rows = tf.reshape(rows, (shape[0], self.size, 2 * TAPS, shape[2] * 3))
        sums = tf.matmul(tf.cast(shares, tf.float32)[:, None], rows)  # [size, 1, 2 TAPS] x […] -> [b, size, 1, m * 3]
        return tf.transpose(tf.reshape(sums, (shape[0], self.size, shape[2], 3)), (0, 2, 1, 3))

    def compute_output_shape(self, pixels_shape: Any) -> tuple[Any, ...]:
        return pixels_shape[0], self.size, self.size, 3

    def compute_output_spec(self, pixels: Any) -> Any:
        return keras.KerasTensor(self.compute_output_shape(pixels.shape), dtype="uint8")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable("mmkeras")
class Rescale(keras.layers.Layer):
    """Pixels times `scale` plus `offset`: any dtype [b, s, s, 3] -> float [b, s, s, 3].

    scale, offset: one number, or one a channel; the default maps 0 … 255 to -1 … 1. After `keras.layers.Rescaling`,
    too, exported batch normalisation used the batch's statistics.
    """

    def __init__(
        self, scale: float | Sequence[float] = 1 / 127.5, offset: float | Sequence[float] = -1.0, **kwargs: Any
    ) -> None:
        super().__init__(**{"trainable": False, **kwargs})
        self.scale, self.offset = scale, offset

    def call(self, pixels: Tensor) -> Tensor:
        dtype = self.compute_dtype
        return ops.cast(pixels, dtype) * ops.convert_to_tensor(self.scale, dtype) + ops.convert_to_tensor(
            self.offset, dtype
        )

    def compute_output_spec(self, pixels: Any) -> Any:
        return keras.KerasTensor(pixels.shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


@keras.saving.register_keras_serializable("mmkeras")
class Augment(keras.layers.Layer):
    """Random changes of pixels 0 … 255 in training, none at inference: [b, s, s, 3] -> float32 [b, s, s, 3].

    flip: mirror half of the pictures (not for digits, signs or writing). crop: crop away up to this share of each side,
    at a random position, and stretch the rest to the full size. colour: change brightness, contrast and saturation by
    up to this share.

    The crop is two matrix products, since XLA cannot compile TensorFlow's image warps. The random numbers are a
    function of the seed and of a counter among the weights (XLA draws other numbers), so that a resumed training draws
    those of an uninterrupted one. A `keras.random.SeedGenerator` would not: its state is not saved with the weights.
    """

    def __init__(
        self, flip: bool = True, crop: float = 0.25, colour: float = 0.2, seed: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.flip, self.crop, self.colour, self.seed = flip, crop, colour, seed

    def build(self, pixels_shape: Any) -> None:
        self.draws = self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="draws",
        )

    def call(self, pixels: Tensor, training: bool = False) -> Tensor:
        pixels = ops.cast(pixels, "float32")
        if not training:
            return pixels
        seed = tf.stack([tf.constant(self.seed, tf.int64), tf.cast(self.draws.value, tf.int64)])
        self.draws.assign(self.draws + 1)
        # [8, b, 1, 1]: a number from 0 to 1 for each change and picture
        chance = tf.random.stateless_uniform((8, tf.shape(pixels)[0], 1, 1), seed)
        return self._recolour(self._crop(pixels, chance[:5]), chance[5:])

    def _crop(self, pixels: Tensor, chance: Tensor) -> Tensor:
        size = pixels.shape[1]
        rows = self._axis(chance[0], chance[1], size)  # [b, s, s]
        columns = self._axis(chance[2], chance[3], size)
        if self.flip:
            columns = tf.where(chance[4] < 0.5, tf.reverse(columns, (1,)), columns)
        flat = tf.reshape(pixels, (-1, size, size * 3))
        transposed = tf.transpose(tf.reshape(rows @ flat, (-1, size, size, 3)), (0, 2, 1, 3))  # [b, column, row, 3]
        flat = columns @ tf.reshape(transposed, (-1, size, size * 3))
        return tf.transpose(tf.reshape(flat, (-1, size, size, 3)), (0, 2, 1, 3))

    def _axis(self, amount: Tensor, start: Tensor, size: int) -> Tensor:
        """The weight of each pixel of an axis in each pixel of the cropped axis: [b, s, s].

        amount, start: of the crop, random numbers [b, 1, 1] from 0 to 1.
        """
        length = size * (1.0 - self.crop * amount)  # [b, 1, 1]
        pixel = tf.range(float(size))
        position = start * (size - length) + (pixel[:, None] + 0.5) * length / size - 0.5  # [b, s, 1]
        return tf.nn.relu(1.0 - tf.abs(tf.clip_by_value(position, 0.0, size - 1.0) - pixel))

    def _recolour(self, pixels: Tensor, chance: Tensor) -> Tensor:
        brightness, contrast, saturation = tf.unstack(
            1.0 + self.colour * (2.0 * chance[..., None] - 1.0)
        )  # [b, 1, 1, 1]
        pixels = pixels * brightness
        mean = tf.reduce_mean(pixels, axis=(1, 2, 3), keepdims=True)
        pixels = mean + contrast * (pixels - mean)
        grey = tf.reduce_sum(pixels * GREY, axis=3, keepdims=True)
        return tf.clip_by_value(grey + saturation * (pixels - grey), 0.0, 255.0)

    def compute_output_spec(self, pixels: Any, training: bool = False) -> Any:
        return keras.KerasTensor(pixels.shape, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        options = {"flip": self.flip, "crop": self.crop, "colour": self.colour, "seed": self.seed}
        return {**super().get_config(), **options}
