"""Cells of a CSV -> what a Graph takes, by what its signature says of each input. NumPy, Pillow and soundfile alone.

A *value* is one cell made ready: bytes of a text, a category or a date; pixels uint8 [h, w, 3], or the bytes of a
picture's file; samples float32 [n]; a float. None is a cell that is not there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.dates import MISSING, NO_DATE, is_date
from mmkeras.errors import BadCell, InputError
from mmkeras.inputs import PRESENCE
from mmkeras.modalities.media import MediaRoot
from mmkeras.modalities.text.cells import encode_cell, pad

Entry = Mapping[str, Any]  # one of signature["inputs"]
Values = Mapping[str, Sequence[Any]]  # a value a row, by input
LARGEST_BATCH = 2**26  # bytes of pictures of one size that are handed over as they are
LONGEST_TEXT = 2**16  # bytes of a text that a tokenizer reads before the graph
MOST_COLUMNS = 5  # of one kind, in the matrix of missing modalities: it has 2 ** n - 1 rows


def read_text(cell: str, entry: Entry, root: MediaRoot) -> bytes | np.ndarray | None:
    """A text or a category: UTF-8, cut where the model stops reading; or ids, where a tokenizer runs before it."""
    if "tokenizer_folder" in entry:
        return read_ids(cell, entry) if cell.strip() else None
    if not cell.strip():  # of any kind: bytes know ASCII's white space alone
        return b""
    return encode_cell(cell if entry["kind"] == "text" else cell.strip(), entry["max_bytes"])


def read_ids(cell: str, entry: Entry) -> np.ndarray:
    """int32 [n] ids of a text, by the tokenizer whose files `with_tokenizers` has found."""
    from mmkeras.modalities.text.before import tokenize_before

    raw = encode_cell(cell, LONGEST_TEXT)
    ids, mask = tokenize_before(Path(entry["tokenizer_folder"]), [raw], entry["max_tokens"])
    return np.asarray(ids[0][mask[0] > 0], "int32")


def with_tokenizers(inputs: Iterable[Entry], places: Iterable[Path]) -> list[Entry]:
    """The inputs; those whose tokenizer runs before the graph know its folder, the first of `places` that has it.

    Raises InputError where none has.
    """
    found: list[Entry] = []
    for entry in inputs:
        if "tokenizer" in entry:
            folders = [place / entry["tokenizer_files"] for place in places]
            there = [folder for folder in folders if folder.is_dir()]
            if not there:
                raise InputError(
                    f"{folders[0]}: expected the files of the {entry['tokenizer']} tokenizer that reads "
                    f"{entry['column']!r} before the model does. Keep them beside the artefact, as they were exported."
                )
            entry = {**entry, "tokenizer_folder": str(there[0])}
        found.append(entry)
    return found


def read_number(cell: str, entry: Entry, root: MediaRoot) -> float | None:
    """A number; the table has seen to it that it is one."""
    return float(cell) if cell.strip() else None


def read_date(cell: str, entry: Entry, root: MediaRoot) -> bytes:
    """A date's bytes, as far as they are read."""
    cell = cell.strip()
    if cell.lower() in MISSING:
        return b""
    if not is_date(cell):
        raise BadCell(NO_DATE.format(cell[:40]))
    return cell.encode()[: entry["max_bytes"]]


def read_picture(cell: str, entry: Entry, root: MediaRoot) -> np.ndarray | None:
    """A picture's pixels."""
    from mmkeras.modalities.image.cells import read_image

    return read_image(cell, root) if cell.strip() else None


def read_sound(cell: str, entry: Entry, root: MediaRoot) -> np.ndarray | None:
    """A clip's samples, at the model's rate."""
    from mmkeras.modalities.audio.cells import read_clip
    from mmkeras.modalities.audio.rule import audio_rule

    return read_clip(cell, root, audio_rule(entry["rate"], entry["seconds"])) if cell.strip() else None


def pad_texts(values: Sequence[Any], entry: Entry) -> np.ndarray:
    """uint8 [b, n_bytes], or int32 [b, n_tokens] where a tokenizer ran before."""
    if "padding" in entry:
        ids = np.full((len(values), max([1, *(len(v) for v in values if v is not None)])), entry["padding"], "int32")
        for row, value in zip(ids, values, strict=True):
            row[: 0 if value is None else len(value)] = [] if value is None else value
        return ids
    return pad([value or b"" for value in values])


def stack_numbers(values: Sequence[Any], entry: Entry) -> np.ndarray:
    """float32 [b, 1]."""
    return np.array([[0.0 if value is None else value] for value in values], "float32")


def pixels_of(value: Any) -> np.ndarray:
    """A picture's value, which may be its file, as pixels."""
    from mmkeras.modalities.image.decode import decode_image

    return decode_image(value) if isinstance(value, bytes) else value


def stack_pictures(values: Sequence[Any], entry: Entry) -> np.ndarray:
    """uint8 [b, h, w, 3]: pictures of one size as they are; large or of several, resized as the graph would do it."""
    from mmkeras.modalities.image.resize import resize_pixels

    size = entry["size"]
    pictures = [None if value is None else pixels_of(value) for value in values]
    shapes = {picture.shape for picture in pictures if picture is not None}
    if len(shapes) != 1 or len(pictures) * math.prod(next(iter(shapes))) > LARGEST_BATCH:
        shapes = set()
        pictures = [None if picture is None else resize_pixels(picture, size) for picture in pictures]
    shape = shapes.pop() if shapes else (size, size, 3)
    return np.stack([np.zeros(shape, "uint8") if picture is None else picture for picture in pictures])


def pad_samples(values: Sequence[Any], entry: Entry) -> np.ndarray:
    """float32 [b, n_samples]."""
    from mmkeras.modalities.audio.decode import pad_clips

    silence = np.zeros(0, "float32")
    return pad_clips([silence if value is None else value for value in values], entry["shape"][1])


KINDS: dict[str, tuple[Callable[..., Any], Callable[..., np.ndarray]]] = {
    "text": (read_text, pad_texts),
    "category": (read_text, pad_texts),
    "number": (read_number, stack_numbers),
    "date": (read_date, pad_texts),
    "image": (read_picture, stack_pictures),
    "audio": (read_sound, pad_samples),
}


def columns_of(inputs: Iterable[Entry]) -> list[Entry]:
    """The inputs that are columns: all but the presences."""
    return [entry for entry in inputs if entry["kind"] != PRESENCE]


def read_values(cells: Sequence[str], entry: Entry, root: MediaRoot) -> tuple[list[Any], dict[int, str]]:
    """One column's cells -> values, and why some could not be read: row -> reason. Those count as missing."""
    read, faults, values = KINDS[entry["kind"]][0], {}, []
    for row, cell in enumerate(cells):
        try:
            values.append(read(cell, entry, root))
        except BadCell as error:
            faults[row] = str(error)
            values.append(None)
    return values, faults


def is_there(value: Any) -> bool:
    """Is a cell there? White space is none."""
    return value is not None and (not isinstance(value, bytes) or bool(value.strip()))


def feed(values: Values, inputs: Sequence[Entry], index: Iterable[int], hidden: Iterable[str] = ()) -> dict[str, Any]:
    """Some rows as arrays by name, in the order of `inputs`. hidden: inputs that are left out of all of them."""
    gone, index = set(hidden), list(index)
    rows = {e["name"]: [None if e["name"] in gone else values[e["name"]][i] for i in index] for e in columns_of(inputs)}
    arrays = {}
    for entry in inputs:
        if entry["kind"] == PRESENCE:
            there = [is_there(value) for value in rows[entry["of"]]]
            arrays[entry["name"]] = np.array([there], "float32").T  # [1, b] -> [b, 1]
        else:
            arrays[entry["name"]] = KINDS[entry["kind"]][1](rows[entry["name"]], entry)
    return arrays


def modalities_of(inputs: Iterable[Entry]) -> dict[str, list[str]]:
    """Groups of inputs that are there or missing together: by kind, or by column where all are of one kind."""
    columns = columns_of(inputs)
    if not any(entry["kind"] == PRESENCE for entry in inputs):
        return {}
    by_kind: dict[str, list[str]] = {}
    for entry in columns:
        by_kind.setdefault(entry["kind"], []).append(entry["name"])
    return by_kind if len(by_kind) > 1 else {entry["column"]: [entry["name"]] for entry in columns[:MOST_COLUMNS]}


@dataclass(frozen=True)
class Subset:
    """Some of the modalities. present: their names; hidden: the inputs of the others."""

    present: tuple[str, ...]
    hidden: tuple[str, ...]

    @property
    def name(self) -> str:
        """image+text"""
        return "+".join(self.present)


def subsets(groups: Mapping[str, Sequence[str]]) -> list[Subset]:
    """Every subset of the modalities that is not empty, the smallest first; none where there is but one modality."""
    found = []
    for n in range(1, len(groups) + 1) if len(groups) > 1 else ():
        for present in itertools.combinations(groups, n):
            hidden = tuple(name for group in groups if group not in present for name in groups[group])
            found.append(Subset(present, hidden))
    return found
