"""The trained weights of a run, back into its model: the file of another model, and NaN, are errors."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.modalities.adapt import reading


def check_size(path: Path) -> None:
    """Raise InputError for a zip that claims to unpack to more than it holds: Keras does not compress weights."""
    with zipfile.ZipFile(path) as archive:
        total = sum(info.file_size for info in archive.infolist())
    if total > 2 * path.stat().st_size + 2**20:
        raise InputError(f"{path}: it claims {total:,} bytes of weights, more than the file holds. Train again.")


def load_weights(model: Any, path: Path) -> None:
    """Load the weights of model.keras. Raises InputError for a damaged file, and where a weight is NaN or infinite."""
    with reading(path):
        check_size(path)
        model.load_weights(path)
    for variable in model.variables:
        values = np.asarray(variable)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            count = int((~np.isfinite(values)).sum())
            raise InputError(
                f"{path}: {count} of the {values.size:,} weights of {variable.path} are NaN or infinite: the training "
                "diverged, or the file is damaged. Train again, with a smaller --learning-rate."
            )
