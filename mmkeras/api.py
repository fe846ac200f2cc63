"""The public functions: train, export, verify, load. The command line and notebooks call them.

`load` imports neither TensorFlow nor Keras for a .tflite or .onnx file; a run is rebuilt with Keras.
"""

from __future__ import annotations

import csv as csv_files
import functools
import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmkeras.errors import InputError
from mmkeras.graph import FLOAT32
from mmkeras.runtime.exported import SIGNATURE
from mmkeras.runtime.formats import FORMATS
from mmkeras.runtime.predictor import Predictor
from mmkeras.system.json_files import check_shape, read_object
from mmkeras.system.packages import EXPORTING, check_training, missing_named
from mmkeras.system.progress import Log
from mmkeras.tasks.opening import generates_text, open_model, open_text_generator

if TYPE_CHECKING:
    from mmkeras.comparing.result import Comparison
    from mmkeras.config.config import Config
    from mmkeras.generation.text_model import TextModel

REPORT, METRICS, HISTORY, PROOF = "report.html", "metrics.json", "history.csv", "verify.json"


class VerificationError(RuntimeError):
    """The predictions of an artefact differ from those of the trained model. exported: the verified folder."""

    def __init__(self, exported: Exported) -> None:
        self.exported = exported
        failed = [name for name, result in exported.verification.artefacts.items() if not result["passed"]]
        super().__init__(f"{exported.folder}: rejected: {', '.join(failed)}. See {exported.folder / PROOF}.")


@dataclass(frozen=True)
class FinishedRun:
    """A run folder, as `train` returns it."""

    folder: Path

    @functools.cached_property
    def metrics(self) -> dict[str, Any]:
        """metrics.json: figures on the held-out rows, epochs, rows, seconds."""
        return read_object(self.folder / METRICS, "Train again.")

    @functools.cached_property
    def history(self) -> list[dict[str, float]]:
        """The figures of each epoch."""
        with (self.folder / HISTORY).open(encoding="utf-8", newline="") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv_files.DictReader(file)]

    @property
    def report(self) -> Path:
        """Path of report.html."""
        return self.folder / REPORT

    @functools.cached_property
    def models(self) -> dict[str, Any]:
        """Name of a graph -> its Keras model, which takes raw inputs. Imports Keras."""
        from mmkeras.runs.run import open_run
        from mmkeras.tasks import load_task

        run = open_run(self.folder)
        return {name: graph.model for name, graph in load_task(run.schema["task"]).graphs(run).items()}

    @property
    def model(self) -> Any:
        """The Keras model of a run with one graph: raw inputs in, probabilities or numbers out."""
        if len(self.models) > 1:
            raise InputError(f"{self.folder}: this model has the graphs {', '.join(self.models)}; use `models`.")
        return next(iter(self.models.values()))


@dataclass(frozen=True)
class Verification:
    """The result of `verify`: verify.json, and `text`, the table to print."""

    passed: bool
    artefacts: Mapping[str, Mapping[str, Any]]
    text: str

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text)}</pre>"


@dataclass(frozen=True)
class Exported:
    """An exported folder and its verification."""

    folder: Path
    verification: Verification

    @property
    def passed(self) -> bool:
        """Do the predictions of every artefact agree with those of the trained model?"""
        return self.verification.passed


@missing_named()
def train(
    csv: str | Path | None = None,
    *,
    encoder: Mapping[str, Any] | None = None,
    fusion: str | Callable[..., Any] | None = None,
    log: Log = print,
    config: Config | None = None,
    **flags: Any,
) -> FinishedRun:
    """Train a model on a table, as `mmkeras train` does, and write a run folder.

    csv: path of the table. flags: of `mmkeras train`, with _ for -, such as target="season", epochs=10; where several
    columns are allowed, a string names one. encoder: column -> a Keras layer in place of our encoder. fusion: a name of
    --fusion, or a function of the columns' vectors; docs/extending.md tells what both receive. config: a Config in
    place of csv and flags. log: called with each line.
    Raises InputError for a table or flag that cannot be used; the message gives the remedy.
    """
    from mmkeras.config.config import Config

    check_training("Training")
    from mmkeras.examples.flags import with_example
    from mmkeras.own_layers.given import own_layers
    from mmkeras.training.train import train as run_training

    own = own_layers(encoder, fusion)
    if isinstance(fusion, str):
        flags["fusion"] = fusion
    if config is None:
        config = config_of({**({} if csv is None else {"csv": str(csv)}), **flags}, Config)
    elif csv is not None or flags:
        raise InputError("config holds all flags: leave out the table and the other flags.")
    if own is not None and own.fusion is not None:
        config = config.replace(fusion=own.fusion_flag)
    return FinishedRun(run_training(with_example(config, log), log, own))


def config_of(flags: Mapping[str, Any], kind: type[Config]) -> Config:
    """Flags by name -> a Config; a string stands for a list of one column. Raises InputError for an unknown flag."""
    from mmkeras.config.config import DEFAULTS
    from mmkeras.config.json_file import config_from_dict

    values: dict[str, Any] = {}
    for name, value in flags.items():
        if isinstance(DEFAULTS.get(name), tuple):
            value = [value] if isinstance(value, str) else list(value)
        value = value.folder if isinstance(value, FinishedRun) else value
        values[name] = str(value) if isinstance(value, Path) else value
    return config_from_dict(values, "mmkeras.train", kind)


@missing_named()
def export(
    run: FinishedRun | str | Path,
    formats: Sequence[str] = tuple(FORMATS),
    output: str | Path | None = None,
    *,
    precisions: Sequence[str] = (FLOAT32,),
    slim: bool = False,
    overwrite: bool = False,
    strict: bool = True,
    log: Log = print,
) -> Exported:
    """Export a run as SavedModel, LiteRT and ONNX, each verified on the held-out rows, as `mmkeras export` does.

    precisions: each format writes the precisions that it supports, such as `onnx` and `onnx.float16` side by side.
    slim: leave out the outputs that answer no client, and with them the comparison of token ids.
    Raises InputError for a folder that is not a run, an unknown format or precision, or an existing output folder
    without `overwrite`; with `strict`, VerificationError where an artefact differs from the trained model.
    """
    check_training("Exporting", EXPORTING)
    from mmkeras.exporting.export import export as run_export

    lines: list[str] = []
    path = run.folder if isinstance(run, FinishedRun) else run
    folder, _ = run_export(path, formats, output, overwrite, keep_lines(lines, log), precisions, slim)
    exported = Exported(folder, read_proof(folder, lines))
    if strict and not exported.passed:
        raise VerificationError(exported)
    return exported


@missing_named()
def verify(folder: Exported | str | Path, formats: Sequence[str] = (), log: Log = print) -> Verification:
    """Compare the artefacts of an exported folder with the trained model again, as `mmkeras verify` does.

    Raises InputError for a folder that is not exported, is damaged or has no artefact of a requested format, and while
    an export replaces it: the new artefacts would be rejected by the old rows.
    """
    from mmkeras.system.locks import locked
    from mmkeras.verification.verify import verify as run_verification

    lines: list[str] = []
    path = folder.folder if isinstance(folder, Exported) else Path(folder)
    with locked(path, shared=True):
        proof = run_verification(path, formats, keep_lines(lines, log))
    return Verification(proof.passed, proof.artefacts, printed_table(lines))


def compare(
    runs: Sequence[FinishedRun | Exported | str | Path], csv: str | Path | None = None, *, log: Log = print
) -> Comparison:
    """Compare runs on the same held-out rows, as `mmkeras compare` does: a table with 95 % intervals, and its `frame`.

    csv: rows to compare on; None: the held-out rows of the first run that no run was trained on. Exported folders and
    artefacts need it. Raises InputError for runs of other tasks or targets, and where too few rows are left.
    """
    from mmkeras.comparing.compare import compare as run_comparison

    return run_comparison([run if isinstance(run, str | Path) else run.folder for run in runs], csv, log)


def keep_lines(lines: list[str], log: Log) -> Log:
    """A log that also appends each line to `lines`."""

    def log_and_keep(line: str) -> None:
        lines.append(line)
        log(line)

    return log_and_keep


def read_proof(folder: Path, lines: Sequence[str]) -> Verification:
    """verify.json and the printed table. lines: the log of an export or a verification; the table is its end."""
    proof = read_object(folder / PROOF)
    check_shape(proof, {"passed": bool, "artefacts": {"*": {"passed": bool}}}, folder / PROOF, "Verify it again.")
    return Verification(proof["passed"], proof["artefacts"], printed_table(lines))


def printed_table(lines: Sequence[str]) -> str:
    """The end of a log from the table on."""
    start = next((k for k, line in enumerate(lines) if line.startswith("verifying ")), -1)
    return "\n".join(lines[start + 1 :])


@missing_named()
def load(path: FinishedRun | Exported | str | Path, format: str | None = None) -> Predictor | TextModel:
    """Open a model for predictions: a .tflite or .onnx file, a SavedModel folder, an exported folder or a run.

    Returns a `Predictor`, called with a row, or a `TextModel`, called with a text. format: the artefact of an exported
    folder to use; None: the fastest that `verify` measured. Raises InputError for any other path.
    """
    path = Path(path) if isinstance(path, str | Path) else path.folder
    if generates_text(path):
        from mmkeras.generation.text_model import TextModel

        return TextModel(open_text_generator(path, format), path)
    if path.is_dir() and (path / SIGNATURE).exists():
        from mmkeras.runtime import exported

        (runner,) = exported.open(path, format).values()
        return Predictor(runner, path)
    return Predictor(open_model(path), path)
