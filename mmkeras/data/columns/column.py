"""One column of a table: what it holds (its kind), how its cells are written, and what it is used for (its role)."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mmkeras.data.columns.kinds import MODALITIES
from mmkeras.errors import InputError

INPUT_KINDS: Final = tuple(MODALITIES)


@dataclass(frozen=True)
class Column:
    """One column of a table, its kind and its role."""

    name: str
    kind: str
    """Of an input: a key of MODALITIES. Of a target: a key of `target_kinds.KINDS`."""
    role: str
    """`input`, `target` or `ignored`."""
    given: bool = False
    """Whether the user named the column; else its kind and role were guessed."""
    notation: str = ""
    """How its numbers or dates are written, such as `1.234,56` or `DD.MM.YYYY`; '' for Python's and ISO 8601,
    and for other kinds."""
    missing: tuple[str, ...] = ()
    """Cells that stand for a missing value here, beside `missing.MARKS`: those of --missing, and sentinels."""
    not_missing: tuple[str, ...] = ()
    """Cells that are ordinary values here although `missing.MARKS` has them."""
    odd: int = 0
    """Rows whose cell does not fit the kind and counts as missing."""
    doubtful: str = ""
    """Why the notation may be another one, as the end of a sentence."""

    def reading(self) -> dict[str, Any]:
        """How cells are read, as the contract of what is deployed has it."""
        reading: dict[str, Any] = {"missing": list(self.missing), "not_missing": list(self.not_missing)}
        return {**reading, "notation": self.notation} if self.kind in ("number", "date") else reading

    @classmethod
    def read_as(cls, input_spec: Mapping[str, Any]) -> Column:
        """The input column that an entry of a signature or of schema.json describes."""
        name, kind, notation = str(input_spec["column"]), input_spec["kind"], input_spec.get("notation", "")
        missing, not_missing = (tuple(input_spec.get(key, ())) for key in ("missing", "not_missing"))
        return cls(name, kind, "input", notation=notation, missing=missing, not_missing=not_missing)


def no_column(name: str, names: Sequence[str], what: str, hint: str = "") -> InputError:
    """The error for an absent column, with the nearest name. what: begins the sentence, such as `file: the column`.

    hint: a sentence behind it.
    """
    near = near_name(name, names)
    likely = f" Did you mean {near!r}?" if near else ""
    return InputError(f"{what} {name!r} is not in the file.{likely} Columns: {', '.join(names)}.{hint}")


def near_name(name: str, names: Sequence[str]) -> str:
    """The most similar of the names, without regard to case; '' for none."""
    near = difflib.get_close_matches(name.casefold(), [n.casefold() for n in names], 1)
    return next(n for n in names if n.casefold() == near[0]) if near else ""
