"""Texts of the command line -> a line each: the prediction, its probability, the next classes. NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from mmkeras.data.values.identity import spellings
from mmkeras.errors import InputError
from mmkeras.graph import PRESENCE, InputSpec, columns_in
from mmkeras.runtime.feeds import column_names, columns_of
from mmkeras.runtime.predictor import Prediction, Predictor
from mmkeras.runtime.runners import Runner
from mmkeras.system.progress import Log

SHOWN: Final = 3  # classes on a line


def answer_texts(
    runner: Runner,
    artefact: str | Path,
    rows: Sequence[Mapping[str, str]],
    *,
    probabilities: bool = False,
    media_root: str | None = None,
    allow_outside: bool = False,
    log: Log = print,
    note: Log = print,
) -> None:
    """Predict each row and log a line for it. probabilities: of all classes, not of SHOWN alone.

    note: called with what is missing in the rows, or unknown to the model.
    Raises InputError for an absent column that the model needs, and for a cell that cannot be read.
    """
    predictor = Predictor(runner, Path(artefact))
    check_columns(runner.signature["inputs"], rows[0], note)
    note_unknown(runner.signature["inputs"], rows, note)
    for row in rows:
        log(in_words(predictor(row, media_root or ".", allow_outside), None if probabilities else SHOWN))


def check_columns(inputs: Sequence[InputSpec], row: Mapping[str, str], note: Log) -> None:
    """Note the columns that count as missing. Raises InputError where the model needs them."""
    absent = [name for name in dict.fromkeys(column_names(inputs)) if name not in row]
    names = ", ".join(map(repr, absent[:SHOWN])) + ", …" * (len(absent) > SHOWN)
    if absent and not any(spec["kind"] == PRESENCE for spec in inputs):
        raise InputError(f"The model needs a cell of each column; {names} is not given. Give --input column=value.")
    if absent:
        verb = "counts" if len(absent) == 1 else "count"
        note(f"{names} {verb} as missing (--input column=value)")


def note_unknown(inputs: Sequence[InputSpec], rows: Sequence[Mapping[str, str]], note: Log) -> None:
    """Note the categories that the model does not know."""
    for part in (part for spec in columns_of(inputs) for part in columns_in(spec)):
        name = str(part["column"])
        if part["kind"] != "category" or "values" not in part or name not in rows[0]:
            continue
        known = {spelling for value in part["values"] for spelling in spellings(value)}
        for cell in dict.fromkeys(row[name] for row in rows):
            if cell and cell not in known:
                note(f"{name}: the model does not know {cell!r}")


def in_words(prediction: Prediction, shown: int | None) -> str:
    """A prediction on a line: `sport  0.9731  (tech 0.0123, business 0.0092)`; numbers with the names of several.

    shown: number of classes; None: all.
    """
    if not prediction.probabilities:
        values = prediction.values
        return "  ".join(f"{name} {value:.7g}" if len(values) > 1 else f"{value:.7g}" for name, value in values.items())
    ranked = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    others = [(label, p) for label, p in ranked if label != prediction.label][: shown if shown is None else shown - 1]
    words = ", ".join(f"{label} {p:.4f}" for label, p in others)
    return f"{prediction.label or '(no label)'}  {prediction.probability:.4f}" + (f"  ({words})" if words else "")
