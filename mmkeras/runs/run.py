"""The run folder: the output of one training, as JSON, CSV and plain arrays. Never a pickle."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmkeras.config.check import check_choices
from mmkeras.config.config import Config
from mmkeras.config.json_file import read_config
from mmkeras.errors import InputError
from mmkeras.runs.integrity import check_digests, check_schema
from mmkeras.system.contained import check_plain
from mmkeras.system.json_files import check_shape, read_object
from mmkeras.system.program import call

# columns that validation.csv has beside those of the table
LINE, PREDICTION, PROBABILITY = "mmkeras:line", "mmkeras:prediction", "mmkeras:probability"
LOG_P = "mmkeras:log_probability"  # of a generated text
REFERENCES = "references.json"  # for each row of validation.csv, all target texts of rows with equal inputs
PROBABILITIES, TRUE_PROBABILITY = "held_out.npz", "true_probability"  # of the class of each row of validation.csv
PART = "mmkeras:part:"  # + the name of an input: the contribution of this input to the prediction
EXPLAINED = "explanations.json"  # n-grams of each class, and what spoke for the most confident mistakes
MISTAKES_SHOWN = 25  # of the held-out rows, in the report: the most confident, or the largest errors
HISTORY = "history.csv"  # a header, and a line for each epoch that is done
FINISHED = "metrics.json"  # written last: a folder without it is an interrupted run


@dataclass(frozen=True)
class Run:
    """A run folder. schema: the parsed schema.json (columns, target, labels, inputs)."""

    folder: Path
    config: Config
    schema: dict[str, Any]

    @functools.cached_property
    def environment(self) -> dict[str, Any]:
        """environment.json: `versions` and `seed` are there. Raises InputError for a damaged file."""
        path = self.folder / "environment.json"
        value = read_json(path)
        shape = {
            "versions": {"*": (str, type(None))},
            "seed": int,
            "continued_from?": {"folder": str, "sha256": str},
        }
        check_shape(value, shape, path, "The run is damaged.")
        return value

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the model's outputs."""
        return list(self.schema["labels"])

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The input columns: column, kind, name in the graph, rule."""
        return list(self.schema["inputs"])


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of a run. Raises InputError for a damaged file."""
    return read_object(path, "The run is damaged. Train again.")


def open_run(path: str | Path) -> Run:
    """Read a finished run's JSON.

    Raises InputError for a folder that is absent, not a run, not finished, or has changed since the training ended.
    """
    if not isinstance(path, str | os.PathLike):
        raise InputError(f"Expected a run or its folder, received a value of the type {type(path).__name__}.")
    folder = Path(path)
    if not (folder / "config.json").exists():
        raise InputError(f"{folder}: expected a run folder (with config.json); `mmkeras train` makes one.")
    if not (folder / FINISHED).exists():
        ending = call("train", "--resume", "--output", folder)
        raise InputError(f"{folder}: this run was interrupted; `{ending}` ends it.")
    check_plain(folder)
    config, schema = read_config(folder / "config.json"), read_json(folder / "schema.json")
    absent = [key for key in ("task", "target", "targets", "labels", "inputs", "columns", "file") if key not in schema]
    if absent:
        raise InputError(
            f"{folder}/schema.json: the run is damaged, it says nothing of {', '.join(absent)}. Train again."
        )
    check_schema(schema, folder / "schema.json")
    try:
        check_choices(config.model)
    except InputError as error:
        raise InputError(f"{folder / 'config.json'}: the run is damaged ({error}). Train again.") from None
    check_digests(folder)
    return Run(folder, config, schema)
