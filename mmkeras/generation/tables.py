"""A table that Python names, by path or as a DataFrame: a text for each of its rows, as a DataFrame."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from mmkeras.data.columns.column import Column
from mmkeras.data.files.reading import dialect_of
from mmkeras.errors import InputError
from mmkeras.generation.generate import decode_reader
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.notes import TextNotes
from mmkeras.generation.options import GenerationOptions
from mmkeras.runtime.feeds import with_tokenizers
from mmkeras.runtime.row_reader import RowReader
from mmkeras.runtime.tables import as_frame, in_words_of_python, rows_and_root
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
    source, root = rows_and_root(table, frame, columns, media_root, allow_outside, log)
    target = Column(generator.step.signature["target"], "text", "target")
    reader = RowReader.open(source, generator.inputs, [target], root, inputs_optional=True, dialect=dialect_of(reading))
    reader.log_missing(log)
    reader.log_unknown(log)
    inputs = with_tokenizers(generator.inputs, [folder, *folder.parents[:1]])
    notes = TextNotes()
    decoded, faults = decode_reader(generator, inputs, reader, options, notes)
    reader.log_faults(faults, in_words_of_python(log, frame is not None))
    for note in notes.lines():
        log(note)
    texts = {"text": [generator.tokenizer.decode(text.ids) for text in decoded]}
    frame_of_texts = pd.DataFrame({**texts, "log_probability": [float(text.score) for text in decoded]})
    return frame_of_texts if frame is None else frame_of_texts.set_axis(frame.index)
