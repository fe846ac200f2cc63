"""Options of decoding that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

from mmkeras.errors import InputError
from mmkeras.generation.options import GenerationOptions


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beam": 0}, "--beam 0"),
        ({"beam": 2, "temperature": 1.0}, "contradict"),
        ({"top_k": 5}, "--temperature"),
        ({"temperature": -1.0}, "--temperature -1.0"),
    ],
)
def test_choices_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        GenerationOptions(**options).check()
