"""Rows of a table as the arrays that a run's Keras model takes: to ask it, and to fit it further."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.config.tasks import LEARN_LINES, generates_text
from mmkeras.data.columns.column import Column
from mmkeras.data.files.frames import frame_source, names_paths
from mmkeras.data.files.reading import dialect_of
from mmkeras.data.lines import read_lines
from mmkeras.data.targets.target_tokenizer import EOS
from mmkeras.data.targets.targets import Targets
from mmkeras.data.values.python_cell import type_in_words
from mmkeras.errors import InputError
from mmkeras.features.text_batches import WRITTEN, as_rows
from mmkeras.graph import InputSpec, presence
from mmkeras.modalities import columns_read
from mmkeras.modalities.adapt import contract_of, load_columns
from mmkeras.modalities.media.objects import data_uri
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runs.run import Run, open_run
from mmkeras.runtime.feeds import read_cells, to_arrays, with_tokenizers
from mmkeras.runtime.python_rows import column_specs
from mmkeras.runtime.row_reader import RowReader
from mmkeras.runtime.tables import FRAME, as_frame, in_words_of_python
from mmkeras.system.progress import Log
from mmkeras.system.tensorflow import import_tensorflow
from mmkeras.tasks.text_generation.load import load_tokenizer

Arrays = dict[str, np.ndarray]

NO_LIMIT: Final = 2**24  # tokens of a text


def raw_inputs(
    rows: Any, run: Any, *, media_root: str | None = None, allow_outside: bool = False, log: Log = print, **reading: Any
) -> Arrays:
    """Rows as the inputs of the run's Keras model, arrays by name, for `model.predict`: a row out for each row in.

    rows: the path of a CSV or Parquet file, a pandas DataFrame, or a list of rows, each column -> cell; lines of text
    or the path of a text file for a language model. run: a finished run, or its folder. media_root: where the relative
    paths of pictures and clips start; default: the folder of the file. reading: fields of `Dialect`, as `encoding`.
    Texts are padded with zeros to the longest; pictures of several sizes are resized as the model resizes them. All
    arrays are in memory at once: pass a part of a large table at a time. A cell that cannot be read is logged and
    counts as missing; so does a column that is absent. Raises InputError for a file or a run that cannot be used.
    """
    opened = open_run(getattr(run, "folder", run))
    if opened.schema["task"] in LEARN_LINES:
        return _token_arrays(*_lines(rows, opened))[0]
    specs = _input_specs(opened)
    reader = _reader(rows, specs, (), media_root, allow_outside, log, dialect=dialect_of(reading))
    return _arrays(reader, specs, log)


def raw_rows(
    rows: Any, run: Any, *, media_root: str | None = None, allow_outside: bool = False, log: Log = print, **reading: Any
) -> tuple[Any, ...]:
    """Rows as the arguments x and y of `model.fit`, and for texts also its `sample_weight`.

    The arguments are those of `raw_inputs`; the rows have the target too. Rows without a target, or that cannot be
    read, are left out.
    y: class indices int64 [n], in the order of the run's labels, for `sparse_categorical_crossentropy`; for several
    labels float32 [n, labels] of 0 and 1; float32 [n, targets] for numbers, in their units. For texts x has the tokens
    so far, and y the next token at each position, int32 [n, T], with the weights float32 [n, T], 0.0 for padding.
    Raises InputError also for a class or a label that the run does not know.
    """
    opened = open_run(getattr(run, "folder", run))
    if opened.schema["task"] in LEARN_LINES:
        return _token_arrays(*_lines(rows, opened))
    writes = generates_text(opened.schema["task"])
    targets = None if writes else Targets.from_json(opened.schema["targets"])
    columns = [Column(opened.schema["target"], "text", "target")] if targets is None else targets.columns
    specs = _input_specs(opened)
    options: dict[str, Any] = {"dialect": dialect_of(reading), "keep_all": False, "target_optional": False}
    reader = _reader(rows, specs, columns, media_root, allow_outside, log, **options)
    inputs = _arrays(reader, specs, log)
    table = reader.table
    if targets is None:
        cells = table.rows[columns[0].name].tolist()
        written, following, weights = _next_tokens(cells, opened, opened.config.generation.max_target)
        return {**inputs, WRITTEN: written}, following, weights
    unknown = np.flatnonzero(~targets.known(table.rows))
    if len(unknown):
        cell = table.rows[targets.names[0]].iloc[int(unknown[0])]
        raise InputError(
            f"{table.path}, line {table.lines[unknown[0]]}, {targets.names[0]}: the model does not know {cell!r}. It "
            f"knows {', '.join(targets.labels)}. Leave such rows out, or train a new model."
        )
    truth = targets.truth(table.rows)
    return inputs, truth if truth.ndim == 1 else truth.astype("float32")


def _input_specs(run: Run) -> list[InputSpec]:
    """The raw inputs of the run's model, as signature.json lists them."""
    import_tensorflow()
    columns = load_columns(run.inputs, run.folder)
    takes_presence = run.config.model.model == "multimodal"
    specs: list[InputSpec] = []
    for entry, (name, column) in zip(run.inputs, columns.items(), strict=True):
        specs.append(contract_of(column, Column.read_as(entry)).spec())
        if takes_presence:
            specs.append(presence(name, entry["column"], len(columns_read(column)) or 1).spec())
    return with_tokenizers(specs, [run.folder])


def _arrays(reader: RowReader, specs: list[InputSpec], log: Log) -> Arrays:
    """All rows of a reader as arrays; what could not be read, or is not known, is logged."""
    reader.log_missing(log)
    reader.log_unknown(log)
    table = reader.table
    cells = {column.name: table.rows[column.name].tolist() for column in table.inputs}
    values, faults = read_cells(cells, specs, reader.root, len(table.rows))
    lines = [(int(table.lines[row]), column, reason) for row, column, reason in faults]
    reader.log_faults(lines, in_words_of_python(log, table.path == FRAME))
    return to_arrays(values, specs, range(len(table.rows)))


def _reader(
    rows: Any,
    specs: list[InputSpec],
    targets: Sequence[Column],
    media_root: str | None,
    allow_outside: bool,
    log: Log,
    **options: Any,
) -> RowReader:
    """The rows of a file, a frame or a list. options: of `read_rows`."""
    kinds = {name: str(spec["kind"]) for name, spec in column_specs(specs).items()}
    frame = as_frame(rows, kinds)
    if frame is None:
        root = MediaRoot.of(Path(rows), media_root, allow_outside)
        return RowReader.open(Path(rows), specs, targets, root, inputs_optional=True, **options)
    columns = {*kinds, *(column.name for column in targets)}
    root = MediaRoot(media_root or ".", allow_outside or names_paths(frame, log))
    source = frame_source(frame, FRAME, data_uri, columns)
    return RowReader.open(source, specs, targets, root, inputs_optional=True, **options)


def _lines(rows: Any, run: Run) -> tuple[list[str], Run, int]:
    """Lines of text; the run; the largest number of tokens of a line, without EOS: a Transformer reads a window."""
    if isinstance(rows, str | os.PathLike):
        lines = read_lines(Path(rows))
    elif isinstance(rows, list | tuple) and all(isinstance(line, str) for line in rows):
        lines = list(rows)
    else:
        raise InputError(
            f"Expected the path of a text file or a list of texts, a line each, received {type_in_words(rows)}. Of a "
            'frame: frame["column"].tolist().'
        )
    generation = run.config.generation
    return lines, run, generation.steps - 1 if generation.cell == "transformer" else NO_LIMIT


def _token_arrays(lines: list[str], run: Run, longest: int) -> tuple[Arrays, np.ndarray, np.ndarray]:
    pieces, following, weights = _next_tokens(lines, run, longest)
    return {"pieces": pieces}, following, weights


def _next_tokens(texts: list[str], run: Run, longest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tokens so far and the next ones, int32 [n, T], and their weights, float32 [n, T], 1.0 up to EOS."""
    tokens, _ = as_rows(texts, load_tokenizer(run), longest)
    (following,) = tokens.padded()
    weights = (np.arange(following.shape[1]) < tokens.lengths[:, None]).astype("float32")
    before = np.concatenate([np.full((len(texts), 1), EOS, "int32"), following[:, :-1]], axis=1)
    return before, following, weights
