"""The command line, `mmkeras <command>`: flags in, one call, an exit code out. COMMANDS lists the commands.

Exit codes: 0 done; 1 an artefact did not answer like the model or is absent; 2 the input cannot be used; 130
interrupted.
"""

from __future__ import annotations

import difflib
import io
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from tyro.conf import Positional, arg

import mmkeras
from mmkeras.ablation import Ablate
from mmkeras.cli_writing import Generate, Score, run_generate, run_score
from mmkeras.config import Config, read_config
from mmkeras.config_check import check_config
from mmkeras.errors import InputError
from mmkeras.examples import with_example


@dataclass(frozen=True)
class Export:
    """Write a run as SavedModel, LiteRT and ONNX, and prove each on the held-out rows."""

    run: Positional[Annotated[str, arg(metavar="RUN")]] = "runs/news"
    """The run folder."""
    formats: tuple[str, ...] = ("savedmodel", "tflite", "onnx")
    """Formats to write."""
    output: str | None = None
    """Folder for the artefacts. Default: exported/<name of the run>."""
    overwrite: bool = False
    """Replace an existing folder, if the new artefacts pass."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Predict:
    """Answer every row of a file with an artefact or a run."""

    artefact: Positional[Annotated[str, arg(metavar="ARTEFACT")]]
    """A .tflite or .onnx file, a SavedModel folder (savedmodel/1), or a run folder."""
    csv: Positional[Annotated[str, arg(metavar="CSV")]]
    """CSV or Parquet file with the input columns; with the target column, figures are printed."""
    output: str = "predictions.csv"
    """Where the predictions go."""
    probabilities: bool = False
    """Write a column a class as well."""
    media_root: str | None = None
    """Folder that the paths of pictures and clips begin at. Default: the CSV's."""
    allow_outside: bool = False
    """Let such paths leave that folder."""
    encoding: str | None = None
    """Character encoding of the CSV. Default: detected."""
    delimiter: str | None = None
    """Field delimiter. Default: detected."""
    overwrite: bool = False
    """Replace an existing output."""
    debug: bool = False
    """Show Python tracebacks."""


@dataclass(frozen=True)
class Verify:
    """Check an exported folder's artefacts against the trained model's answers."""

    folder: Positional[Annotated[str, arg(metavar="FOLDER")]] = "exported/news"
    """A folder that `mmkeras export` wrote."""
    formats: tuple[str, ...] = ()
    """Formats to check. Default: all that were exported."""
    debug: bool = False
    """Show Python tracebacks."""


def run_train(config: Config) -> int:
    """Train, and say what comes next."""
    from mmkeras.training import train

    check_config(config)
    config = with_example(config)
    folder = train(config)
    print(f"run: {folder}  report: {folder / 'report.html'}")
    print(f"next: python export.py {folder}")
    return 0


def run_ablate(options: Ablate) -> int:
    """Train them all, and say where the table and the plot are."""
    from mmkeras.ablation import ablate

    check_config(options)
    folder = ablate(with_example(options))
    print(f"runs: {folder}  table: {folder / 'ablation.csv'}  plot: {folder / 'ablation.html'}")
    return 0


def run_export(options: Export) -> int:
    """Export and verify; 1 if an artefact was rejected."""
    from mmkeras.exporting import export

    folder, passed = export(options.run, options.formats, options.output, options.overwrite)
    print(f"artefacts: {folder}  proof: {folder / 'verify.json'}")
    if passed and (folder / "predict.tflite").exists():
        print(f"next: mmkeras predict {folder / 'predict.tflite'} your.csv --output predictions.csv")
    elif passed and (folder / "decode_step.tflite").exists():
        from mmkeras.run import writing_commands
        from mmkeras.writers import open_writer

        writer = open_writer(folder, "tflite")
        inputs = [entry for entry in writer.inputs if entry["kind"] != "presence"]
        print(f"next: {writing_commands(str(folder), {**writer.signature, 'inputs': inputs})[0]}")
    return 0 if passed else 1


def run_predict(options: Predict) -> int:
    """Write the predictions."""
    from mmkeras.predict import predict

    predict(
        options.artefact,
        options.csv,
        options.output,
        probabilities=options.probabilities,
        overwrite=options.overwrite,
        media_root=options.media_root,
        allow_outside=options.allow_outside,
        encoding=options.encoding,
        delimiter=options.delimiter,
    )
    return 0


def run_verify(options: Verify) -> int:
    """Verify; 1 if an artefact fails or is absent."""
    from mmkeras.verify import verify

    return 0 if verify(Path(options.folder), options.formats) else 1


COMMANDS: dict[str, tuple[type, Callable[..., int]]] = {
    "train": (Config, run_train),
    "ablate": (Ablate, run_ablate),
    "export": (Export, run_export),
    "predict": (Predict, run_predict),
    "generate": (Generate, run_generate),
    "score": (Score, run_score),
    "verify": (Verify, run_verify),
}


def parse(command: str, arguments: Sequence[str]) -> object:
    """Flags -> the command's options. `--config file.json` gives their defaults; flags win over it."""
    options, _ = COMMANDS[command]
    arguments = [part for a in arguments for part in (a.split("=", 1) if a.startswith("--config=") else [a])]
    default = None
    if "--config" in arguments:
        at = arguments.index("--config")
        if at + 1 == len(arguments):
            raise InputError("--config: expected the path of a JSON file behind it.")
        default = read_config(arguments[at + 1], options)
        del arguments[at : at + 2]
    return tyro.cli(options, prog=f"mmkeras {command}", args=arguments, default=default)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; print an InputError as a sentence, without a traceback."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a line reaches a pipe when it is said; a narrow encoding is no reason to fail
            stream.reconfigure(line_buffering=True, errors="replace")
    if arguments[:1] in (["--version"], ["-V"]):
        print(f"mmkeras {mmkeras.__version__}")
        return 0
    if not arguments or arguments[0] in ("-h", "--help") or arguments[0] not in COMMANDS:
        lines = "\n".join(
            f"  {name:<8} {(options.__doc__ or '').splitlines()[0]}" for name, (options, _) in COMMANDS.items()
        )
        print(f"usage: mmkeras <command> …\n\n{lines}\n\n`mmkeras <command> --help` lists its flags.")
        known = not arguments or arguments[0] in ("-h", "--help")
        if not known:
            near = difflib.get_close_matches(arguments[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            print(f"error: there is no command {arguments[0]!r}.{hint}", file=sys.stderr)
        return 0 if known else 2
    debug = "--debug" in arguments
    try:
        return COMMANDS[arguments[0]][1](parse(arguments[0], arguments[1:]))
    except InputError as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # no permission, no space, a name too long: nothing that a program could foresee
        if debug:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}the file system refused ({error.strerror or error}).", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
