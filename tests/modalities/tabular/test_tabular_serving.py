"""Numbers, categories and texts as clients of TF Serving send them."""

from __future__ import annotations

import numpy as np
import pytest


def test_numbers_and_texts_that_are_not_there() -> None:
    from mmkeras.modalities.number.serving import read_served
    from mmkeras.modalities.text.serving import read_texts

    numbers, present = read_served(np.array([3.5, np.nan, 0.0], "float32"))
    assert numbers.numpy().tolist() == [[3.5], [0.0], [0.0]]
    assert present.numpy().tolist() == [[1], [0], [1]]
    data, presence = read_texts(np.array([b"tea", b"", b" \n"], object), 96)
    assert data.shape[0] == 3
    assert presence.numpy().tolist() == [[1], [0], [0]]
    _, presence = read_texts(np.array(["\u00a0", "\u3000a\x1c", "\x85"], object), 96)
    assert presence.numpy().tolist() == [[0], [1], [0]]


@pytest.mark.parametrize("space", ["", " ", "\n", "\u00a0", "\u3000", "\x1c", "\u2028 "])
def test_a_category_is_served_as_it_is_read(space: str) -> None:
    from mmkeras.modalities.text.serving import stripped

    cell = f"{space}Nike Air\u3000中{space}"
    assert stripped(np.array([cell], object)).numpy()[0].decode() == cell.strip()
