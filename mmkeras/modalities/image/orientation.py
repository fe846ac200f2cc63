"""Which way up a picture is, by its file, inside a graph: EXIF's orientation, and XMP's, read as Pillow reads them.

`decode` asks Pillow. A client of TF Serving sends the file alone, so here plain operations of TensorFlow walk through
it. What is damaged says nothing, and the picture is left as it is stored. Pillow reads a few things more, which no
camera writes: an orientation that is a text, a fraction or a list, and one that is told in two ways.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import tensorflow as tf

Tensor = Any

_STEPS: Final = 4_000  # of a walk, some tenths of a millisecond each: no file is to hold up a server
_UNSAID: Final = -1  # there is no orientation; one that is said may be any number, and 1 … 8 mean something
_ORIENTATION: Final = 0x0112  # EXIF 2.32, 4.6.4 A: tag 274
_HEADS: Final = (b"MM\0*", b"II*\0", b"MM*\0", b"II\0*", b"MM\0+")  # of a TIFF; Pillow takes the last three, too
_EXIF, _XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_IN_XMP: Final = r'\C*?tiff:Orientation(?:="|>)([0-9])\C*'
_UNITS: Final = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8)  # bytes of one value, by a tag's kind; 0: unknown
_WHOLE: Final = (0, 0, 0, 2, 4, 0, 1, 0, 2, 4, 0, 0, 0, 4, 0, 0, 0)  # the same of the kinds that are whole numbers


def turn(pixels: Tensor, orientation: Tensor) -> Tensor:
    """Pixels as stored [h, w, 3] -> as seen, as `decode` turns them."""

    def when(values: tuple[int, ...], change: Callable[[Tensor], Tensor], given: Tensor) -> Tensor:
        return tf.cond(_among(orientation, values), lambda: change(given), lambda: given)

    turned = when((5, 6, 7, 8), lambda x: tf.transpose(x, (1, 0, 2)), pixels)  # [h, w, 3] -> [w, h, 3]
    turned = when((3, 4, 7, 8), lambda x: tf.reverse(x, (0,)), turned)
    return when((2, 3, 6, 7), lambda x: tf.reverse(x, (1,)), turned)


def jpeg_orientation(file: Tensor) -> Tensor:
    """Of a JPEG: int64. All Exif segments are one, as in Pillow; the last XMP counts."""
    nothing = tf.constant(b"")
    held = _holds(file, b"\xff\xe1")  # among pixels there is no such pair, so that most pictures need no walk
    exif, xmp = tf.cond(held, lambda: _jpeg_segments(file), lambda: (nothing, nothing))
    return _orientation(exif, xmp)


def _jpeg_segments(file: Tensor) -> tuple[Tensor, Tensor]:
    """What the APP1 segments before the pixels hold: EXIF and XMP."""
    length = tf.strings.length(file)
    data = tf.io.decode_raw(file + b"\0" * 4, tf.uint8)  # [length + 4]

    def more(place: Tensor, exif: Tensor, xmp: Tensor) -> Tensor:
        scan = tf.equal(data[place], 0xFF) & tf.equal(data[place + 1], 0xDA)  # behind it are pixels
        return (place < length) & ~scan

    def step(place: Tensor, exif: Tensor, xmp: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        first, marker, high, low = tf.unstack(tf.cast(tf.slice(data, [place], [4]), tf.int32))
        is_marker = tf.equal(first, 0xFF) & (marker < 0xFF)
        sized = is_marker & (marker >= 0xC0) & ((marker < 0xD0) | (marker > 0xD9))
        n_bytes = tf.maximum(high * 256 + low - 2, 0)
        exif, xmp = tf.cond(
            sized & tf.equal(marker, 0xE1) & (place + 4 <= length),
            lambda: _with_segment(tf.strings.substr(file, place + 4, n_bytes), exif, xmp),
            lambda: (exif, xmp),
        )
        # what is no marker is passed over byte by byte, as Pillow and libjpeg do
        size = tf.where(sized, 4 + n_bytes, tf.where(is_marker, 2, 1))
        return tf.minimum(place + size, length), exif, xmp

    start = (tf.constant(2), tf.constant(b""), tf.constant(b""))  # behind the marker that begins each JPEG
    return tuple(tf.while_loop(more, step, start, maximum_iterations=_STEPS)[1:])


def _with_segment(segment: Tensor, exif: Tensor, xmp: Tensor) -> tuple[Tensor, Tensor]:
    """EXIF and XMP, and what one more segment says. Of a second Exif segment the name is left out."""

    def named(name: bytes) -> Tensor:
        return tf.equal(tf.strings.substr(segment, 0, len(name)), name)

    def behind(length: Any) -> Tensor:
        return tf.strings.substr(segment, length, tf.strings.length(segment))

    skipped = tf.where(tf.strings.length(exif) > 0, len(_EXIF), 0)
    exif = tf.cond(named(_EXIF), lambda: exif + behind(skipped), lambda: exif)
    return exif, tf.cond(named(_XMP), lambda: behind(len(_XMP)), lambda: xmp)


def png_orientation(file: Tensor) -> Tensor:
    """Of a PNG: int64, by its eXIf chunk."""
    nothing = tf.constant(b"")
    exif = tf.cond(_holds(file, b"eXIf"), lambda: _chunk(file, 8, b"eXIf", True), lambda: nothing)
    return _orientation(exif, nothing)


def webp_orientation(file: Tensor, flags: Tensor) -> Tensor:
    """Of a WebP whose header has these flags: int64. Chunks that the header does not tell of are not looked for."""

    def told(flag: int, name: bytes) -> Tensor:
        there = tf.bitwise.bitwise_and(flags, flag) > 0
        return tf.cond(there, lambda: _chunk(file, 12, name, False), lambda: tf.constant(b""))

    return _orientation(told(0x08, b"EXIF"), told(0x04, b"XMP "))


def _chunk(file: Tensor, start: int, name: bytes, png: bool) -> Tensor:
    """What is in a chunk: the last of a PNG, a checksum behind each; the first of a WebP, each padded to even."""
    n_bytes = tf.cast(tf.strings.length(file), tf.int64)

    def more(place: Tensor, found: Tensor) -> Tensor:
        return (place + 8 <= n_bytes) & (png | tf.equal(tf.strings.length(found), 0))

    def step(place: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
        length, called = (place, place + 4) if png else (place + 4, place)
        size = _number(tf.io.decode_raw(tf.strings.substr(file, length, 4), tf.uint8), tf.constant(not png))
        this = tf.equal(tf.strings.substr(file, called, 4), name)
        found = tf.cond(this, lambda: tf.strings.substr(file, place + 8, size), lambda: found)
        return place + 8 + size + (4 if png else size % 2), found

    begin = (tf.constant(start, tf.int64), tf.constant(b""))
    return tf.while_loop(more, step, begin, maximum_iterations=_STEPS)[1]


def _orientation(exif: Tensor, xmp: Tensor) -> Tensor:
    """What EXIF says; where it says nothing, what XMP says, or _UNSAID."""
    tiff = tf.strings.regex_replace(exif, r"^(Exif\x00\x00){1,2}", "", replace_global=False)
    unsaid = tf.constant(_UNSAID, tf.int64)
    said = tf.cond(tf.strings.length(tiff) > 0, lambda: _in_tiff(tiff), lambda: unsaid)
    in_xmp = tf.equal(said, _UNSAID) & tf.strings.regex_full_match(xmp, _IN_XMP)
    return tf.cond(
        in_xmp, lambda: tf.strings.to_number(tf.strings.regex_replace(xmp, _IN_XMP, r"\1"), tf.int64), lambda: said
    )


def _in_tiff(tiff: Tensor) -> Tensor:
    """The orientation of the first directory; 1 where the head is none: Pillow gives up then, and XMP is not asked."""
    head = tf.strings.substr(tiff, 0, 4)
    good = tf.reduce_any(tf.equal(head, _HEADS)) & (tf.strings.length(tiff) >= 8)
    little = tf.equal(tf.strings.substr(head, 0, 1), b"I")
    return tf.cond(
        good, lambda: _in_directory(tf.io.decode_raw(tiff, tf.uint8), little), lambda: tf.constant(1, tf.int64)
    )


def _in_directory(data: Tensor, little: Tensor) -> Tensor:
    """A TIFF, uint8 [n] -> the orientation. A tag has 12 bytes: name, kind, how many, and the value or its place."""
    n_bytes = tf.size(data, tf.int64)
    start = tf.minimum(_number(data[4:8], little), n_bytes)
    count = _number(tf.concat([data, tf.zeros(2, tf.uint8)], 0)[start : start + 2], little)
    count = tf.minimum(count, tf.maximum(n_bytes - start - 2, 0) // 12)
    table = tf.reshape(data[start + 2 : start + 2 + 12 * count], (count, 12))  # [count * 12] -> [count, 12]
    tag, kind, many, place = (_number(table[:, a:b], little) for a, b in ((0, 2), (2, 4), (4, 8), (8, 12)))
    kind = tf.where(kind < len(_UNITS), kind, 0)
    size = many * tf.gather(tf.constant(_UNITS, tf.int64), kind)
    far = tf.where(size > 4, size, 0)  # what stands elsewhere; more of it than there are bytes is passed over
    kept = (size > 0) & (tf.equal(far, 0) | (tf.cumsum(far) <= n_bytes))
    lost = kept & (far > 0) & (place + size > n_bytes)  # cut short: Pillow reads no further
    found = tf.equal(tag, _ORIENTATION) & kept & tf.equal(tf.cumsum(tf.cast(lost, tf.int32)), 0)

    def value() -> Tensor:
        row = tf.argmax(tf.cast(found, tf.int32))  # the first
        width = tf.gather(tf.constant(_WHOLE, tf.int64), kind[row])
        said = _number(table[row, 8 : 8 + width], little)
        return tf.where((width > 0) & (size[row] <= 4), said, tf.constant(1, tf.int64))

    return tf.cond(tf.reduce_any(found), value, lambda: tf.constant(_UNSAID, tf.int64))


def _number(data: Tensor, little: Tensor) -> Tensor:
    """Bytes of whole numbers, uint8 [..., k] -> int64 [...]. little: is the first the lowest?"""
    k = tf.shape(data, tf.int64)[-1]
    power = tf.where(little, tf.range(k), k - 1 - tf.range(k))
    return tf.reduce_sum(tf.bitwise.left_shift(tf.cast(data, tf.int64), 8 * power), -1)


def _among(value: Tensor, values: tuple[int, ...]) -> Tensor:
    return tf.reduce_any(tf.equal(value, tf.constant(values, tf.int64)))


def _holds(file: Tensor, word: bytes) -> Tensor:
    """Does a file have these bytes anywhere? Quicker than a walk, or a regular expression."""
    data = tf.io.decode_raw(file, tf.uint8)  # [n]
    n_places = tf.maximum(tf.size(data) - len(word) + 1, 0)
    here = [tf.equal(data[k : k + n_places], byte) for k, byte in enumerate(word)]
    return tf.reduce_any(functools.reduce(tf.logical_and, here))
