"""Encoded pictures -> pixels inside a SavedModel, for TF Serving's clients, who send files as they are."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mmkeras.modalities.image.layers import Resize

Tensor = Any


def read_pictures(data: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """String [b], files of JPEG, PNG, GIF or BMP, "" where there is none -> uint8 [b, size, size, 3], float32 [b, 1].

    As `decode.decode_image` reads them, but for EXIF orientation, WebP and 16 bits a channel, which TensorFlow's own
    decoders do not know: clients that have those turn and convert first.
    """
    resize = Resize(size)
    pixels = tf.map_fn(
        lambda file: resize(_decode(file, size)[None])[0],
        data,
        fn_output_signature=tf.TensorSpec((size, size, 3), tf.uint8),
    )
    return pixels, tf.cast(tf.strings.length(data) > 0, tf.float32)[:, None]


def _decode(file: Tensor, size: int) -> Tensor:
    """One file -> uint8 [h, w, 3]; zeros for an empty one."""
    jpeg, png = tf.io.is_jpeg(file), tf.equal(tf.strings.substr(file, 0, 4), b"\x89PNG")
    pixels = tf.case(
        [
            (tf.equal(tf.strings.length(file), 0), lambda: tf.zeros((size, size, 3), tf.uint8)),
            # the exact transform is what Pillow decodes with
            (jpeg, lambda: tf.io.decode_jpeg(file, 3, dct_method="INTEGER_ACCURATE")),
            (png, lambda: _on_white(_read_png(file))),
        ],
        default=lambda: tf.io.decode_image(file, 3, expand_animations=False),
    )
    return tf.ensure_shape(pixels, (None, None, 3))


def _read_png(file: Tensor) -> Tensor:
    """One PNG -> uint8 [h, w, 4].

    TensorFlow fills in the alpha that a file lacks before it widens pixels of 1, 2 or 4 bits: it is 1, 3 or 15 then.
    """
    pixels = tf.io.decode_png(file, 4)
    few_bits = tf.io.decode_raw(tf.strings.substr(file, 24, 1), tf.uint8)[0] < 8  # IHDR's bit depth

    def opaque() -> Tensor:
        lacking = tf.equal(tf.shape(tf.io.decode_png(file))[2] % 2, 1)  # 1 or 3 channels of the file's own
        alpha = tf.where(lacking & (pixels[:, :, 3:] > 0), tf.constant(255, tf.uint8), pixels[:, :, 3:])
        return tf.concat([pixels[:, :, :3], alpha], 2)

    return tf.cond(few_bits, opaque, lambda: pixels)


def _on_white(pixels: Tensor) -> Tensor:
    """uint8 [h, w, 4] -> [h, w, 3]: what is transparent becomes white, rounded as Pillow rounds."""
    colour, alpha = tf.cast(pixels[:, :, :3], tf.int32), tf.cast(pixels[:, :, 3:], tf.int32)
    mixed = colour * alpha + 255 * (255 - alpha) + 128
    return tf.cast((mixed + mixed // 256) // 256, tf.uint8)  # a division by 255, rounded, of 16 bits
