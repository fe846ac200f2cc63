"""`mmkeras generate` and `mmkeras score`: an exported folder, or a run, writes texts or says how probable they are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from mmkeras.data.cells import to_numbers
from mmkeras.data.columns import Column
from mmkeras.errors import InputError
from mmkeras.generation.decoding import Decoded
from mmkeras.generation.generator import TextGenerator, columns_needed
from mmkeras.generation.notes import TextNotes, Watched, warn_of, warn_of_room
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import InputSpec
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.exported import ENCODE
from mmkeras.runtime.feeds import Values, columns_of, with_tokenizers
from mmkeras.runtime.row_reader import Fault, RowReader, read_cells
from mmkeras.system.files import write_csv
from mmkeras.system.progress import Log

ROWS = 64  # that are read and written at once


def generate_texts(
    writer: TextGenerator,
    folder: str | Path,
    texts: Sequence[str],
    given: Sequence[str],
    choice: GenerationOptions,
    *,
    media_root: str | None = None,
    allow_outside: bool = False,
    log: Log = print,
) -> None:
    """Write one text for each of `texts`, the cells of the first text column, or the prompts of a language model.

    given: column=value, for other columns. Raises InputError for a column that is none, or cells that cannot be read.
    """
    if ENCODE not in writer.graphs:
        if given:
            raise InputError(f"{given[0]}: a language model takes a text alone, what it shall go on with.")
        prompts = list(texts) or [""]
        for prompt, found in zip(prompts, writer.continue_text(prompts, choice), strict=True):
            warn_of(writer, prompt, choice, log)
            log((prompt + writer.pieces.raw(found.ids)).strip())  # a piece says itself whether a word begins
        return
    cells = cells_given(writer, texts, given)
    count = len(next(iter(cells.values())))
    for k, row in enumerate(zip(*cells.values(), strict=True), 1):
        if not any(cell.strip() for cell in row):
            what = "Nothing is given: every cell is empty." if count == 1 else f"Text {k} is empty."
            raise InputError(f"{what} Give a text, or --input column=value.")
    warn_of_room(writer, choice, log)
    root, notes = MediaRoot(media_root or ".", allow_outside), TextNotes()
    written = write_cells(writer, cells, count, choice, [Path(folder), *Path(folder).parents[:1]], root, notes)
    for note in notes.lines():
        log(note)
    for found in written:
        log(writer.pieces.decode(found.ids))


def cells_given(writer: TextGenerator, texts: Sequence[str], given: Sequence[str]) -> dict[str, list[str]]:
    """Column -> cells, of `texts` and of column=value; columns that are not given are missing."""
    columns = [str(entry["column"]) for entry in columns_needed(writer)]
    kinds = {str(entry["column"]): entry["kind"] for entry in columns_needed(writer)}
    cells: dict[str, list[str]] = {}
    for pair in given:
        name, sign, value = pair.partition("=")
        if not sign or name not in columns:
            raise InputError(f"--input {pair}: expected column=value; columns: {', '.join(columns)}.")
        cells[name] = [value]
    if texts:
        first = next((name for name in columns if kinds[name] == "text" and name not in cells), None)
        if first is None:
            raise InputError(f"There is no text column left for {texts[0]!r}. Give --input column=value.")
        if cells and len(texts) > 1:
            raise InputError("Several texts and --input: give one text, or a --csv with all columns.")
        cells[first] = list(texts)
    if not cells:
        raise InputError(f"Expected a text, --input column=value, or --csv; columns: {', '.join(columns)}.")
    return cells


def write_cells(
    writer: TextGenerator,
    cells: dict[str, list[str]],
    count: int,
    choice: GenerationOptions,
    places: Sequence[Path],
    root: MediaRoot,
    notes: TextNotes,
) -> list[Decoded]:
    """A text for each row. notes: counts what is to be said of the rows' texts.

    Raises InputError for a cell that is no number, or cannot be read.
    """
    inputs = with_tokenizers(writer.inputs, places)
    cells = {**cells, **clean_numbers(cells, inputs)}
    values, faults = read_cells(cells, inputs, root, count)
    if faults:
        row, column, reason = faults[0]
        raise InputError(f"{column} {cells[column][row]!r}: {reason}")
    return write_values(writer, inputs, values, cells, count, choice, notes)


def clean_numbers(cells: dict[str, list[str]], inputs: Sequence[InputSpec]) -> dict[str, list[str]]:
    """The cells of columns of numbers as a table has them. Raises InputError for one that is no number."""
    clean: dict[str, list[str]] = {}
    for column in [str(entry["column"]) for entry in columns_of(inputs) if entry["kind"] == "number"]:
        if column in cells:
            numbers, wrong = to_numbers(pd.Series(cells[column], dtype=object))
            if wrong.any():
                raise InputError(f"{column} {cells[column][int(wrong.argmax())]!r}: expected a number.")
            clean[column] = numbers.tolist()
    return clean


def write_values(
    writer: TextGenerator,
    inputs: list[InputSpec],
    values: Values,
    cells: Mapping[str, Sequence[str]],
    count: int,
    choice: GenerationOptions,
    notes: TextNotes,
) -> list[Decoded]:
    """A text for each row. inputs: of `encode`, tokenizers' folders known; cells: of the columns that are there."""
    writer.graphs[ENCODE].signature["inputs"] = inputs
    watched = Watched(writer.graphs[ENCODE])
    found = replace(writer, graphs={**writer.graphs, ENCODE: watched}).decode_rows(values, count, choice)
    notes.count(writer, values, cells, watched.ids)
    return found


def generate_file(
    writer: TextGenerator,
    folder: str | Path,
    csv: str,
    output: str,
    choice: GenerationOptions,
    *,
    media_root: str | None = None,
    allow_outside: bool = False,
    log: Log = print,
) -> None:
    """Write a text for each row of a CSV; with the target's column, BLEU and chrF are printed."""
    if ENCODE not in writer.graphs:
        raise InputError("--csv: a language model has no columns. Give the texts that it shall go on with.")
    signature = writer.step.signature
    target = Column(signature["target"], "text", "target")
    root = MediaRoot(media_root or str(Path(csv).parent), allow_outside)
    reader = RowReader.open(csv, writer.inputs, [target], root, inputs_optional=True)
    table = reader.table
    inputs = with_tokenizers(writer.inputs, [Path(folder), *Path(folder).parents[:1]])
    warn_of_room(writer, choice, log)
    began, found, notes = time.perf_counter(), list[Decoded](), TextNotes()
    reader.say_missing(log)
    faults: list[Fault] = []
    for rows in reader.parts(inputs, ROWS):
        own = replace(choice, seed=choice.seed + rows.start)
        found += write_values(writer, inputs, rows.values, rows.cells, rows.count, own, notes)
        faults += rows.faults
    texts = [writer.pieces.decode(some.ids) for some in found]
    pieces = sum(len(some.log_probabilities) for some in found)
    write_csv(output, rows_of(texts, found))
    reader.say_faults(faults, log)
    for note in notes.lines():
        log(note)
    truth = table.rows[target.name].tolist() if table.targets else []
    known = [k for k, text in enumerate(truth) if text]
    if known:
        from mmkeras.metrics.texts import text_figures

        figures = text_figures([texts[k] for k in known], [[truth[k]] for k in known])
        log(f"BLEU {figures['bleu']:.2f} ({figures['bleu_signature']})  chrF {figures['chrf']:.2f}")
        log(f"exact {figures['exact']:.4f}  word error rate {figures['word_error_rate']:.4f}")
    log(f"{len(texts)} texts, {pieces / (time.perf_counter() - began):.0f} pieces a second: {output}")


def rows_of(texts: Sequence[str], found: Sequence[Decoded]) -> Iterator[list[str]]:
    """The header and the rows of the CSV of texts."""
    yield ["text", "log_probability"]
    for text, some in zip(texts, found, strict=True):
        yield [text, f"{some.score:.6f}"]
