"""What belongs together in a run: labels, states, weights, flags. sha256.json tells whether one was changed alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import Config
from mmkeras.config.tasks import has_target, task_names
from mmkeras.errors import InputError
from mmkeras.runs.row_digests import ROWS
from mmkeras.system.contained import is_file_name
from mmkeras.system.digests import SEAL, changed_files, digests_of, is_intact, json_digest, sealed
from mmkeras.system.files import write_json
from mmkeras.system.json_files import NUMBER, Expected, check_shape, read_object, whole

DIGESTS: Final = "sha256.json"
TOGETHER: Final = (
    "schema.json",
    "metrics.json",
    "environment.json",
    "own_layers.json",
    "model.keras",
    "state",
    "tokenizers",
)
HELD_OUT: Final = ("validation.csv", "validation.txt", "references.json", "held_out.npz", ROWS)
"""What an export takes its sample rows from; compared then alone, since it may be large."""
FLAGS: Final = "flags"
"""Key of the digest of config.json without the flags of `files`, which may be edited when a run moves."""
AGAIN: Final = "Train again."

NAME = Expected("a name of ASCII letters, digits and _", is_file_name)
TASK = Expected("a task", lambda v: isinstance(v, str) and v in task_names())
SCHEMA: Final = {
    "task": TASK,
    "target": str,
    "targets": dict,
    "labels": [str],
    "inputs": [
        {"name": NAME, "column": str, "kind": str, "notation?": str, "missing?": [str], "not_missing?": [str]},
    ],
    "columns": [{"name": str, "kind": str, "role": str}],
    "file": {"path": str},
}
METRICS: Final = {
    "validation": {"score_name": str, "score": NUMBER},
    "folded?": bool,
    "continued_from?": {"folder": str, "before": {"*": NUMBER}},
    "rows?": {"train": whole(1, 2**62), "validation": whole(1, 2**62)},
}


def read_metrics(folder: Path) -> dict[str, Any]:
    """metrics.json of a finished run. Raises InputError for a damaged file."""
    value = read_object(folder / "metrics.json", f"The run is damaged. {AGAIN}")
    check_shape(value, METRICS, folder / "metrics.json", f"The run is damaged. {AGAIN}")
    figures = value["validation"]
    if figures.get(figures["score_name"]) != figures["score"]:
        raise InputError(
            f"{folder / 'metrics.json'}: its score is none of its figures, {figures['score_name']!r}. "
            f"The run is damaged. {AGAIN}"
        )
    return value


def write_digests(folder: Path) -> None:
    """Write sha256.json of a finished run."""
    paths = [folder / name for name in (*TOGETHER, *HELD_OUT) if (folder / name).exists()]
    flags = flags_digest(read_object(folder / "config.json"))
    write_json(folder / DIGESTS, sealed({FLAGS: flags, "files": digests_of(folder, paths)}))


def flags_digest(values: Mapping[str, Any]) -> str:
    """The digest of the flags that a model's answers depend on. values: of config.json."""
    groups = (Config().data, Config().output)
    free = {field.name for group in groups for field in dataclasses.fields(group)}
    return json_digest({key: value for key, value in values.items() if key not in free})


def check_digests(folder: Path, held_out: bool = False) -> None:
    """Raise InputError for a file of a run that has changed since the run ended. Earlier runs have no digests.

    held_out: compare the held-out rows, else all other files.
    """
    path = folder / DIGESTS
    if not path.exists():
        return
    value = read_object(path, AGAIN)
    check_shape(value, {FLAGS: str, "files": {"*": str}, SEAL: str}, path, AGAIN)
    changed = [] if is_intact(value) else [DIGESTS]
    digests = {name: digest for name, digest in value["files"].items() if (name in HELD_OUT) == held_out}
    changed += changed_files(folder, digests, path)
    if flags_digest(read_object(folder / "config.json", AGAIN)) != value[FLAGS]:
        changed.append("config.json")
    if changed:
        raise InputError(
            f"{folder / changed[0]}: the run is damaged, this file has changed since the run ended: labels, states and "
            "weights that do not belong together would give wrong answers. Copy the run again, or train again."
        )


def check_schema(schema: Any, path: Path) -> None:
    """Raise InputError where schema.json has not the form that is written, or contradicts itself."""
    remedy = f"The run is damaged. {AGAIN}"
    check_shape(schema, SCHEMA, path, remedy)
    names = [spec["name"] for spec in schema["inputs"]]
    targets = schema["targets"]
    expected = (schema["labels"], schema["task"]) if has_target(schema["task"]) else (None, None)
    if len({*names}) < len(names) or (targets.get("labels"), targets.get("task")) != expected:
        raise InputError(f"{path}: its inputs repeat a name, or its labels and targets are not the same. {remedy}")
