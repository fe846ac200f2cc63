"""What each command does with its options, and what it says comes next. Late imports: `--help` needs none of it."""

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
from mmkeras.generation.options import Choice


def run_generate(options: Generate) -> int:
    """Write the texts."""
    from mmkeras.api import open_any
    from mmkeras.generation.generate import generate_file, generate_texts
    from mmkeras.runtime.predict import check_output

    choice = Choice(**{field.name: getattr(options, field.name) for field in fields(Choice)})
    if options.csv is not None and (options.texts or options.input):
        raise InputError("--csv holds all cells: leave out the texts and --input.")
    choice.check()
    if options.csv is not None:
        check_output(Path(options.output), options.overwrite)
    writer = open_any(options.folder, options.format)
    common: dict[str, Any] = {"media_root": options.media_root, "allow_outside": options.allow_outside}
    if options.csv is not None:
        generate_file(writer, options.folder, options.csv, options.output, choice, **common)
    else:
        generate_texts(writer, options.folder, options.texts, options.input, choice, **common)
    return 0


def run_score(options: Score) -> int:
    """Print the scores."""
    from mmkeras.api import open_any
    from mmkeras.generation.score import score_texts

    score_texts(open_any(options.folder, options.format), options.folder, options.texts, options.file)
    return 0


def run_train(config: Config) -> int:
    """Train, and say what comes next."""
    from mmkeras.training.train import train

    check_config(config)
    config = with_example(config)
    folder = train(config)
    print(f"run: {folder}  report: {folder / 'report.html'}")
    print(f"next: python export.py {folder}")
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
    from mmkeras.export.export import export

    folder, passed = export(options.run, options.formats, options.output, options.overwrite)
    print(f"artefacts: {folder}  proof: {folder / 'verify.json'}")
    if passed and (folder / "predict.tflite").exists():
        print(f"next: mmkeras predict {folder / 'predict.tflite'} your.csv --output predictions.csv")
    elif passed and (folder / "decode_step.tflite").exists():
        pass
    return 0 if passed else 1


def run_predict(options: Predict) -> int:
    """Write the predictions."""
    from mmkeras.api import open_model
    from mmkeras.runtime.predict import check_output, predict

    check_output(Path(options.output), options.overwrite)
    predict(
        open_model(options.artefact),
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


def run_verify(options: Verify) -> int:
    """Verify; 1 if an artefact fails or is absent."""
    from mmkeras.verification.verify import verify

    return 0 if verify(Path(options.folder), options.formats) else 1
