"""The orientation of a picture's file, inside a graph: that of EXIF or of XMP, read as Pillow reads them.

`decode` uses Pillow. A client of TF Serving sends the file, so here plain operations of TensorFlow parse it. Damaged
metadata are ignored, and the picture stays as it is stored. Pillow reads a few more forms, which no camera writes: an
orientation that is a text, a fraction or a list, and two contradictory ones.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

Tensor = Any

_STEPS: Final = 4_000  # of a loop, some tenths of a millisecond each: no file may block a server
_ABSENT: Final = -1  # no orientation; a stored one may be any number, of which 1 … 8 have a meaning
_ORIENTATION: Final = 0x0112  # EXIF 2.32, 4.6.4 A: tag 274
_HEADS: Final = (b"MM\0*", b"II*\0", b"MM*\0", b"II\0*", b"MM\0+")  # of a TIFF; Pillow accepts the last three too
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_IN_XMP: Final = r'\C*?tiff:Orientation(?:="|>)([0-9])\C*'
_UNITS: Final = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8)  # bytes of one value, by a tag's type; 0: unknown
_INTEGERS: Final = (0, 0, 0, 2, 4, 0, 1, 0, 2, 4, 0, 0, 0, 4, 0, 0, 0)  # the same of integer types; 0: other types


def turn(pixels: Tensor, orientation: Tensor) -> Tensor:
    """Pixels as stored [h, w, 3] -> upright, as `decode` turns them."""

    def when(values: tuple[int, ...], change: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
        return tf.cond(_among(orientation, values), lambda: change(image), lambda: image)

    turned = when((5, 6, 7, 8), lambda x: tf.transpose(x, (1, 0, 2)), pixels)  # [h, w, 3] -> [w, h, 3]
    turned = when((3, 4, 7, 8), lambda x: tf.reverse(x, (0,)), turned)
    return when((2, 3, 6, 7), lambda x: tf.reverse(x, (1,)), turned)


def jpeg_orientation(file: Tensor) -> Tensor:
    """The orientation of a JPEG, int64. All Exif segments are joined, as in Pillow; the last XMP counts."""
    empty = tf.constant(b"")
    has_app1 = _contains(file, b"\xff\xe1")  # never among pixels, so that most pictures need no loop
    exif, xmp = tf.cond(has_app1, lambda: _jpeg_segments(file), lambda: (empty, empty))
    return _orientation(exif, xmp)


def _jpeg_segments(file: Tensor) -> tuple[Tensor, Tensor]:
    """EXIF and XMP from the APP1 segments before the pixels."""
    length = tf.strings.length(file)
    data = tf.io.decode_raw(file + b"\0" * 4, tf.uint8)  # [length + 4]

    def has_more(offset: Tensor, exif: Tensor, xmp: Tensor) -> Tensor:
        is_scan = tf.equal(data[offset], 0xFF) & tf.equal(data[offset + 1], 0xDA)  # the pixels follow
        return (offset < length) & ~is_scan

    def step(offset: Tensor, exif: Tensor, xmp: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        first, marker, high, low = tf.unstack(tf.cast(tf.slice(data, [offset], [4]), tf.int32))
        is_marker = tf.equal(first, 0xFF) & (marker < 0xFF)
        has_size = is_marker & (marker >= 0xC0) & ((marker < 0xD0) | (marker > 0xD9))
        n_bytes = tf.maximum(high * 256 + low - 2, 0)
        exif, xmp = tf.cond(
            has_size & tf.equal(marker, 0xE1) & (offset + 4 <= length),
            lambda: _with_segment(tf.strings.substr(file, offset + 4, n_bytes), exif, xmp),
            lambda: (exif, xmp),
        )
        # bytes that are no marker are skipped one by one, as in Pillow and libjpeg
        size = tf.where(has_size, 4 + n_bytes, tf.where(is_marker, 2, 1))
        return tf.minimum(offset + size, length), exif, xmp

    start = (tf.constant(2), tf.constant(b""), tf.constant(b""))  # after the marker that begins each JPEG
    return tuple(tf.while_loop(has_more, step, start, maximum_iterations=_STEPS)[1:])


def _with_segment(segment: Tensor, exif: Tensor, xmp: Tensor) -> tuple[Tensor, Tensor]:
    """EXIF and XMP with one more segment added. Of a second Exif segment the name is dropped."""

    def has_name(name: bytes) -> Tensor:
        return tf.equal(tf.strings.substr(segment, 0, len(name)), name)

    def without(n_bytes: Any) -> Tensor:
        return tf.strings.substr(segment, n_bytes, tf.strings.length(segment))

    skipped = tf.where(tf.strings.length(exif) > 0, len(_EXIF), 0)
    exif = tf.cond(has_name(_EXIF), lambda: exif + without(skipped), lambda: exif)
    return exif, tf.cond(has_name(_XMP), lambda: without(len(_XMP)), lambda: xmp)


def png_orientation(file: Tensor) -> Tensor:
    """The orientation of a PNG, int64, from its eXIf chunk."""
    empty = tf.constant(b"")
    exif = tf.cond(_contains(file, b"eXIf"), lambda: _chunk(file, 8, b"eXIf", True), lambda: empty)
    return _orientation(exif, empty)


def webp_orientation(file: Tensor, flags: Tensor) -> Tensor:
    """The orientation of a WebP, int64. flags: of its header; chunks without a flag are not searched for."""

    def flagged_chunk(flag: int, name: bytes) -> Tensor:
        has_flag = tf.bitwise.bitwise_and(flags, flag) > 0
        return tf.cond(has_flag, lambda: _chunk(file, 12, name, False), lambda: tf.constant(b""))

    return _orientation(flagged_chunk(0x08, b"EXIF"), flagged_chunk(0x04, b"XMP "))


def _chunk(file: Tensor, start: int, name: bytes, png: bool) -> Tensor:
    """The content of a chunk: the last of a PNG, each with a checksum; the first of a WebP, each padded to even."""
    n_bytes = tf.cast(tf.strings.length(file), tf.int64)

    def has_more(offset: Tensor, content: Tensor) -> Tensor:
        return (offset + 8 <= n_bytes) & (png | tf.equal(tf.strings.length(content), 0))

    def step(offset: Tensor, content: Tensor) -> tuple[Tensor, Tensor]:
        size_offset, name_offset = (offset, offset + 4) if png else (offset + 4, offset)
        size = _number(tf.io.decode_raw(tf.strings.substr(file, size_offset, 4), tf.uint8), tf.constant(not png))
        matches = tf.equal(tf.strings.substr(file, name_offset, 4), name)
        content = tf.cond(matches, lambda: tf.strings.substr(file, offset + 8, size), lambda: content)
        return offset + 8 + size + (4 if png else size % 2), content

    begin = (tf.constant(start, tf.int64), tf.constant(b""))
    return tf.while_loop(has_more, step, begin, maximum_iterations=_STEPS)[1]


def _orientation(exif: Tensor, xmp: Tensor) -> Tensor:
    """The orientation in EXIF; if it has none, that in XMP; else _ABSENT."""
    tiff = tf.strings.regex_replace(exif, r"^(Exif\x00\x00){1,2}", "", replace_global=False)
    absent = tf.constant(_ABSENT, tf.int64)
    in_exif = tf.cond(tf.strings.length(tiff) > 0, lambda: _in_tiff(tiff), lambda: absent)
    is_in_xmp = tf.equal(in_exif, _ABSENT) & tf.strings.regex_full_match(xmp, _IN_XMP)
    return tf.cond(
        is_in_xmp,
        lambda: tf.strings.to_number(tf.strings.regex_replace(xmp, _IN_XMP, r"\1"), tf.int64),
        lambda: in_exif,
    )


def _in_tiff(tiff: Tensor) -> Tensor:
    """The orientation in the first directory; 1 for an invalid head, after which Pillow does not read XMP either."""
    head = tf.strings.substr(tiff, 0, 4)
    is_valid = tf.reduce_any(tf.equal(head, _HEADS)) & (tf.strings.length(tiff) >= 8)
    little = tf.equal(tf.strings.substr(head, 0, 1), b"I")
    return tf.cond(
        is_valid, lambda: _in_directory(tf.io.decode_raw(tiff, tf.uint8), little), lambda: tf.constant(1, tf.int64)
    )


def _in_directory(data: Tensor, little: Tensor) -> Tensor:
    """A TIFF, uint8 [n] -> the orientation. A tag has 12 bytes: name, type, count, and the value or its offset."""
    n_bytes = tf.size(data, tf.int64)
    start = tf.minimum(_number(data[4:8], little), n_bytes)
    n_tags = _number(tf.concat([data, tf.zeros(2, tf.uint8)], 0)[start : start + 2], little)
    n_tags = tf.minimum(n_tags, tf.maximum(n_bytes - start - 2, 0) // 12)
    table = tf.reshape(data[start + 2 : start + 2 + 12 * n_tags], (n_tags, 12))  # [n_tags * 12] -> [n_tags, 12]
    tag, kind, count, offset = (_number(table[:, a:b], little) for a, b in ((0, 2), (2, 4), (4, 8), (8, 12)))
    kind = tf.where(kind < len(_UNITS), kind, 0)
    size = count * tf.gather(tf.constant(_UNITS, tf.int64), kind)
    far = tf.where(size > 4, size, 0)  # bytes of values outside the table; those beyond the file's size are skipped
    is_read = (size > 0) & (tf.equal(far, 0) | (tf.cumsum(far) <= n_bytes))
    is_truncated = is_read & (far > 0) & (offset + size > n_bytes)  # Pillow stops reading there
    is_before = tf.equal(tf.cumsum(tf.cast(is_truncated, tf.int32)), 0)
    matches = tf.equal(tag, _ORIENTATION) & is_read & is_before

    def value() -> Tensor:
        row = tf.argmax(tf.cast(matches, tf.int32))  # the first
        width = tf.gather(tf.constant(_INTEGERS, tf.int64), kind[row])
        number = _number(table[row, 8 : 8 + width], little)
        return tf.where((width > 0) & (size[row] <= 4), number, tf.constant(1, tf.int64))

    return tf.cond(tf.reduce_any(matches), value, lambda: tf.constant(_ABSENT, tf.int64))


def _number(data: Tensor, little: Tensor) -> Tensor:
    """Bytes of whole numbers, uint8 [..., k] -> int64 [...]. little: is the first byte the lowest?"""
    k = tf.shape(data, tf.int64)[-1]
    power = tf.where(little, tf.range(k), k - 1 - tf.range(k))
    return tf.reduce_sum(tf.bitwise.left_shift(tf.cast(data, tf.int64), 8 * power), -1)


def _among(value: Tensor, values: tuple[int, ...]) -> Tensor:
    return tf.reduce_any(tf.equal(value, tf.constant(values, tf.int64)))


def _contains(file: Tensor, word: bytes) -> Tensor:
    """Does a file contain these bytes? Faster than parsing it, or a regular expression."""
    data = tf.io.decode_raw(file, tf.uint8)  # [n]
    n_offsets = tf.maximum(tf.size(data) - len(word) + 1, 0)
    equal_bytes = [tf.equal(data[k : k + n_offsets], byte) for k, byte in enumerate(word)]
    return tf.reduce_any(functools.reduce(tf.logical_and, equal_bytes))
