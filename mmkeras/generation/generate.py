"""`mmkeras generate`: texts from an exported folder or a run, for cells of the command line or the rows of a CSV."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from mmkeras.data.columns.column import Column
from mmkeras.data.files.standard_input import StandardInput
from mmkeras.data.files.ways_to_write import Written
from mmkeras.data.kept_columns import OutColumn, with_kept_columns
from mmkeras.data.values.formula_cells import FormulaCells
from mmkeras.data.values.raw_cell import read_raw
from mmkeras.errors import BadCell, InputError
from mmkeras.generation.decoding import Decoded
from mmkeras.generation.generator import TextGenerator
from mmkeras.generation.notes import TextNotes, TokenIdRecorder, warn_of_length, warn_of_prompt
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import InputSpec, columns_in
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime import given
from mmkeras.runtime.exported import ENCODE
from mmkeras.runtime.feeds import Fault, Values, columns_of, read_cells, with_tokenizers
from mmkeras.system.outputs import name_of
from mmkeras.system.progress import Log, Progress
from mmkeras.system.screen import notes as notes_of

if TYPE_CHECKING:
    from mmkeras.runtime.row_reader import RowReader

ROWS = 64  # rows that are read and decoded at once
ANSWERS = (OutColumn("text"), OutColumn("log_probability", "number", ".6f"))


def generate_texts(
    generator: TextGenerator,
    folder: str | Path,
    texts: Sequence[str],
    pairs: Sequence[str],
    options: GenerationOptions,
    *,
    log: Log = print,
    **media: Any,
) -> None:
    """Generate one text for each of `texts` and log it, notes before it. Arguments and errors: of `texts_of`."""
    for notes, text in texts_of(generator, folder, texts, pairs, options, **media):
        for note in notes:
            notes_of(log)(note)
        log(text)


def texts_of(
    generator: TextGenerator,
    folder: str | Path,
    texts: Sequence[str],
    pairs: Sequence[str],
    options: GenerationOptions,
    *,
    media_root: str | None = None,
    allow_outside: bool = False,
) -> list[tuple[list[str], str]]:
    """A text for each of `texts`, cells of the first text column or prompts of a language model; with notes about it.

    pairs: column=value, for other columns. Raises InputError for an unknown column, or cells that cannot be read.
    """
    answers: list[tuple[list[str], str]] = []
    if ENCODE not in generator.graphs:
        if pairs:
            raise InputError(f"{pairs[0]}: a language model takes a text alone, the prompt that it continues.")
        prompts = list(texts) or [""]
        for prompt, decoded in zip(prompts, generator.continue_text(prompts, options), strict=True):
            prompt_notes: list[str] = []
            warn_of_prompt(generator, prompt, options, prompt_notes.append)
            # a word's first token begins with its space
            answers.append((prompt_notes, (prompt + generator.tokenizer.raw(decoded.ids)).strip()))
        return answers
    cells = cells_by_column(generator, texts, pairs)
    count = len(next(iter(cells.values())))
    for k, row in enumerate(zip(*cells.values(), strict=True), 1):
        if not any(cell.strip() for cell in row):
            what = "No text: every cell is empty." if count == 1 else f"Text {k} is empty."
            raise InputError(f"{what} Give a text, or --input column=value.")
    root, notes, lines = MediaRoot(media_root or ".", allow_outside), TextNotes(), list[str]()
    warn_of_length(generator, options, lines.append)
    folders = [Path(folder), *Path(folder).parents[:1]]
    texts_decoded = decode_cells(generator, cells, count, options, folders, root, notes)
    lines += notes.lines()  # about all of the texts: before the first one
    for decoded in texts_decoded:
        answers.append((lines, generator.tokenizer.decode(decoded.ids)))
        lines = []
    return answers


def cells_by_column(generator: TextGenerator, texts: Sequence[str], pairs: Sequence[str]) -> dict[str, list[str]]:
    """Column -> cells, from `texts` and from pairs column=value; other columns are missing."""
    return given.cells_by_column(generator.inputs, texts, pairs, "a --csv")


def decode_cells(
    generator: TextGenerator,
    cells: dict[str, list[str]],
    count: int,
    options: GenerationOptions,
    folders: Sequence[Path],
    root: MediaRoot,
    notes: TextNotes,
) -> list[Decoded]:
    """A text for each row. folders: where tokenizers' files may lie. notes: counts unknown and cut texts of the rows.

    Raises InputError for a cell that is no number, or cannot be read.
    """
    inputs = with_tokenizers(generator.inputs, folders)
    cells = {**cells, **clean_cells(cells, inputs)}
    values, faults = read_cells(cells, inputs, root, count)
    if faults:
        row, column, reason = faults[0]
        raise InputError(f"{column} {cells[column][row]!r}: {reason}")
    return decode_values(generator, inputs, values, cells, count, options, notes)


def clean_cells(cells: dict[str, list[str]], inputs: Sequence[InputSpec]) -> dict[str, list[str]]:
    """The cells as a table has them. Raises InputError for a cell that is no number or date of its column."""
    clean: dict[str, list[str]] = {}
    parts = [part for spec in columns_of(inputs) for part in columns_in(spec)]
    for column in [Column.read_as(part) for part in parts if str(part["column"]) in cells]:
        try:
            clean[column.name] = [read_raw(cell, column) for cell in cells[column.name]]
        except BadCell as error:
            raise InputError(f"{column.name}: {error}") from None
    return clean


def decode_values(
    generator: TextGenerator,
    inputs: list[InputSpec],
    values: Values,
    cells: Mapping[str, Sequence[str]],
    count: int,
    options: GenerationOptions,
    notes: TextNotes,
) -> list[Decoded]:
    """A text for each row. inputs: of `encode`, with tokenizers' folders; cells: of the columns that are present."""
    generator.graphs[ENCODE].signature["inputs"] = inputs
    recorder = TokenIdRecorder(generator.graphs[ENCODE])
    decoded = replace(generator, graphs={**generator.graphs, ENCODE: recorder}).decode_rows(values, count, options)
    notes.count(generator, values, cells, recorder.ids)
    return decoded


def decode_reader(
    generator: TextGenerator,
    inputs: list[InputSpec],
    reader: RowReader,
    options: GenerationOptions,
    notes: TextNotes,
    advance: Callable[[int], None] = lambda count: None,
) -> tuple[list[Decoded], list[Fault]]:
    """A text for each row of a reader, a few rows at a time, and the faults. advance: called with the rows done."""
    decoded, faults = list[Decoded](), list[Fault]()
    for rows in reader.parts(inputs, ROWS):
        seeded = replace(options, seed=options.seed + rows.start)  # else every part would draw the same
        decoded += decode_values(generator, inputs, rows.values, rows.cells, rows.count, seeded, notes)
        faults += rows.faults
        advance(rows.count)
    return decoded, faults


def generate_file(
    generator: TextGenerator,
    folder: str | Path,
    csv: str | Path | StandardInput,
    output: Path | TextIO,
    options: GenerationOptions,
    *,
    written: Written | None = None,
    keep_columns: bool = False,
    media_root: str | None = None,
    allow_outside: bool = False,
    raw_cells: bool = False,
    overwrite: bool = True,
    log: Log = print,
) -> None:
    """Generate a text for each row of a file and write them; if it has the target's column, print BLEU and chrF.

    output, written, keep_columns, raw_cells, overwrite: as of `predict`.
    """
    # late: pandas, which texts do not need
    from mmkeras.data.files.writing import write_table
    from mmkeras.runtime.row_reader import RowReader

    if ENCODE not in generator.graphs:
        raise InputError("--csv: a language model has no columns. Give the prompts that it continues.")
    signature = generator.step.signature
    target = Column(signature["target"], "text", "target")
    root = MediaRoot.of(csv if isinstance(csv, str | Path) else "rows", media_root, allow_outside)
    reader = RowReader.open(csv, generator.inputs, [target], root, inputs_optional=True)
    table = reader.table
    inputs = with_tokenizers(generator.inputs, [Path(folder), *Path(folder).parents[:1]])
    warn_of_length(generator, options, notes_of(log))
    began, notes = time.perf_counter(), TextNotes()
    reader.log_missing(notes_of(log))
    reader.log_unknown(notes_of(log))
    progress = Progress(("", " texts generated"), len(table.rows), log)
    decoded, faults = decode_reader(generator, inputs, reader, options, notes, progress.advance)
    progress.end()
    texts = [generator.tokenizer.decode(text.ids) for text in decoded]
    n_tokens = sum(len(text.log_probabilities) for text in decoded)
    marked, written = FormulaCells(raw_cells), written or Written()
    values = ([text, scored.score] for text, scored in zip(texts, decoded, strict=True))
    columns, lines = with_kept_columns(table, ANSWERS, values, keep_columns, notes_of(log), written.kind == "parquet")
    write_table(output, written, columns, lines, marked, new=not overwrite)
    marked.log_marked(notes_of(log))
    reader.log_faults(faults, notes_of(log))
    for note in notes.lines():
        notes_of(log)(note)
    truth = table.rows[target.name].tolist() if table.targets else []
    scored_rows = [k for k, text in enumerate(truth) if text]
    if scored_rows:
        from mmkeras.metrics.texts import text_figures

        figures = text_figures([texts[k] for k in scored_rows], [[truth[k]] for k in scored_rows])
        log(f"BLEU {figures['bleu']:.2f} ({figures['bleu_signature']})  chrF {figures['chrf']:.2f}")
        log(f"exact {figures['exact']:.4f}  word error rate {figures['word_error_rate']:.4f}")
    count = f"{len(texts)} texts, {n_tokens / (time.perf_counter() - began):.0f} tokens a second: {name_of(output)}"
    (log if isinstance(output, Path) else notes_of(log))(count)  # beside rows on standard output it is no result
