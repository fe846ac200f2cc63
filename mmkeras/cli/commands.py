"""What each command does: a call of `mmkeras.api`, and a line on what comes next. Late imports: help needs none."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from mmkeras.cli.examples import with_example
from mmkeras.cli.options import Export, Generate, Predict, Score, Verify
from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.errors import InputError
from mmkeras.experiments.options import Ablate
from mmkeras.generation.options import GenerationOptions


def run_train(config: Config) -> int:
    """Train, and say what comes next."""
    from mmkeras import api

    check_config(config)
    run = api.train(config=with_example(config))
    print(f"run: {run.folder}  report: {run.report}")
    print(f"next: python export.py {run.folder}")
    return 0


def run_ablate(options: Ablate) -> int:
    """Train them all, and say where the table and the plot are."""
    from mmkeras.experiments.ablation import ablate

    check_config(options)
    folder = ablate(with_example(options))
    print(f"runs: {folder}  table: {folder / 'ablation.csv'}  plot: {folder / 'ablation.html'}")
    return 0


def run_export(options: Export) -> int:
    """Export and verify; 1 if an artefact was rejected."""
    from mmkeras import api

    exported = api.export(options.run, options.formats, options.output, overwrite=options.overwrite, strict=False)
    print(f"artefacts: {exported.folder}  proof: {exported.folder / api.PROOF}")
    if exported.passed and (command := next_command(exported.folder)):
        print(f"next: {command}")
    return 0 if exported.passed else 1


def next_command(folder: Path) -> str:
    """What asks an exported model that has a .tflite file; '' without one."""
    if (folder / "predict.tflite").exists():
        return f"mmkeras predict {folder / 'predict.tflite'} your.csv --output predictions.csv"
    if not (folder / "decode_step.tflite").exists():
        return ""
    from mmkeras.report.commands import use_commands
    from mmkeras.runtime.exported import ENCODE, read_signature

    signature = read_signature(folder)
    encode = signature.graphs.get(ENCODE)
    inputs = [entry for entry in encode.inputs if entry["kind"] != "presence"] if encode else []
    return use_commands(str(folder), {"task": signature.task, "inputs": inputs})[0]


def run_predict(options: Predict) -> int:
    """Write the predictions."""
    from mmkeras import api
    from mmkeras.runtime.predict import check_output, predict

    check_output(Path(options.output), options.overwrite)
    predict(
        api.open_model(options.artefact),
        options.artefact,
        options.csv,
        options.output,
        probabilities=options.probabilities,
        media_root=options.media_root,
        allow_outside=options.allow_outside,
        encoding=options.encoding,
        delimiter=options.delimiter,
    )
    return 0


def run_generate(options: Generate) -> int:
    """Generate the texts."""
    from mmkeras import api
    from mmkeras.generation.generate import generate_file, generate_texts
    from mmkeras.runtime.predict import check_output

    choice = GenerationOptions(**{field.name: getattr(options, field.name) for field in fields(GenerationOptions)})
    if options.csv is not None and (options.texts or options.input):
        raise InputError("--csv holds all cells: leave out the texts and --input.")
    choice.check()
    if options.csv is not None:
        check_output(Path(options.output), options.overwrite)
    writer = api.open_any(options.folder, options.format)
    common: dict[str, Any] = {"media_root": options.media_root, "allow_outside": options.allow_outside}
    if options.csv is not None:
        generate_file(writer, options.folder, options.csv, options.output, choice, **common)
    else:
        generate_texts(writer, options.folder, options.texts, options.input, choice, **common)
    return 0


def run_score(options: Score) -> int:
    """Print the scores."""
    from mmkeras import api
    from mmkeras.generation.score import score_texts

    score_texts(api.open_any(options.folder, options.format), options.folder, options.texts, options.file)
    return 0


def run_verify(options: Verify) -> int:
    """Verify; 1 if an artefact fails or is absent."""
    from mmkeras import api

    return 0 if api.verify(options.folder, options.formats).passed else 1
