"""The function of each command: a call of `mmkeras.api`, and a line with the next command.

Imports are late: a command imports what it needs, and `--help` none of that.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

from mmkeras.config.sizes import in_words
from mmkeras.errors import InputError
from mmkeras.system.program import call
from mmkeras.system.progress import busy, opening
from mmkeras.system.screen import is_quiet, notes

LARGE: Final = 10**9
"""Bytes of features from which a line tells how much disk they take."""

if TYPE_CHECKING:
    from mmkeras.api import FinishedRun
    from mmkeras.cli.options import Compare, Export, Generate, Predict, Score, Shrink, Verify
    from mmkeras.config.config import Config
    from mmkeras.experiments.options import Ablate


def run_train(config: Config) -> int:
    """Train, and print the next command."""
    from mmkeras import api
    from mmkeras.config.check import check_config
    from mmkeras.system.tensorflow import Start

    check_config(config)
    Start.of_command = True
    said: list[str] = []
    run = api.train(config=config, log=said.append if is_quiet() else print)
    return end_of_training(run, said)


def end_of_training(run: FinishedRun, said: list[str]) -> int:
    """Print the results, where their lines were kept back, where the run is, and the next command."""
    if is_quiet():
        print(*results_of(said), sep="\n")
    print(f"run: {run.folder}  report: {run.report}")
    features = run.folder / "features"
    n_bytes = sum(path.stat().st_size for path in features.rglob("*") if path.is_file())
    if n_bytes >= LARGE:
        use = "trainings on the same rows read them, and no other command, so they may be deleted"
        notes(print)(f"features: {in_words(n_bytes)} in {features}: {use}")
    notes(print)(f"next: {call('export', run.folder)}")
    return 0


def results_of(lines: list[str]) -> list[str]:
    """Of a training's lines those that are results: the figures, and the price of a size budget."""
    price = [line for line in lines if line.startswith("size budget") and " -> " in line]
    return price + [line for line in lines if line.startswith("validation ")]


def run_shrink(options: Shrink) -> int:
    """Make a run small, and print the next command."""
    from mmkeras import api

    said: list[str] = []
    log = said.append if is_quiet() else print
    run = api.shrink(options.run, options.size_budget, options.output, overwrite=options.overwrite, log=log)
    return end_of_training(run, said)


def run_ablate(options: Ablate) -> int:
    """Run all trainings, and print the paths of the table and the plot."""
    from mmkeras.config.check import check_config
    from mmkeras.examples.flags import with_example
    from mmkeras.experiments.ablation import ablate, table_of

    check_config(options)
    folder = ablate(with_example(options), notes(print), asking(options.ablation.yes))
    if is_quiet():
        print(table_of(folder))
    print(f"runs: {folder}  table: {folder / 'ablation.csv'}  plot: {folder / 'ablation.html'}")
    return 0


def asking(yes: bool) -> Callable[[int, float], None]:
    """What is done before many trainings: more than ten minutes of them are started by a `y` or by --yes alone."""
    fewer = "Compare fewer with --subsets, --fusions or --seeds, or train less with --epochs"

    def ask(trainings: int, seconds: float) -> None:
        from mmkeras.experiments.ablation import LONG
        from mmkeras.system.progress import about

        if yes or seconds <= LONG:
            return
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise InputError(
                f"{trainings} trainings take {about(seconds)} or less: more than ten minutes are not started unasked. "
                f"Give --yes. {fewer}."
            )
        try:
            answer = input(f"Start {trainings} trainings of at most {about(seconds)}? [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            raise InputError(f"no training was started. {fewer}.")

    return ask


def run_export(options: Export) -> int:
    """Export and verify. Returns 1 if an artefact was rejected."""
    from mmkeras import api
    from mmkeras.cli.next_command import next_command

    exported = api.export(
        options.run,
        options.formats,
        options.output,
        slim=options.slim,
        overwrite=options.overwrite,
        strict=False,
        log=notes(print),
    )
    if is_quiet():
        print(exported.verification)
    print(f"artefacts: {exported.folder}  proof: {exported.folder / api.PROOF}")
    if exported.passed:
        notes(print)(f"next: {next_command(exported.folder, options.run)}")
    return 0 if exported.passed else 1


def run_predict(options: Predict) -> int:
    """Predict every row of a file, or each text; write or print the predictions."""
    from mmkeras.cli import predicting

    predicting.run_predict(options)
    return 0


def run_compare(options: Compare) -> int:
    """Compare, and print the table."""
    from mmkeras.comparing.compare import compare
    from mmkeras.system.outputs import output_file

    if options.output is None:
        with busy("comparing the runs"):
            comparison = compare(options.runs, options.csv)
        print(comparison)
        return 0
    with output_file(options.output, options.overwrite, [name for name in (options.csv,) if name]) as output:
        with busy("comparing the runs"):
            comparison = compare(options.runs, options.csv)
        comparison.to_csv(output, new=not options.overwrite)
    print(f"{comparison}\nfigures: {options.output}")
    return 0


def run_generate(options: Generate) -> int:
    """Generate texts: of a CSV into a file, or of the command line to print."""
    from mmkeras.data.files.standard_input import STDIN, read_standard_input
    from mmkeras.data.files.ways_to_write import is_table, way_to_write
    from mmkeras.generation.generate import generate_file, generate_texts
    from mmkeras.generation.options import GenerationOptions
    from mmkeras.generation.prompt import answer_lines, open_prompt
    from mmkeras.runtime.given import exists
    from mmkeras.system.outputs import output_file
    from mmkeras.tasks.opening import open_text_generator, quick_start

    decoding = GenerationOptions(**{field.name: getattr(options, field.name) for field in fields(GenerationOptions)})
    if options.csv is not None and (options.texts or options.input):
        raise InputError("--csv has all cells: leave out the texts and --input.")
    if options.csv is None and (options.output or options.output_format or options.keep_columns):
        raise InputError("--output, --output-format and --keep-columns are for the rows of a --csv; texts are printed.")
    decoding.check()
    texts = () if options.texts == (STDIN,) and not options.input else options.texts
    if len(texts) == 1 and is_table(texts[0]) and exists(texts[0]):
        rows = call("generate", options.folder, "--csv", texts[0])
        raise InputError(f"{texts[0]}: this is a file. For its rows: {rows}. For a text: --input column=TEXT.")
    media: dict[str, Any] = {"media_root": options.media_root, "allow_outside": options.allow_outside}
    if options.csv is None:
        with opening(options.folder), quick_start(options.folder):
            generator = open_text_generator(options.folder, options.format)
        if texts or options.input:
            generate_texts(generator, options.folder, texts, options.input, decoding, **media)
        elif sys.stdin.isatty():
            open_prompt(generator, options.folder, decoding, **media)
        elif not answer_lines(generator, options.folder, decoding, sys.stdin.fileno(), **media):
            generate_texts(generator, options.folder, (), (), decoding, **media)  # the pipe was empty
        return 0
    output_format = options.output_format
    name = options.output or (STDIN if options.csv == STDIN else f"texts.{output_format or 'csv'}")
    written = way_to_write(name, output_format)
    how: dict[str, Any] = {"written": written, "keep_columns": options.keep_columns}
    cells: dict[str, Any] = {"raw_cells": options.raw_cells, "overwrite": options.overwrite}
    with output_file(name, options.overwrite, [] if options.csv == STDIN else [options.csv]) as output:
        if written.note:
            notes(print)(written.note)
        with opening(options.folder):
            generator = open_text_generator(options.folder, options.format)
        csv = read_standard_input() if options.csv == STDIN else options.csv
        generate_file(generator, options.folder, csv, output, decoding, **how, **media, **cells)
    return 0


def run_score(options: Score) -> int:
    """Print the scores."""
    from mmkeras.generation.score import score_texts
    from mmkeras.tasks.opening import open_text_generator, quick_start

    with opening(options.folder), quick_start(options.folder):
        generator = open_text_generator(options.folder, options.format)
    score_texts(generator, options.folder, options.texts, options.file)
    return 0


def run_verify(options: Verify) -> int:
    """Verify. Returns 1 if an artefact fails or is absent."""
    from mmkeras import api

    verification = api.verify(options.folder, options.formats, log=notes(print))
    if is_quiet():
        print(verification)
    return 0 if verification.passed else 1
