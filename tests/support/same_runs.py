"""Whether two runs are one, bit for bit: for trainings that were interrupted and those that were not."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import small_runs


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """Every array of a run: the weights by name, and what the columns learned."""
    import h5py

    result = {}

    def keep(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            result[name] = np.asarray(item)

    with (
        zipfile.ZipFile(folder / "model.keras") as archive,
        h5py.File(BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(keep)
    for path in sorted((folder / "state").iterdir()):
        with np.load(path) as state:
            result |= {f"{path.stem}/{name}": state[name] for name in state.files}
    return result


def check_same(first: Path, second: Path) -> None:
    """Bit for bit; and the figures, but for the seconds."""
    a, b = arrays(first), arrays(second)
    assert a.keys() == b.keys()
    assert any(v.size > 1000 and v.any() for name, v in a.items() if name.startswith("layers")), "no trained weights"
    for name, value in a.items():
        assert value.tobytes() == b[name].tobytes(), name
    for name in ("split.csv", "validation.csv", "schema.json", "bad_rows.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    histories = [small_runs.read_csv(folder / "history.csv") for folder in (first, second)]
    for one, other in zip(*histories, strict=True):
        assert {**one, "seconds": ""} == {**other, "seconds": ""}
