"""A file is whole or as it was before, whatever happens while it is written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mmkeras.system.files import atomic_write, write_atomically, write_json


def test_what_is_written_stands_there_and_nothing_beside_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.txt", "早\n")
    write_json(tmp_path / "a.json", {"text": "早", "n": [1]})
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "早\n"
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"text": "早", "n": [1]}
    assert "早" in (tmp_path / "a.json").read_text(encoding="utf-8"), "readable, not escaped"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "a.txt"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_half_a_file_is_no_file(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, 1)
    before = path.read_bytes()

    def write() -> None:
        with atomic_write(path) as partial:
            partial.write_text("[1, 2")
            assert path.read_bytes() == before, "not before the end"
            raise error

    with pytest.raises(error):
        write()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_name_keeps_the_suffix(tmp_path: Path) -> None:
    """For writers that look at it: NumPy would add its own."""
    with atomic_write(tmp_path / "a.npz") as partial:
        np.savez(partial, x=np.arange(3))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as data:
        assert data["x"].tolist() == [0, 1, 2]
