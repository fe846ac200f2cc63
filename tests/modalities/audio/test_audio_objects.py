"""Clips in memory are read as their files are."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile

from mmkeras.errors import BadCell
from mmkeras.modalities.audio.cells import read
from mmkeras.modalities.audio.objects import from_object
from mmkeras.modalities.media.objects import data_uri
from mmkeras.modalities.media.paths import MediaRoot

SPEC: dict[str, Any] = {"rate": 4000, "seconds": 0.25}
HERE = MediaRoot(".")
TONE = (0.4 * np.sin(np.arange(3000) / 9)).astype("float32")


def file_of(samples: np.ndarray, rate: int, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format="WAV", subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize("rate", [4000, 8000, 44_100])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_32", "FLOAT", "DOUBLE"])
def test_samples_are_those_of_the_file(subtype: str, rate: int) -> None:
    dtype = {"PCM_16": "int16", "PCM_32": "int32", "FLOAT": "float32", "DOUBLE": "float64"}[subtype]
    for samples in (TONE, np.stack([TONE, TONE / 2], axis=1)):
        data = file_of(samples, rate, subtype)
        in_memory, _ = soundfile.read(io.BytesIO(data), dtype=dtype)
        by_file = read(data, SPEC, HERE)
        assert by_file is not None
        assert by_file.any()
        assert np.array_equal(read(from_object((in_memory, rate)), SPEC, HERE), by_file)
        assert np.array_equal(read(data_uri((in_memory, rate)), SPEC, HERE), by_file)
        assert np.array_equal(read(by_file, SPEC, HERE), by_file)


REFUSED: dict[str, tuple[Any, str]] = {
    "no rate": (TONE, "received an ndarray"),
    "the rate first": ((4000, TONE), r"give \(samples, rate\)"),
    "no number": ((TONE, "fast"), "received the rate 'fast'"),
    "half a rate": ((TONE, 4000.5), "received the rate 4000.5"),
    "too low": ((TONE, 10), "1000 to 768000 Hz"),
    "no samples": ((TONE[:0], 4000), "received samples"),
    "whole numbers": ((TONE.astype("int64"), 4000), "dtype int64"),
    "channels first": ((np.zeros((2, 3000)), 4000), "give samples.T"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_clip_is_a_sentence(name: str) -> None:
    value, word = REFUSED[name]
    with pytest.raises(BadCell, match=word):
        from_object(value)


def test_samples_that_no_file_may_have() -> None:
    with pytest.raises(BadCell, match="not finite"):
        read(from_object((TONE * np.nan, 4000)), SPEC, HERE)
