"""The public functions: train, load_run, export, verify, load. The command line and notebooks call them.

`load` imports neither TensorFlow nor Keras for a .tflite or .onnx file; a run is rebuilt with Keras.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from mmkeras.errors import InputError
from mmkeras.graph import FLOAT32
from mmkeras.results.history import History
from mmkeras.results.pages import html_table
from mmkeras.results.verification import PROOF, Exported, Verification, VerificationError
from mmkeras.runtime.exported import SIGNATURE
from mmkeras.runtime.formats import FORMATS
from mmkeras.runtime.predictor import Predictor
from mmkeras.system.json_files import read_object
from mmkeras.system.packages import EXPORTING, check_training, missing_named
from mmkeras.system.progress import Log
from mmkeras.tasks.opening import generates_text, open_model, open_text_generator

if TYPE_CHECKING:
    import pandas as pd

    from mmkeras.comparing.result import Comparison
    from mmkeras.config.config import Config
    from mmkeras.config.train_flags import TrainFlags

__all__ = ["PROOF", "Exported", "FinishedRun", "Verification", "VerificationError"]

REPORT, METRICS, HISTORY = "report.html", "metrics.json", "history.csv"


@dataclass(frozen=True)
class FinishedRun:
    """A finished training, as `train` and `load_run` return it. folder: its run folder."""

    folder: Path

    def __repr__(self) -> str:
        return f"<FinishedRun {self.folder}: {self.score}>"

    def _repr_html_(self) -> str:
        rows = [("run", self.folder), ("validation", self.score), ("report", self.report)]
        return html_table((), rows) + self.history._repr_html_()

    @property
    def score(self) -> str:
        """The figures on the held-out rows in a line: `accuracy 0.9812  macro-F1 0.9807  rows 425`."""
        from mmkeras.runs.run import open_run
        from mmkeras.tasks import load_task

        return load_task(open_run(self.folder).schema["task"]).summary(self.metrics)

    @functools.cached_property
    def metrics(self) -> dict[str, Any]:
        """metrics.json: `["validation"]`, the figures on the held-out rows; epochs, rows, seconds."""
        return read_object(self.folder / METRICS, "Train again.")

    @functools.cached_property
    def history(self) -> History:
        """The figures of each epoch: a list of epochs; by name those of all, `history["val_accuracy"]`; a frame."""
        return History.read(self.folder / HISTORY)

    @property
    def report(self) -> Path:
        """Path of report.html; `open_report` shows it."""
        return self.folder / REPORT

    def open_report(self) -> None:
        """Show the report in the browser."""
        import webbrowser

        webbrowser.open(self.report.resolve().as_uri())

    @functools.cached_property
    @missing_named()
    def models(self) -> dict[str, Any]:
        """Name of a graph -> its Keras model, which takes raw inputs. Imports Keras."""
        from mmkeras.runs.run import open_run
        from mmkeras.tasks import load_task

        run = open_run(self.folder)
        return {name: graph.model for name, graph in load_task(run.schema["task"]).graphs(run).items()}

    @functools.cached_property
    def model(self) -> Any:
        """The Keras model of the run: raw inputs in, probabilities or numbers out; for texts, the tokens so far too.

        It is that of `keras.models.load_model(run.folder / "model.keras")`. Imports Keras.
        """
        from mmkeras.tasks.keras_model import load_keras_model

        return load_keras_model(self.folder)


@missing_named()
def train(
    table: str | Path | pd.DataFrame | None = None,
    *,
    encoder: Mapping[str, Any] | None = None,
    fusion: str | Callable[..., Any] | None = None,
    log: Log = print,
    config: Config | None = None,
    **flags: Unpack[TrainFlags],
) -> FinishedRun:
    """Train a model on a table, as `mmkeras train` does, and write a run folder.

    table: a path, or a DataFrame, whose rows are kept as a Parquet file beside the run folder; relative paths in its
    cells start at the current folder. Pictures and clips may be in memory: PIL images, arrays, (samples, rate).
    flags: of `mmkeras train`, with _ for -, such as target="season", epochs=10; where several columns are allowed, a
    string names one. Without `output` the run is runs/NAME, by the name of the table; of a frame runs/table.
    encoder: column -> a Keras layer in place of our encoder. fusion: a name of --fusion, or a function of the columns'
    vectors; docs/extending.md tells what both receive.
    config: a Config in place of table and flags. log: called with each line.
    Raises InputError for a table or flag that cannot be used; the message gives the remedy.

    >>> run = mmkeras.train(table, text="title", target="season", epochs=3, output="runs/titles")
    """
    from mmkeras.config.config import Config

    check_training("Training")
    if flags.get("size_budget"):
        check_training("A size budget", EXPORTING)
    from mmkeras.examples.flags import with_example
    from mmkeras.own_layers.given import own_layers
    from mmkeras.training.frames import with_files
    from mmkeras.training.python_flags import config_of
    from mmkeras.training.train import train as run_training

    given: dict[str, Any] = {**({} if table is None else {"csv": table}), **flags}
    if isinstance(fusion, str):
        given["fusion"] = fusion
    with named_as_in_python(), with_files(given, log) as files:
        own = own_layers(encoder, fusion)
        if config is None:
            config = config_of(files, Config)
        elif not isinstance(config, Config):
            raise InputError(
                f"config: expected a mmkeras.Config, received a value of the type {type(config).__name__}."
            )
        elif given:
            raise InputError("config holds all flags: leave out the table and the other flags.")
        if own is not None and own.fusion is not None:
            config = config.replace(fusion=own.fusion_flag)
        return FinishedRun(run_training(with_example(config, log), log, own))


@missing_named()
def shrink(
    run: FinishedRun | str | Path,
    size_budget: str | int,
    output: str | Path | None = None,
    *,
    overwrite: bool = False,
    log: Log = print,
) -> FinishedRun:
    """Make a text classifier small, as `mmkeras shrink` does: its table is read and it is trained again.

    run: or its folder. size_budget: of predict.tflite and of predict.onnx, such as "1MB", "300kB", or bytes.
    output: the folder of the smaller run, a normal run; None: the run's with the budget behind it, runs/news-1MB.
    Raises InputError for a budget that is too small, a run of another model, or whose table is gone or has changed.

    >>> small = mmkeras.shrink(run, size_budget="1MB")
    """
    check_training("A size budget", EXPORTING)
    from mmkeras.training.shrink import shrink as run_shrink

    with named_as_in_python():
        path = folder_of(run, "a run or its folder")
        into = None if output is None else folder_of(output, "output: the path of a folder")
        return FinishedRun(run_shrink(path, str(size_budget), into, overwrite, log))


def load_run(folder: FinishedRun | str | Path) -> FinishedRun:
    """A finished run by its folder, from Python or the command line. Raises InputError for a folder that is none.

    >>> run = mmkeras.load_run("runs/titles")
    >>> run.metrics["validation"]["accuracy"]
    """
    from mmkeras.runs.recovery import bring_back
    from mmkeras.runs.run import open_run

    with named_as_in_python():
        path = folder_of(folder, "a run or its folder")
        bring_back(path)
        return FinishedRun(open_run(path).folder)


@missing_named()
def export(
    run: FinishedRun | str | Path,
    formats: str | Sequence[str] = tuple(FORMATS),
    output: str | Path | None = None,
    *,
    precisions: str | Sequence[str] = (FLOAT32,),
    slim: bool = False,
    overwrite: bool = False,
    strict: bool = True,
    log: Log = print,
) -> Exported:
    """Export a run as SavedModel, LiteRT and ONNX, each verified on the held-out rows, as `mmkeras export` does.

    run: or its folder. formats: of savedmodel, tflite, onnx. output: the folder; None: exported/NAME, by the run's.
    precisions: each format writes the precisions that it supports, such as `onnx` and `onnx.float16` side by side.
    slim: leave out the outputs that answer no client, and with them the comparison of token ids.
    Raises InputError for a folder that is not a run, an unknown format or precision, or an existing output folder
    without `overwrite`; with `strict`, VerificationError where an artefact differs from the trained model.

    >>> exported = mmkeras.export(run, formats=["tflite", "onnx"])
    >>> exported.verification
    """
    check_training("Exporting", EXPORTING)
    from mmkeras.exporting.export import export as run_export

    with named_as_in_python():
        path = folder_of(run, "a run or its folder")
        into = None if output is None else folder_of(output, "output: the path of a folder")
        folder, proof = run_export(path, several(formats), into, overwrite, log, several(precisions), slim)
    exported = Exported(folder, Verification.of(proof))
    if strict and not exported.passed:
        raise VerificationError(exported)
    return exported


@missing_named()
def verify(folder: Exported | str | Path, formats: str | Sequence[str] = (), log: Log = print) -> Verification:
    """Compare the artefacts of an exported folder with the trained model again, as `mmkeras verify` does.

    Raises InputError for a folder that is not exported, is damaged or has no artefact of a requested format, and while
    an export replaces it: the new artefacts would be rejected by the old rows.

    >>> mmkeras.verify("exported/titles").passed
    """
    from mmkeras.system.locks import locked
    from mmkeras.verification.verify import verify as run_verification

    path = folder_of(folder, "an exported folder")
    with named_as_in_python(), locked(path, shared=True):
        return Verification.of(run_verification(path, several(formats), log))


@missing_named()
def load(path: FinishedRun | Exported | str | Path, format: str | None = None) -> Any:
    """Open a model for predictions: a .tflite or .onnx file, a SavedModel folder, an exported folder or a run.

    Returns a `Predictor`, called with a row, or for a model that generates text a `TextModel`, called with a text.
    format: the artefact of an exported folder to use; None: the fastest that `verify` measured.
    Raises InputError for any other path.

    >>> model: mmkeras.Predictor = mmkeras.load("exported/titles/predict.tflite")
    >>> answer = model({"title": "Wool coat"})
    """
    path = folder_of(path, "a run, an exported folder or the path of an artefact")
    with named_as_in_python():
        if generates_text(path):
            from mmkeras.generation.text_model import TextModel

            return TextModel(open_text_generator(path, format), path)
        if path.is_dir() and (path / SIGNATURE).exists():
            from mmkeras.runtime import exported

            (runner,) = exported.open(path, format).values()
            return Predictor(runner, path)
        return Predictor(open_model(path), path)


@missing_named()
def compare(
    runs: Sequence[FinishedRun | Exported | str | Path], csv: str | Path | None = None, *, log: Log = print
) -> Comparison:
    """Compare runs on the same held-out rows, as `mmkeras compare` does: a table with 95 % intervals, and its `frame`.

    csv: rows to compare on; None: the held-out rows of the first run that no run was trained on. Exported folders and
    artefacts need it. Raises InputError for runs of other tasks or targets, and where too few rows are left.
    """
    from mmkeras.comparing.compare import compare as run_comparison

    with named_as_in_python():
        several_runs = [runs] if isinstance(runs, str | Path | FinishedRun | Exported) else runs
        folders = [folder_of(run, "runs or their folders") for run in several_runs]
        return run_comparison(folders, None if csv is None else folder_of(csv, "csv: the path of a table"), log)


def folder_of(given: Any, expected: str) -> Path:
    """The path of a run, of an exported folder, or a path itself. Raises InputError for anything else."""
    path = given.folder if isinstance(given, FinishedRun | Exported) else given
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"Expected {expected}, received a value of the type {type(path).__name__}.")
    return Path(path)


def several(names: str | Sequence[str]) -> list[str]:
    """Names, of which a string is one. Raises InputError for what is no list of texts."""
    listed = [names] if isinstance(names, str) else list(names) if isinstance(names, Iterable) else [names]
    for name in listed:
        if not isinstance(name, str):
            raise InputError(
                f"Expected names, such as formats=['tflite', 'onnx'], received one of the type {type(name).__name__}."
            )
    return listed


@contextlib.contextmanager
def named_as_in_python() -> Iterator[None]:
    """A note at an InputError whose sentence names flags of the command line: how Python names them."""
    try:
        yield
    except InputError as error:
        from mmkeras.config.config import DEFAULTS

        found = dict.fromkeys(name.replace("-", "_") for name in re.findall(r"--([a-z][a-z-]*[a-z])", str(error)))
        names = [name for name in found if name in DEFAULTS or name in ("format", "formats", "slim")]
        known = [f"{name}=True" if DEFAULTS.get(name) is False else f"{name}=…" for name in names]
        if known:
            error.add_note(f"In Python: {', '.join(known)}")
        raise
