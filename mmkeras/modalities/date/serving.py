"""TF Serving's input of a date -> raw input, in plain TensorFlow."""

from __future__ import annotations

import tensorflow as tf

from mmkeras.data.dates.calendar import ISO, notation_of
from mmkeras.modalities.date.reading import read_moment
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.serving import stripped, text_bytes


def read_served(text: Tensor, notation: str = ISO) -> tuple[Tensor, Tensor]:
    """String [b] -> uint8 [b, n] and presence float32 [b, 1].

    A string that is no date of the calendar in the notation counts as missing, as a mark of a missing date does.
    """
    found = notation_of(notation)
    text = stripped(text)
    fits = tf.strings.regex_full_match(text, found.pattern)
    if found.style != "iso":
        fits &= tf.strings.length(text) <= found.max_bytes
    raw = text_bytes(text, found.max_bytes)
    return raw, tf.cast(fits, tf.float32)[:, None] * read_moment(raw, found).valid
