"""What the words of a command line are: a file, standard input, or texts and cells of columns. NumPy alone."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mmkeras.data.files.packed import SUFFIXES
from mmkeras.data.files.standard_input import STDIN
from mmkeras.data.files.ways_to_write import is_table
from mmkeras.errors import InputError
from mmkeras.graph import InputSpec, columns_in
from mmkeras.runtime.feeds import columns_of

if TYPE_CHECKING:
    from mmkeras.data.files.source import Source

OTHERS: Final = (".txt", ".xlsx", ".xls")  # ends of names that a text has hardly ever


def path_given(words: Sequence[str], pairs: Sequence[str]) -> str | None:
    """The file that is named, STDIN for `-` or no words at all; None where the words are texts.

    pairs: of --input. Raises InputError for a path that is not there, and for a file beside texts or pairs.
    """
    if not words and not pairs:
        return STDIN
    path = next((word for word in words if word == STDIN or exists(word) or looks_like_a_path(word)), None)
    if path is None:
        return None
    what = "standard input" if path == STDIN else path
    if len(words) > 1:
        raise InputError(f"{what}: expected one file, or texts alone; received {len(words)} of them. Give one file.")
    if path != STDIN and not exists(path):
        raise no_such_file(path)
    if pairs:
        raise InputError(f"{what}: it has the cells of all columns: leave out --input, or the file.")
    return path


def exists(word: str) -> bool:
    """Is a word a path of something that is there?"""
    try:
        return bool(word) and Path(word).exists()
    except (OSError, ValueError):  # a text too long for a name, or with a NUL
        return False


def looks_like_a_path(word: str) -> bool:
    """Does a word end like a table's name or a packed file's, or has it a / or \\ and no white space?"""
    if is_table(word) or word.lower().endswith((*SUFFIXES, *OTHERS)):
        return True
    return ("/" in word or "\\" in word) and not any(sign.isspace() for sign in word)


def no_such_file(path: str) -> InputError:
    """The error for a word that looks like a path of a file that is not there."""
    folder = Path(path).parent
    names = [p.name for p in folder.iterdir()] if exists(str(folder)) and folder.is_dir() else []
    near = difflib.get_close_matches(Path(path).name, names, 1)
    hint = f"Did you mean {folder / near[0]}?" if near else "Check the path."
    return InputError(f"{path}: there is no such file. {hint} A text that looks like a path: --input column=TEXT.")


def cells_by_column(
    inputs: Sequence[InputSpec], texts: Sequence[str], pairs: Sequence[str], table: str
) -> dict[str, list[str]]:
    """Column -> cells, from `texts`, of the first text column, and from pairs column=value; other columns are missing.

    inputs: of the graph. table: what else could give the cells, for the messages.
    Raises InputError for a pair without a sign or column, and for texts without a column.
    """
    kinds = {str(part["column"]): part["kind"] for spec in columns_of(inputs) for part in columns_in(spec)}
    columns = list(kinds)
    cells: dict[str, list[str]] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or name not in columns:
            hint = "" if sign or texts else " A text stands before --input."
            raise InputError(f"--input {pair}: expected column=value; columns: {', '.join(columns)}.{hint}")
        cells[name] = [value]
    if texts:
        first = next((name for name in columns if kinds[name] == "text" and name not in cells), None)
        if first is None:
            raise InputError(f"There is no text column left for {texts[0]!r}. Give --input column=value.")
        if cells and len(texts) > 1:
            raise InputError(f"Several texts and --input: give one text, or {table} with all columns.")
        cells[first] = list(texts)
    if not cells:
        raise InputError(f"Expected a text, --input column=value, or {table}; columns: {', '.join(columns)}.")
    return cells


def rows_of(cells: dict[str, list[str]]) -> list[dict[str, str]]:
    """The cells as rows. Raises InputError for a row without any text."""
    rows = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
    for number, row in enumerate(rows, 1):
        if not any(cell.strip() for cell in row.values()):
            what = "No text: every cell is empty." if len(rows) == 1 else f"Text {number} is empty."
            raise InputError(f"{what} Give a text, or --input column=value.")
    return rows


def as_source(cells: dict[str, list[str]]) -> Source:
    """The cells as if they stood in a file, a row a line."""
    import numpy as np
    import pandas as pd  # late: a client that answers texts has NumPy alone

    from mmkeras.data.files.source import Source

    frame: Any = pd.DataFrame(cells, dtype=object)
    lines = np.arange(1, len(frame) + 1, dtype=np.int64)
    return Source("the command line", "utf-8", "", frame, lines, (), format="cells")
