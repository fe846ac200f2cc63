"""Which columns a table has: what each holds (its kind), and what it is for (its role)."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from mmkeras.config import Config
from mmkeras.errors import InputError
from mmkeras.reading import Source

INPUT_KINDS: Final = ("text", "image", "audio", "number", "category")
TARGET_NAMES: Final = ("label", "target", "class", "category", "topic")
IMAGE_SUFFIXES: Final = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
AUDIO_SUFFIXES: Final = (".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".aac")
MISSING_NUMBERS: Final = ("", "na", "n/a", "nan", "null", "none", "-", "?")
"""What people write where a number is missing (compared without case). In text these are words like any other."""

# A running number with or without a prefix (17, A-17, row_17), a long hexadecimal number, a UUID.
_IDENTIFIER: Final = re.compile(
    r"[A-Za-z]{0,8}[-_:#]?\d+|(?=.*\d)[0-9a-fA-F]{8,}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_IDENTIFIER_NAME: Final = re.compile(r"(^|[^a-z])(id|ids|uuid|guid|idx|index|key|no|nr|row)$|^unnamed", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """One column of a table and what it is for."""

    name: str
    kind: str
    """One of INPUT_KINDS; a target to classify is a category."""
    role: str
    """`input`, `target` or `ignored`."""
    given: bool = False
    """Whether the user named it; else kind and role were guessed."""


def choose_columns(source: Source, config: Config) -> tuple[tuple[Column, ...], tuple[Column, ...], list[str]]:
    """The columns to use (the target last), those to leave, and notes that say why.

    Raises InputError for a flag that names no column or the wrong one, and when no input is left.
    """
    names = list(source.rows.columns)
    given: dict[str, str] = {}
    for kind in INPUT_KINDS:
        for name in getattr(config, kind):
            if name not in names:
                raise no_column(name, names, f"{source.path}: --{kind}: the column")
            if name in given:
                raise InputError(f"Column {name!r} is named twice: --{given[name]} and --{kind}. Name it once.")
            given[name] = kind
    target = config.target or _guess_target(names, given)
    if target not in names:
        raise no_column(target, names, f"{source.path}: --target: the column")
    if target in given:
        raise InputError(f"Column {target!r} is named as the target and as --{given[target]}. It cannot be both.")
    inputs, ignored, notes = [], [], []
    for name in names:
        if name in given:
            inputs.append(Column(name, given[name], "input", given=True))
        elif name != target:
            column = Column(name, _guess_kind(source.rows[name]), "input")
            useless = "" if given else _why_useless(name, source.rows[name], column.kind)
            if useless:
                notes.append(f"Column {name!r} is ignored: {useless}. To use it, name it: --{column.kind} {name!r}.")
            if given or useless:
                ignored.append(dataclasses.replace(column, role="ignored"))
            else:
                inputs.append(column)
    if not inputs:
        reasons = " ".join(notes)
        raise InputError(f"{source.path}: no column is left to learn from, besides the target {target!r}. {reasons}")
    inputs.append(Column(target, "category", "target", given=config.target is not None))
    return tuple(inputs), tuple(ignored), notes


def _guess_target(names: Sequence[str], inputs: Iterable[str]) -> str:
    """The first of TARGET_NAMES that is there and no input, else the last column that is no input."""
    free = [name for name in names if name not in set(inputs)]
    if not free:
        raise InputError(f"Every column is named as an input ({', '.join(names)}): none is left as the target.")
    return next((name for wanted in TARGET_NAMES for name in free if name.casefold() == wanted), free[-1])


def no_column(name: str, names: Sequence[str], what: str) -> InputError:
    """The error for a column that is not there, with the nearest name. what: `file: the column`, say."""
    near = difflib.get_close_matches(name.casefold(), [n.casefold() for n in names], 1)
    hint = f" Did you mean {next(n for n in names if n.casefold() == near[0])!r}?" if near else ""
    return InputError(f"{what} {name!r} is not in the file.{hint} Columns: {', '.join(names)}.")


def _guess_kind(cells: pd.Series) -> str:
    """The kind of a column of strings. Empty cells do not count; a column without any other is text."""
    filled = cells[~is_empty(cells)]
    values = filled.unique()
    if not len(values):
        return "text"
    for kind, suffixes in (("image", IMAGE_SUFFIXES), ("audio", AUDIO_SUFFIXES)):
        if all(len(value) < 1024 and value.strip().lower().endswith(suffixes) for value in values):
            return kind
    # Long cells cannot be numbers: look at the first few before all of them are parsed.
    if not to_numbers(pd.Series(values[:20], dtype=object))[1].any():
        numbers, faults = to_numbers(pd.Series(values, dtype=object))
        if not faults.any() and (numbers != "").any():
            return "number"
    # A category's values come back, five times each on average, and are short.
    repeats = len(values) <= min(1000, 0.2 * len(filled))
    return "category" if repeats and max(map(len, values)) <= 64 else "text"


def is_empty(cells: pd.Series) -> np.ndarray:
    """Bool mask of the cells that hold nothing but white space."""
    # A loop, since isspace() stops at the first letter; stripping copies every text.
    return np.fromiter((not cell or cell.isspace() for cell in cells), dtype=bool, count=len(cells))


def to_numbers(cells: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Cells as '' (missing) or a string that parses as a finite float, and a bool mask of those that were neither."""
    stripped = cells.str.strip()
    missing = stripped.str.lower().isin(MISSING_NUMBERS).to_numpy(dtype=bool)
    numbers = pd.to_numeric(stripped, errors="coerce").to_numpy(dtype=np.float64)
    unusable = ~np.isfinite(numbers)
    return stripped.mask(unusable | missing, ""), unusable & ~missing


def _why_useless(name: str, cells: pd.Series, kind: str) -> str:
    """Why nothing can be learned from a column, as the end of a sentence; '' if something may be."""
    values = cells.unique()
    if len(values) == 1:
        return f"every row has the same value ({' '.join(values[0][:40].split())!r})"
    if len(values) < len(cells) or kind not in ("text", "number", "category"):
        return ""
    if kind != "number":
        identifies = all(_IDENTIFIER.fullmatch(value) for value in values)
    else:
        # Every price may differ, too: only whole numbers called an id, or without gaps, identify rows.
        numbers = pd.to_numeric(to_numbers(cells)[0], errors="coerce").to_numpy(dtype=np.float64)
        whole = bool(np.all(numbers == np.floor(numbers)))  # False if any is missing
        gapless = whole and numbers.max() - numbers.min() == len(numbers) - 1
        identifies = gapless or (whole and bool(_IDENTIFIER_NAME.search(name)))
    return "every row has a different value, so it only names the row" if identifies else ""
