"""What the proof sends in place of a client: the held-out pictures' own files, or their pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from odd_pictures import ALIKE, NOT_ALIKE, SIZE, assert_read_alike, exif, jpeg, picture, tiff

from mmkeras.modalities.image.decode import decode_image
from mmkeras.modalities.image.spec import as_served


def test_the_proof_sends_the_file_itself() -> None:
    input_spec = {"kind": "image", "name": "photo", "size": SIZE}
    for file in (jpeg(exif(tiff(6))), ALIKE["WebP RGBA"], ALIKE["GIF"]):
        sent, pixels = as_served(file, input_spec)
        assert sent == file
        np.testing.assert_array_equal(pixels, decode_image(file))
    assert as_served(None, input_spec) == (b"", None)


@pytest.mark.parametrize("value", [*NOT_ALIKE.values(), np.asarray(picture())], ids=[*NOT_ALIKE, "pixels"])
def test_of_other_values_the_proof_sends_their_pixels(value: Any) -> None:
    sent, pixels = as_served(value, {"kind": "image", "name": "photo", "size": SIZE})
    assert sent.startswith(b"\x89PNG")
    np.testing.assert_array_equal(pixels, decode_image(value) if isinstance(value, bytes) else value)
    np.testing.assert_array_equal(decode_image(sent), pixels)
    assert_read_alike([sent])
