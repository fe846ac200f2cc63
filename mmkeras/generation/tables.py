"""A table that Python names, by path or as a DataFrame: a text for each of its rows, as a DataFrame."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from mmkeras.data.columns.column import Column
from mmkeras.data.files.frames import frame_source, names_paths
from mmkeras.data.files.reading import dialect_of
from mmkeras.errors import InputError
from mmkeras.generation.decoding import Decoded
from mmkeras.generation.generate import ROWS, decode_values
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.notes import TextNotes
from mmkeras.generation.options import GenerationOptions
from mmkeras.modalities.media.objects import data_uri
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.feeds import Fault, with_tokenizers
from mmkeras.runtime.row_reader import RowReader
from mmkeras.runtime.tables import FRAME, as_frame, in_words_of_python
from mmkeras.system.progress import Log


def generate_table(
    generator: TextGenerator,
    folder: Path,
    table: Any,
    options: GenerationOptions,
    columns: Mapping[str, str],
    media_root: str | Path | None,
    allow_outside: bool,
    log: Log,
    **reading: Any,
) -> pd.DataFrame:
    """See `TextModel.predict`. columns: of the model."""
    if not columns:
        raise InputError(f"{folder}: a language model has no columns. Call it with the prompts: model([…]).")
    frame = as_frame(table, columns)
    if frame is None:
        source: Any = os.fspath(table)
        root = MediaRoot.of(table, None if media_root is None else str(media_root), allow_outside)
    else:
        source = frame_source(frame, FRAME, data_uri, columns)
        root = MediaRoot(str(media_root or "."), allow_outside or names_paths(frame, log))
    target = Column(generator.step.signature["target"], "text", "target")
    reader = RowReader.open(source, generator.inputs, [target], root, inputs_optional=True, dialect=dialect_of(reading))
    reader.log_missing(log)
    reader.log_unknown(log)
    inputs = with_tokenizers(generator.inputs, [folder, *folder.parents[:1]])
    decoded, faults, notes = list[Decoded](), list[Fault](), TextNotes()
    for rows in reader.parts(inputs, ROWS):
        seeded = replace(options, seed=options.seed + rows.start)  # else every part would draw the same
        decoded += decode_values(generator, inputs, rows.values, rows.cells, rows.count, seeded, notes)
        faults += rows.faults
    reader.log_faults(faults, in_words_of_python(log, frame is not None))
    for note in notes.lines():
        log(note)
    texts = {"text": [generator.tokenizer.decode(text.ids) for text in decoded]}
    frame_of_texts = pd.DataFrame({**texts, "log_probability": [float(text.score) for text in decoded]})
    return frame_of_texts if frame is None else frame_of_texts.set_axis(frame.index)
