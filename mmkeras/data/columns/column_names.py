"""Column names of a file to predict: those of the trained columns, however they are written."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mmkeras.data.files.reading import Source


def with_known_names(source: Source, known: Sequence[str]) -> tuple[Source, list[str]]:
    """The source with the names `known`, where the file has a name that differs in case, spaces or `_` alone; notes.

    A name that could stand for two columns, or a column that two names could stand for, is left as it is.
    """
    names = list(source.rows.columns)
    renamed = {}
    for name in known:
        alike = [other for other in names if _folded(other) == _folded(name)]
        if name not in names and len(alike) == 1 and sum(_folded(k) == _folded(name) for k in known) == 1:
            renamed[alike[0]] = name
    if not renamed:
        return source, []
    pairs = ", ".join(f"{other!r} as {name!r}" for other, name in list(renamed.items())[:5])
    more = ", …" if len(renamed) > 5 else ""
    note = f"{source.path}: columns are read by their names without case: {pairs}{more}."
    typed = frozenset(renamed.get(name, name) for name in source.typed)
    return dataclasses.replace(source, rows=source.rows.rename(columns=renamed), typed=typed), [note]


def _folded(name: str) -> str:
    return "".join(name.casefold().replace("_", " ").split())
