"""`mmkeras predict`: a file, standard input or texts -> a table of predictions, or a line for each text."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mmkeras.data.files.standard_input import STDIN
from mmkeras.errors import InputError
from mmkeras.runtime.given import as_source, cells_by_column, path_given, rows_of
from mmkeras.system.program import call
from mmkeras.system.progress import opening
from mmkeras.system.screen import notes

if TYPE_CHECKING:
    from mmkeras.cli.options import Predict
    from mmkeras.runtime.predict import Rows
    from mmkeras.runtime.runners import Runner

DEFAULT_OUTPUT = "predictions"


def run_predict(options: Predict) -> None:
    """Predict what the words of the command are. Raises InputError for words that cannot be told, or nothing."""
    if options.csv is not None and (options.texts or options.input):
        raise InputError("--csv has all cells: leave out the file, the texts and --input.")
    path = options.csv or path_given(options.texts, options.input)
    if path == STDIN and not (options.texts or options.csv) and sys.stdin is not None and sys.stdin.isatty():
        raise nothing_given(options)
    if path is None and options.output is None and options.output_format is None:
        print_answers(options)
    else:
        write_predictions(options, path)


def nothing_given(options: Predict) -> InputError:
    """The error for a command without words, and nothing in standard input."""
    return InputError(
        f"Expected rows or a text: {call('predict', options.artefact, 'your.csv')}, or a text in quotes in place of "
        "the file, or rows through a pipe."
    )


def print_answers(options: Predict) -> None:
    """A line on standard output for each text; all else on standard error."""
    from mmkeras.runtime.answer_texts import answer_texts
    from mmkeras.tasks.opening import open_model

    def to_stderr(line: str) -> None:
        print(line, file=sys.stderr)

    note = notes(to_stderr)
    with opening(options.artefact):
        runner = open_model(options.artefact, options.format, note)
    answer_texts(
        runner,
        options.artefact,
        rows_of(cells_given(runner, options)),
        probabilities=options.probabilities,
        media_root=options.media_root,
        allow_outside=options.allow_outside,
        note=note,
    )


def cells_given(runner: Runner, options: Predict) -> dict[str, list[str]]:
    """Column -> cells of the texts and of --input."""
    try:
        return cells_by_column(runner.signature["inputs"], options.texts, options.input, "a file")
    except InputError as error:
        if options.texts and not options.input:  # a file's name without its ending, for a model without texts
            raise InputError(f"{options.texts[0]}: there is no such file. {error}") from None
        raise


def write_predictions(options: Predict, path: str | None) -> None:
    """A table of predictions: of a file, of standard input (STDIN), or of the texts (None)."""
    from mmkeras.data.files.standard_input import StandardInput, kept_standard_input
    from mmkeras.data.files.streams import LARGE_PACKED
    from mmkeras.data.files.ways_to_write import way_to_write
    from mmkeras.runtime.predict import predict
    from mmkeras.system.outputs import output_file
    from mmkeras.tasks.opening import open_model

    to_file = f"{DEFAULT_OUTPUT}.{options.output_format or 'csv'}"
    name = options.output or (STDIN if path in (STDIN, None) else to_file)
    written = way_to_write(name, options.output_format)
    inputs = [options.artefact, *([path] if path not in (STDIN, None) else [])]
    with output_file(name, options.overwrite, inputs) as output, contextlib.ExitStack() as stack:
        with opening(options.artefact):
            runner = open_model(options.artefact, options.format, notes(print), threads=1)  # and a call a core
        if written.note:
            notes(print)(written.note)
        rows: Rows
        if path is None:
            cells = cells_given(runner, options)
            rows_of(cells)
            rows = as_source(cells)
        else:
            rows = stack.enter_context(kept_standard_input(LARGE_PACKED)) if path == STDIN else Path(path)
            if rows == StandardInput(b"") and not (options.texts or options.csv):
                raise nothing_given(options)
        predict(
            runner,
            options.artefact,
            rows,
            output,
            probabilities=options.probabilities,
            written=written,
            keep_columns=options.keep_columns,
            media_root=options.media_root,
            allow_outside=options.allow_outside,
            raw_cells=options.raw_cells,
            overwrite=options.overwrite,
            dialect=options,
        )
