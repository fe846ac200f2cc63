"""One cell that names a picture or a clip: its value, and its faults."""

from __future__ import annotations

import base64
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from damaged_media import BAD_CLIPS, BAD_IMAGES, CLIPS, picture

from mmkeras.errors import BadCell, InputError
from mmkeras.modalities.audio.cells import clip_seconds, read_clip
from mmkeras.modalities.audio.decode import decode_audio
from mmkeras.modalities.image.cells import read_image
from mmkeras.modalities.image.spec import ImageSpec
from mmkeras.modalities.media.paths import MediaRoot


def test_image_rule() -> None:
    assert ImageSpec().size == 96
    for size in (15, 513):
        with pytest.raises(InputError, match="16 to 512 pixels"):
            ImageSpec(size)


def test_a_picture_and_a_clip(media: Path) -> None:
    root = MediaRoot(str(media))
    np.testing.assert_array_equal(read_image(" 3.png ", root), picture(3))
    np.testing.assert_array_equal(read_clip("3.wav", root, CLIPS), decode_audio(media / "3.wav", 8000, 0.25))
    assert len(read_clip("5.wav", root, CLIPS)) == CLIPS.n_samples  # of 0.35 s
    uri = "data:audio/wav;base64," + base64.b64encode((media / "3.wav").read_bytes()).decode()
    np.testing.assert_array_equal(read_clip(uri, root, CLIPS), read_clip("3.wav", root, CLIPS))
    assert clip_seconds(uri, root) == clip_seconds("3.wav", root) == 0.25


@pytest.mark.parametrize("cell", BAD_IMAGES)
def test_bad_images(cell: str, media: Path) -> None:
    with pytest.raises(BadCell, match=BAD_IMAGES[cell]):
        read_image(cell, MediaRoot(str(media)))


@pytest.mark.parametrize("cell", BAD_CLIPS)
def test_bad_clips(cell: str, media: Path) -> None:
    tracemalloc.start()
    for read in (clip_seconds, lambda cell, root: read_clip(cell, root, CLIPS)):
        with pytest.raises(BadCell, match=BAD_CLIPS[cell]):
            read(cell, MediaRoot(str(media)))
    assert tracemalloc.get_traced_memory()[1] < 8e6
    tracemalloc.stop()
