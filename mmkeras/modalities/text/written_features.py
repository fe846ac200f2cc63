"""The features of a text column's rows in a folder, and the state that they are made by."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from mmkeras.features import ragged
from mmkeras.features.column_features import RaggedFeatures, bag_features
from mmkeras.modalities.text.document_frequency import DocumentFrequencies
from mmkeras.modalities.text.features import TextState, new_table, save_state, state_of
from mmkeras.modalities.text.hashed_files import hash_to_disk
from mmkeras.modalities.text.prepared import write_bags, write_sequences
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.system.files import write_json

AVERAGE: Final = "average"
"""The encoder whose features are a bag; those of the others are a sequence."""


def open_features(name: str, encoder: str, folder: Path, splits: Iterable[str]) -> dict[str, RaggedFeatures]:
    """The features of each split that `write_features` wrote, memory-mapped."""
    rows = {split_name: ragged.load(folder / split_name) for split_name in splits}
    if encoder == AVERAGE:
        return {split_name: bag_features(name, bags) for split_name, bags in rows.items()}
    return {split_name: RaggedFeatures((f"{name}_sequence",), ids) for split_name, ids in rows.items()}


def write_features(
    cells: dict[str, list[str]],
    spec: TextSpec,
    folder: Path,
    encoder: str,
    max_tokens: int,
    adapted: TextState | None = None,
    counted: tuple[str, ...] = ("train",),
) -> None:
    """Write the state, each split's bags or sequences, and the share of training texts that are cut.

    adapted: the state of a run that the training goes on from; None: adapt one on the rows of the splits `counted`.
    """
    table = new_table(spec) if adapted is None else adapted.table
    keys = folder / "keys"
    keys.mkdir()
    frequencies = DocumentFrequencies(keys)
    hashed = {
        part: hash_to_disk(
            part_cells,
            spec,
            table,
            keys / part,
            ordered=encoder != AVERAGE,
            frequencies=frequencies if adapted is None and part in counted else None,
        )
        for part, part_cells in cells.items()
    }
    state = state_of(frequencies, spec, table) if adapted is None else adapted
    for part, texts in hashed.items():
        if encoder == AVERAGE:
            write_bags(texts, state, folder / part)
        else:
            write_sequences(texts, state, max_tokens, folder / part)
    shutil.rmtree(keys)
    save_state(state, folder / "state.npz")
    write_json(folder / "cut.json", hashed["train"].n_truncated / max(len(cells["train"]), 1))
