"""Files of pictures -> pixels inside a SavedModel, for clients of TF Serving, which send files unchanged."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from mmkeras.modalities.image.layers import Resize
from mmkeras.modalities.image.orientation import jpeg_orientation, png_orientation, turn, webp_orientation

Tensor = Any


def read_pictures(data: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """String [b], files of pictures, "" for a missing one -> pixels uint8 [b, size, size, 3], presence float32 [b, 1].

    JPEG, PNG, WebP, GIF and BMP, turned as EXIF says: bit-identical to `decode.decode_image`, except for files that
    TensorFlow's decoders read differently or refuse. `same_pixels.decodes_identically` tells which: GIFs with
    transparency, BMPs with palettes, PNGs of 16 bits a channel and a few more. Clients convert such files first.
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
    head = tf.strings.substr(file, 0, 32) + b"\0" * 32  # padded, since a file may be shorter than the header
    png = tf.equal(tf.strings.substr(head, 0, 4), b"\x89PNG")
    webp = tf.equal(tf.strings.substr(head, 0, 4), b"RIFF") & tf.equal(tf.strings.substr(head, 8, 4), b"WEBP")
    pixels = tf.case(
        [
            (tf.equal(tf.strings.length(file), 0), lambda: tf.zeros((size, size, 3), tf.uint8)),
            (tf.io.is_jpeg(file), lambda: _read_jpeg(file)),
            (png, lambda: turn(_on_white(_read_png(file, head)), png_orientation(file))),
            (webp, lambda: _read_webp(file, head)),
        ],
        default=lambda: tf.io.decode_image(file, 3, expand_animations=False),
    )
    return tf.ensure_shape(pixels, (None, None, 3))


def _read_jpeg(file: Tensor) -> Tensor:
    """One JPEG -> uint8 [h, w, 3], by the exact cosine transform, which Pillow uses too."""
    return turn(tf.io.decode_jpeg(file, 3, dct_method="INTEGER_ACCURATE"), jpeg_orientation(file))


def _read_webp(file: Tensor, head: Tensor) -> Tensor:
    """One WebP -> uint8 [h, w, 3]; of an animation the first frame.

    On a server that is too old for WebP, `tf.io.decode_image` refuses the one picture; with `decode_webp` in its place
    such a server could not load the model at all.
    """
    extended = tf.equal(tf.strings.substr(head, 12, 4), b"VP8X")
    flags = tf.where(extended, tf.io.decode_raw(tf.strings.substr(head, 20, 1), tf.uint8)[0], tf.constant(0, tf.uint8))
    animated, alpha = (tf.bitwise.bitwise_and(flags, flag) > 0 for flag in (0x02, 0x10))

    def first_frame() -> Tensor:
        """Decode with the alpha flag set in the header: without it, TensorFlow 2.21 allocates 3 channels and writes 4,
        past the end of its memory.
        """
        flags_byte = tf.gather([bytes([k]) for k in range(256)], tf.cast(tf.bitwise.bitwise_or(flags, 0x10), tf.int32))
        rest = tf.strings.substr(file, 21, tf.strings.length(file))
        pixels = tf.io.decode_image(tf.strings.substr(file, 0, 20) + flags_byte + rest, 4, expand_animations=False)
        return tf.cond(alpha, lambda: _on_white(pixels), lambda: pixels[:, :, :3])

    def still() -> Tensor:
        pixels = tf.io.decode_image(file, 0, expand_animations=False)
        return tf.cond(tf.equal(tf.shape(pixels)[2], 4), lambda: _on_white(pixels), lambda: pixels)

    return turn(tf.cond(animated, first_frame, still), webp_orientation(file, flags))


def _read_png(file: Tensor, head: Tensor) -> Tensor:
    """One PNG -> uint8 [h, w, 4].

    For a file without alpha TensorFlow fills the channel before it widens pixels of 1, 2 or 4 bits: opaque pixels then
    have an alpha of 1, 3 or 15, which is corrected here to 255.
    """
    pixels = tf.io.decode_png(file, 4)
    few_bits = tf.io.decode_raw(tf.strings.substr(head, 24, 1), tf.uint8)[0] < 8  # IHDR's bit depth

    def opaque() -> Tensor:
        no_alpha = tf.equal(tf.shape(tf.io.decode_png(file))[2] % 2, 1)  # the file has 1 or 3 channels
        alpha = tf.where(no_alpha & (pixels[:, :, 3:] > 0), tf.constant(255, tf.uint8), pixels[:, :, 3:])
        return tf.concat([pixels[:, :, :3], alpha], 2)

    return tf.cond(few_bits, opaque, lambda: pixels)


def _on_white(pixels: Tensor) -> Tensor:
    """uint8 [h, w, 4] -> [h, w, 3], blended with a white background, rounded as Pillow rounds."""
    colour, alpha = tf.cast(pixels[:, :, :3], tf.int32), tf.cast(pixels[:, :, 3:], tf.int32)
    mixed = colour * alpha + 255 * (255 - alpha) + 128
    return tf.cast((mixed + mixed // 256) // 256, tf.uint8)  # a rounded division by 255 in 16 bits
