"""The run folder: everything one training leaves behind, as JSON, CSV and plain arrays. Never a pickle."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import shlex
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mmkeras.config import Config, read_config
from mmkeras.errors import InputError

PACKAGES = (
    "tensorflow",
    "keras",
    "numpy",
    "pandas",
    "scikit-learn",
    "tf2onnx",
    "onnx",
    "onnxruntime",
    "ai-edge-litert",
)
LINE, PREDICTION, PROBABILITY = "mmkeras:line", "mmkeras:prediction", "mmkeras:probability"  # ours in validation.csv
LOG_P = "mmkeras:log_probability"  # of a written text
REFERENCES = "references.json"  # of each row of validation.csv, all texts that stand with its inputs
EXAMPLES = {
    "image": "picture.jpg",
    "audio": "clip.wav",
    "number": "1",
    "category": "a name",
    "date": "2026-11-26",
    "text": "a text",
}
PART = "mmkeras:part:"  # and the name of an input: what it adds to the answer
FINISHED = "metrics.json"  # written last: a folder without it is an interrupted run


@dataclass(frozen=True)
class Run:
    """A run folder. schema: the parsed schema.json (columns, target, labels, text rules)."""

    folder: Path
    config: Config
    schema: dict[str, Any]

    @property
    def labels(self) -> list[str]:
        """The classes, in the order of the model's outputs."""
        return list(self.schema["labels"])

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The input columns: column, kind, name in the graph, rule."""
        return list(self.schema["inputs"])


def default_output(config: Config) -> Path:
    """runs/<name of the CSV>, unless `--output` says otherwise."""
    name = Path(config.text_file or config.csv).name.split(".")[0] or "run"
    return Path(config.output) if config.output else Path("runs") / name


def is_run(folder: Path) -> bool:
    """Is a folder one of ours, ended or interrupted? Many programs write a config.json, few one with our keys."""
    try:
        return "csv" in read_json(folder / "config.json") and bool(read_config(folder / "config.json"))
    except InputError:
        return False


def open_folder(config: Config) -> Path:
    """Make the run folder, or refuse: nothing is overwritten without a flag.

    A run that has ended is not deleted but set aside, until `drop_replaced` or `restore_replaced` is called.
    Raises InputError when the folder exists and neither `--overwrite` nor `--resume` says what to do with it.
    """
    folder = default_output(config)
    if folder.is_file():
        raise InputError(f"{folder}: expected a folder for the run, found a file. Choose another --output.")
    if folder.is_dir() and any(folder.iterdir()):
        ours = is_run(folder)
        if config.overwrite and not ours:
            raise InputError(
                f"{folder}: this folder is not a run, so --overwrite leaves it alone. Choose another --output."
            )
        if config.overwrite:
            _set_aside(folder, config)
        elif not config.resume:
            state = "already holds a run" if (folder / FINISHED).exists() else "holds an interrupted run"
            raise InputError(
                f"{folder}: the folder {state}. Go on with --resume, replace it with --overwrite, or choose --output."
                if ours
                else f"{folder}: the folder is not empty and is not a run. Choose another --output."
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: the run folder cannot be made ({error.strerror}). Choose another --output."
        ) from None
    return folder


def _replaced(folder: Path) -> Path:
    """Where a run waits while another takes its place."""
    return folder.with_name(f".{folder.name}.replaced")


def _set_aside(folder: Path, config: Config) -> None:
    """Move an ended run out of the way; an interrupted one is of no use and goes."""
    for name in (config.text_file or config.csv, config.validation, config.word_vectors):
        if name and folder.resolve() in Path(name).resolve().parents:
            raise InputError(
                f"{folder}: --overwrite would replace the folder that {name} lies in. Choose another --output."
            )
    if (folder / FINISHED).exists():
        shutil.rmtree(_replaced(folder), ignore_errors=True)
        folder.rename(_replaced(folder))
    else:
        shutil.rmtree(folder)


def drop_replaced(folder: Path) -> None:
    """The new run has ended: the one it replaces goes."""
    shutil.rmtree(_replaced(folder), ignore_errors=True)


def restore_replaced(folder: Path) -> None:
    """The new run came to nothing: it goes, and the one it was to replace comes back."""
    shutil.rmtree(folder, ignore_errors=True)
    if _replaced(folder).exists():
        _replaced(folder).rename(folder)


def resumed_config(given: Config) -> Config:
    """The saved Config of the run to go on with. Raises InputError when there is none, or it has ended."""
    folder = default_output(given)
    if not (folder / "config.json").exists():
        raise InputError(
            f"{folder}: there is no run to resume (no config.json). Leave out --resume, or name its --output."
        )
    if (folder / FINISHED).exists():
        raise InputError(
            f"{folder}: this run has ended; there is nothing to resume. `mmkeras export {folder}` comes next."
        )
    saved, default = asdict(read_config(folder / "config.json")), asdict(Config())
    for key, value in asdict(given).items():
        if key not in ("resume", "overwrite", "output", "debug", "csv") and value not in (default[key], saved[key]):
            said, began = (" ".join(v) or None if isinstance(v, tuple) else v for v in (value, saved[key]))
            raise InputError(
                f"--{key.replace('_', '-')} {said} cannot change when a run is resumed: it began with {began}. "
                "Leave the flag out, or start anew with --overwrite."
            )
    if given.csv not in (Config.csv, saved["csv"]):
        raise InputError(
            f"{given.csv}: a run is resumed on the file it began with, {saved['csv']}. Leave the file out, or start "
            "anew with --overwrite."
        )
    check_same_files(folder)
    if folder != default_output(Config(**saved)):  # else the flag stays as it was given, and config.json with it
        saved["output"] = str(folder)
    return Config(**{**saved, "resume": True, "overwrite": False, "debug": given.debug})


def check_same_files(folder: Path) -> None:
    """Raise InputError when a file that an interrupted run learns from has changed since it began."""
    if not (folder / "environment.json").exists():
        return
    for name, known in read_json(folder / "environment.json")["sha256"].items():
        if not Path(name).exists():
            raise InputError(f"{name}: the file that the run {folder} began with is gone. Put it back to resume.")
        if file_hash(name) != known:
            raise InputError(
                f"{name}: the file has changed since the run {folder} began, so it cannot be resumed. Put the old file "
                "back, or start anew with --overwrite."
            )


def check_same_kinds(config: Config, kinds: dict[str, str]) -> None:
    """Raise InputError where a run to resume read its input columns otherwise. kinds: column -> what it is now."""
    path = default_output(config) / "schema.json"
    if not path.exists():
        return
    began = {entry["column"]: entry["kind"] for entry in read_json(path)["inputs"]}
    for column in sorted(began.keys() | kinds.keys()):
        was, now = (some.get(column, "not used") for some in (began, kinds))
        if was != now:
            raise InputError(
                f"Column {column!r} is guessed as {now}; the run {path.parent} began with it as {was}, so it cannot be "
                "resumed. Start anew with --overwrite."
            )


def read_json(path: Path) -> dict[str, Any]:
    """A file of a run. Raises InputError for one that is damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: the run is damaged, this file cannot be read: {error}. Train again.") from None
    return dict(value)


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def environment(config: Config) -> dict[str, Any]:
    """What a rerun needs to know: versions, seeds, the data's hash, the command."""
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    files = {name: file_hash(name) for name in (config.text_file or config.csv, config.validation) if name}
    return {
        "command": shlex.join(["mmkeras", "train", *sys.argv[1 + (sys.argv[1:2] == ["train"]) :]]),
        "date": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": versions,
        "seed": config.seed,
        "random_state": config.random_state,
        "sha256": files,
    }


def open_run(path: str | Path) -> Run:
    """Read a finished run's JSON. Raises InputError when the folder is absent, is no run, or has not ended."""
    folder = Path(path)
    if not (folder / "config.json").exists():
        raise InputError(f"{folder}: expected a run folder (with config.json); `python train.py` makes one.")
    if not (folder / FINISHED).exists():
        raise InputError(f"{folder}: this run was interrupted; `python train.py --resume --output {folder}` ends it.")
    config, schema = read_config(folder / "config.json"), read_json(folder / "schema.json")
    absent = [key for key in ("task", "target", "targets", "labels", "inputs", "columns", "file") if key not in schema]
    if absent:
        raise InputError(
            f"{folder}/schema.json: the run is damaged, it says nothing of {', '.join(absent)}. Train again."
        )
    return Run(folder, config, schema)


def writing_commands(folder: str, schema: Mapping[str, Any]) -> list[str]:
    """What asks an exported model for a text. schema: of the run, whose `inputs` have a column and a kind each."""
    quoted = shlex.quote(folder)
    if schema["task"] == "language_model":
        return [f'mmkeras generate {quoted} "a text"', f'mmkeras score {quoted} "a text"']
    first = next((i for i in schema["inputs"] if i["kind"] == "text"), None)
    others = [shlex.quote(f"{i['column']}={EXAMPLES.get(i['kind'], '…')}") for i in schema["inputs"] if i is not first]
    asked = ['"a text"'] if first else []
    return [" ".join(["mmkeras generate", quoted, *asked, *(f"--input {pair}" for pair in others)])]
