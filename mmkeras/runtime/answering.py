"""A runtime that fails while it answers, and answers that are no numbers: sentences, with the name of the artefact."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmkeras.errors import InputError


def failed_answer(path: str | Path, error: Exception) -> InputError:
    """The error where a runtime fails while it answers: damaged weights, no memory, inputs that it does not take."""
    return InputError(f"{path}: the runtime failed while answering ({first_line(error)}).")


def first_line(error: Exception) -> str:
    """An error's type and the first line of its message."""
    return f"{type(error).__name__}: {str(error).strip()}".split("\n")[0]


def finite(outputs: np.ndarray, source: object) -> np.ndarray:
    """The outputs. Raises InputError where one is NaN or infinite: it would be taken for a class or a number."""
    if not np.isfinite(outputs).all():
        raise InputError(
            f"{source}: the model's answer is NaN or infinite. Its weights are damaged, or a number of the row is far "
            "outside of those it was trained on; `mmkeras verify` compares the model with the trained one."
        )
    return outputs
