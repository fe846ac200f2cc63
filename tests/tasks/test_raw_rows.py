"""Rows of Python as the arrays of a Keras model: what a row of an artefact may hold, a row to fit may, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmkeras.errors import InputError
from mmkeras.graph import presence
from mmkeras.tasks.raw_rows import _arrays, _reader

PIXELS = np.arange(48, dtype="uint8").reshape(4, 4, 3)
SPECS: list[Any] = [
    {"name": "photo", "column": "photo", "kind": "image", "dtype": "uint8", "shape": [None, None, None, 3], "size": 4},
    presence("photo", "photo", 1).spec(),
]


def arrays_of(rows: Any, log: Any) -> dict[str, np.ndarray]:
    return _arrays(_reader(rows, SPECS, (), None, False, log), SPECS, log)


def test_pictures_in_memory_and_paths_of_the_program(tmp_path: Path) -> None:
    Image.fromarray(PIXELS).save(tmp_path / "p.png")
    photos = [PIXELS, Image.fromarray(PIXELS), tmp_path / "p.png", (tmp_path / "p.png").read_bytes()]
    lines: list[str] = []
    for rows in (pd.DataFrame({"photo": photos}, index=list("abcd")), [{"photo": photo} for photo in photos]):
        x = arrays_of(rows, lines.append)
        assert x["photo"].tolist() == [PIXELS.tolist()] * 4
        assert x["photo_present"].ravel().tolist() == [1.0] * 4
    assert set(lines) == {"photo: a pathlib.Path may lie in any folder (allow_outside=True)"}


def test_what_cannot_be_read_is_said_as_python_names_it() -> None:
    lines: list[str] = []
    x = arrays_of([{"photo": "q.png"}, {"photo": PIXELS}], lines.append)
    assert x["photo_present"].ravel().tolist() == [0.0, 1.0]
    assert lines[0].startswith("the frame, line 1, photo: there is no file")
    assert "or at media_root=" in lines[0]
    for rows in ([], None, [3], [{"photo": {}}]):
        with pytest.raises(InputError, match="xpected"):
            arrays_of(rows, lines.append)
