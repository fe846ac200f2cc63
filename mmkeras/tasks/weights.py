"""The trained weights of a run, back into its model: the file of another model, and NaN, are errors."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.modalities.adapt import reading
from mmkeras.system.keras_file import CORE, holds_core, load_part


def check_size(path: Path) -> None:
    """Raise InputError for a zip that claims to unpack to more than it holds: Keras does not compress weights."""
    with zipfile.ZipFile(path) as archive:
        total = sum(info.file_size for info in archive.infolist())
    if total > 2 * path.stat().st_size + 2**20:
        raise InputError(f"{path}: it claims {total:,} bytes of weights, more than the file holds. Train again.")


def load_weights(core: Any, path: Path) -> None:
    """Load the weights of the core in model.keras, exactly as they were saved.

    Raises InputError for a damaged file, and where a weight is NaN or infinite.
    """
    import keras

    bare = keras.Model(core.input, core.output)  # the same layers: of a compiled model Keras wants the optimiser too
    with reading(path):
        check_size(path)
        if holds_core(path):
            bare.load_weights(path)
        else:
            load_part(bare, path, CORE)
    check_finite(core, path)


def drop_copies(folder: Path) -> None:
    """Delete the weights of frozen encoders from the state of a run whose model.keras has them too.

    A training that is resumed computes with them before there is a model.keras, so they are written first.
    """
    for path in (folder / "state").glob("*.weights.h5"):
        path.unlink()


def check_finite(model: Any, path: Path) -> None:
    """Raise InputError where a weight of model.keras is NaN or infinite."""
    for variable in model.variables:
        values = np.asarray(variable)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            count = int((~np.isfinite(values)).sum())
            raise InputError(
                f"{path}: {count} of the {values.size:,} weights of {variable.path} are NaN or infinite: the training "
                "diverged, or the file is damaged. Train again, with a smaller --learning-rate."
            )
