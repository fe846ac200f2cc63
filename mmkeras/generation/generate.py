"""`mmkeras generate` and `mmkeras score`: an exported folder, or a run, writes texts or says how probable they are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from mmkeras.data.cells import to_numbers
from mmkeras.data.columns import Column
from mmkeras.data.table import read_rows
from mmkeras.errors import InputError
from mmkeras.generation.decoding import Written
from mmkeras.generation.generator import Writer, columns_needed
from mmkeras.generation.notes import TextNotes, Watched, warn_of, warn_of_room
from mmkeras.generation.options import Choice
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.exported import ENCODE
from mmkeras.runtime.feeds import columns_of, read_values, with_tokenizers
from mmkeras.runtime.predict import report_faults
from mmkeras.system.files import write_csv
from mmkeras.system.progress import Say

ROWS = 64  # that are read and written at once


def generate_texts(
    writer: Writer,
    folder: str | Path,
    texts: Sequence[str],
    given: Sequence[str],
    choice: Choice,
    *,
    media_root: str | None = None,
    allow_outside: bool = False,
    say: Say = print,
) -> None:
    """Write one text for each of `texts`, the cells of the first text column, or the prompts of a language model.

    given: column=value, for other columns. Raises InputError for a column that is none, or cells that cannot be read.
    """
    if ENCODE not in writer.graphs:
        if given:
            raise InputError(f"{given[0]}: a language model takes a text alone, what it shall go on with.")
        prompts = list(texts) or [""]
        for prompt, found in zip(prompts, writer.go_on(prompts, choice), strict=True):
            warn_of(writer, prompt, choice, say)
            say((prompt + writer.pieces.raw(found.ids)).strip())  # a piece says itself whether a word begins
        return
    cells = cells_given(writer, texts, given)
    count = len(next(iter(cells.values())))
    for k, row in enumerate(zip(*cells.values(), strict=True), 1):
        if not any(cell.strip() for cell in row):
            what = "Nothing is given: every cell is empty." if count == 1 else f"Text {k} is empty."
            raise InputError(f"{what} Give a text, or --input column=value.")
    warn_of_room(writer, choice, say)
    root, notes = MediaRoot(media_root or ".", allow_outside), TextNotes()
    written = write_cells(writer, cells, count, choice, [Path(folder), *Path(folder).parents[:1]], root, notes)
    for note in notes.lines():
        say(note)
    for found in written:
        say(writer.pieces.decode(found.ids))


def cells_given(writer: Writer, texts: Sequence[str], given: Sequence[str]) -> dict[str, list[str]]:
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
    writer: Writer,
    cells: dict[str, list[str]],
    count: int,
    choice: Choice,
    places: Sequence[Path],
    root: MediaRoot,
    notes: TextNotes,
    faults: list[tuple[int, str, str]] | None = None,
) -> list[Written]:
    """A text for each row. notes: counts what is to be said of the rows' texts. faults: takes (row, column, reason) of
    cells that cannot be read and count as missing.

    Raises InputError for a cell that is no number, and without `faults` for any that cannot be read.
    """
    inputs = with_tokenizers(writer.inputs, places)
    writer.graphs[ENCODE].signature["inputs"] = inputs
    values: dict[str, list[Any]] = {}
    for entry in columns_of(inputs):
        some = cells.get(str(entry["column"]), [""] * count)
        if entry["kind"] == "number":
            clean, wrong = to_numbers(pd.Series(some, dtype=object))
            if wrong.any():
                raise InputError(f"{entry['column']} {some[int(wrong.argmax())]!r}: expected a number.")
            some = clean.tolist()
        values[entry["name"]], bad = read_values(some, entry, root)
        if bad and faults is None:
            row, reason = next(iter(bad.items()))
            raise InputError(f"{entry['column']} {some[row]!r}: {reason}")
        if faults is not None:
            faults += [(row, str(entry["column"]), reason) for row, reason in bad.items()]
    watched = Watched(writer.graphs[ENCODE])
    found = replace(writer, graphs={**writer.graphs, ENCODE: watched}).write_rows(values, count, choice)
    notes.count(writer, values, cells, watched.ids)
    return found


def generate_file(
    writer: Writer,
    folder: str | Path,
    csv: str,
    output: str,
    choice: Choice,
    *,
    media_root: str | None = None,
    allow_outside: bool = False,
    say: Say = print,
) -> None:
    """Write a text for each row of a CSV; with the target's column, BLEU and chrF are printed."""
    if ENCODE not in writer.graphs:
        raise InputError("--csv: a language model has no columns. Give the texts that it shall go on with.")
    signature = writer.step.signature
    target = Column(signature["target"], "text", "target")
    columns = [Column(str(e["column"]), e["kind"], "input") for e in columns_needed(writer)]
    table = read_rows(csv, [*columns, target], inputs_optional=True)
    root = MediaRoot(media_root or str(Path(csv).parent), allow_outside)
    places = [Path(folder), *Path(folder).parents[:1]]
    warn_of_room(writer, choice, say)
    began, found, notes = time.perf_counter(), list[Written](), TextNotes()
    there = [column.name for column in table.inputs]
    for column in columns:
        if column.name not in there:
            say(f"{csv}: there is no column {column.name!r}; it counts as missing in every row")
    faults: list[tuple[int, str, str]] = []
    for start in range(0, len(table.rows), ROWS):
        part, bad = table.rows.iloc[start : start + ROWS], list[tuple[int, str, str]]()
        cells = {name: part[name].tolist() for name in there}
        own = replace(choice, seed=choice.seed + start)
        found += write_cells(writer, cells, len(part), own, places, root, notes, bad)
        faults += [(int(table.lines[start + row]), column, reason) for row, column, reason in bad]
    texts = [writer.pieces.decode(some.ids) for some in found]
    pieces = sum(len(some.log_probabilities) for some in found)
    write_csv(output, rows_of(texts, found))
    report_faults(table, faults, say)
    for note in notes.lines():
        say(note)
    truth = table.rows[target.name].tolist() if table.targets else []
    known = [k for k, text in enumerate(truth) if text]
    if known:
        from mmkeras.metrics.texts import text_figures

        figures = text_figures([texts[k] for k in known], [[truth[k]] for k in known])
        say(f"BLEU {figures['bleu']:.2f} ({figures['bleu_signature']})  chrF {figures['chrf']:.2f}")
        say(f"exact {figures['exact']:.4f}  word error rate {figures['word_error_rate']:.4f}")
    say(f"{len(texts)} texts, {pieces / (time.perf_counter() - began):.0f} pieces a second: {output}")


def rows_of(texts: Sequence[str], found: Sequence[Written]) -> Iterator[list[str]]:
    """The header and the rows of the CSV of texts."""
    yield ["text", "log_probability"]
    for text, some in zip(texts, found, strict=True):
        yield [text, f"{some.score:.6f}"]
