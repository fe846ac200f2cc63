"""How a table is written, by the ends of a file's name: CSV, TSV, JSON lines, a JSON array, Parquet, or one packed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mmkeras.data.files.packed import SUFFIXES
from mmkeras.errors import InputError
from mmkeras.system.outputs import STDOUT

ENDINGS: Final = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
}
WORKBOOKS: Final = (".xlsx", ".xls", ".ods")
KINDS: Final = tuple(dict.fromkeys(ENDINGS.values()))
WORDS: Final = {"csv": "CSV", "tsv": "TSV", "jsonl": "JSON lines", "json": "a JSON array", "parquet": "Parquet"}


@dataclass(frozen=True)
class Written:
    """How a table is written. packing: a suffix such as `.gz`, or ''. note: a sentence on what is a guess, or ''."""

    kind: str = "csv"
    packing: str = ""
    note: str = ""


def is_table(name: str) -> bool:
    """Does a name end like a table's, packed or not?"""
    name = name.lower()
    packing = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), "")
    return name.removesuffix(packing).endswith(tuple(ENDINGS))


def way_to_write(name: str, kind: str | None = None) -> Written:
    """How a file is written, by the ends of its name. kind: one of KINDS, for standard output and other names.

    Raises InputError for an unknown kind, for a kind and a name that contradict each other, for packed Parquet, and
    for a workbook.
    """
    if kind is not None and kind not in KINDS:
        raise InputError(f"--output-format {kind}: expected one of {', '.join(KINDS)}.")
    if name in STDOUT:
        return Written(kind or "csv")
    lower = name.lower()
    packing = next((suffix for suffix in SUFFIXES if lower.endswith(suffix)), "")
    named = ENDINGS.get(Path(lower.removesuffix(packing)).suffix)
    if kind and named and kind != named:
        raise InputError(
            f"--output-format {kind}: {name} ends like {WORDS[named]}. Leave it out, or choose another --output."
        )
    if packing and (kind or named) == "parquet":
        raise InputError(f"{name}: a Parquet file is packed inside. Leave {packing} out of the name.")
    if lower.endswith(WORKBOOKS):
        raise InputError(f"{name}: Excel workbooks are not written. Name a .csv file, which Excel opens.")
    note = "" if kind or named else f"{name}: written as CSV, since its name tells nothing else (--output-format)"
    return Written(kind or named or "csv", packing, note)
