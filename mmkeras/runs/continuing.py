"""Goes on from a finished run with new rows: which flags are the run's, which may change, and what is copied of it.

The model, the columns and how they are read are the finished run's, since its weights and adapted states go on. How it
is trained is the new run's.
"""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import DEFAULTS, Config, Output, Training
from mmkeras.config.data import Dialect, HoldOut
from mmkeras.config.tasks import has_target
from mmkeras.config.unused_flags import check_unused_flags
from mmkeras.errors import InputError
from mmkeras.runs.folder import default_output
from mmkeras.runs.integrity import DIGESTS
from mmkeras.runs.recovery import bring_back, reading
from mmkeras.runs.row_digests import ROWS
from mmkeras.runs.run import Run, open_run
from mmkeras.system.digests import file_digest
from mmkeras.system.program import call

START: Final = "continued_from"
"""Folder in an interrupted run: what it needs of the run that it goes on from, which may be gone when it is resumed."""
STATES: Final = ("state", "tokenizers")
COPIED: Final = (
    *("config.json", "schema.json", "metrics.json", "environment.json", "own_layers.json"),
    *(DIGESTS, ROWS, "model.keras", *STATES),
)

_NAMES: Final = ("text", "image", "audio", "number", "category", "date", "kind", "target", "notation", "ignore", "keep")
"""Flags that name columns: what they say must be true of the finished run."""
_INHERITED: Final = ("label_smoothing", "class_weight", "optimizer", "decay")
"""Flags of the training that stay as they were, unless given."""
_FREE: Final = (
    *(field.name for kind in (Dialect, HoldOut, Training, Output) for field in dataclasses.fields(kind)),
    *("csv", "example", "text_file", "media_root", "allow_outside", "max_bad_rows", "rare_classes"),
    *("optimizer", "decay"),
)


def open_start(config: Config) -> Run | None:
    """The finished run that a training goes on from; None without `--continue-from`.

    Raises InputError for a folder that is no finished run, or is damaged.
    """
    name = config.training.continue_from
    if not name:
        return None
    kept = default_output(config.data, config.output) / START
    if config.output.resume and (kept / "config.json").exists():
        return open_run(kept)
    bring_back(Path(name))
    run = open_run(name)
    if run.config.model.size_budget:
        raise InputError(
            f"--continue-from {name}: the run was made small, with --size-budget {run.config.model.size_budget}, and "
            "the weights of its other n-grams are gone. Go on from the run before, and make the new one small: "
            f"{call('shrink', 'RUN', '--size-budget', run.config.model.size_budget)}"
        )
    return run


def continued_config(config: Config, run: Run) -> Config:
    """The Config of a training that goes on from `run`: the run's model and columns, the given flags of the training.

    Raises InputError for a flag that contradicts the run, or an --output that would replace it.
    """
    _check_output(config, run)
    _check_named_columns(config, run)
    given, saved = config.flat(), run.config.flat()
    flags: dict[str, Any] = {}
    for key, value in given.items():
        if key in _FREE and key not in _INHERITED:
            continue
        if value not in (DEFAULTS[key], saved[key]) and key not in (*_FREE, *_NAMES):
            before = "its default" if saved[key] == DEFAULTS[key] else _shown(saved[key])
            raise InputError(
                f"--{key.replace('_', '-')} {_shown(value)}: the run {run.folder} was trained with {before}, and its "
                "weights go on. Leave the flag out, or train anew without --continue-from."
            )
        if value == DEFAULTS[key]:
            flags[key] = saved[key]
    if not has_target(run.schema["task"]) and given["text_file"]:
        flags["text"] = ()
    merged = config.replace(**{**flags, "task": run.schema["task"]})
    check_unused_flags(merged)
    return merged


def _shown(value: Any) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _check_output(config: Config, run: Run) -> None:
    """Raise InputError where the new run would replace the finished one, or a folder that holds it."""
    folder, start = default_output(config.data, config.output), run.folder
    if folder.resolve() == start.resolve() or folder.resolve() in start.resolve().parents:
        raise InputError(
            f"{folder}: the training goes on from {start}, which the new run would replace. Choose another --output."
        )


def kinds_of(run: Run) -> dict[str, str]:
    """Input column -> its kind. A block of columns counts as its columns."""
    return {part["column"]: entry["kind"] for entry in run.inputs for part in entry.get("columns", [entry])}


def _check_named_columns(config: Config, run: Run) -> None:
    """Raise InputError for a flag that says of a column what is not true of the finished run."""
    data, task = config.data, run.schema["task"]
    if not has_target(task):
        return  # lines of text: the new file may have them in another column
    kinds, targets = kinds_of(run), run.schema["targets"]["names"]
    for flag, name, kind in _named_kinds(config):
        if name in kinds and kinds[name] != kind:
            raise _contradiction(flag, name, run, f"reads this column as {kinds[name]}")
        if name not in kinds:
            raise _contradiction(flag, name, run, f"has no such input. Its inputs: {', '.join(kinds)}")
    if data.target and set(data.target) != {*targets}:
        raise _contradiction("target", " ".join(data.target), run, f"predicts {', '.join(targets)}")
    for name in data.ignore:
        if name in kinds:
            raise _contradiction("ignore", name, run, "needs this column")
    for name in data.keep:
        if name not in kinds:
            raise _contradiction("keep", name, run, "does not know this column")
    notations = dict(_notations(run))
    for pair in data.notation:
        name, _, notation = pair.partition("=")
        if name in notations and notations[name] != notation:
            raise _contradiction("notation", pair, run, f"reads the column as {notations[name] or 'plain numbers'}")


def _named_kinds(config: Config) -> Iterator[tuple[str, str, str]]:
    """Flag, column and kind, for each column that a flag of a kind names."""
    for flag in ("text", "image", "audio", "number", "category", "date"):
        yield from ((flag, name, flag) for name in getattr(config.data, flag))
    for pair in config.data.kind:
        name, _, kind = pair.rpartition("=")
        yield "kind", name, kind


def _notations(run: Run) -> Iterator[tuple[str, str]]:
    for entry in run.inputs:
        for part in entry.get("columns", [entry]):
            if "notation" in part:
                yield part["column"], part["notation"]


def _contradiction(flag: str, value: str, run: Run, fact: str) -> InputError:
    return InputError(
        f"--{flag} {value}: the training goes on from {run.folder}, which {fact}. Leave the flag out, or train anew "
        "without --continue-from."
    )


def keep_start(run: Run, folder: Path) -> Run:
    """Copy what a training needs of the run that it goes on from, into the new run's folder. Returns the copy.

    The adapted states become the new run's own. Raises InputError where the run has changed meanwhile.
    """
    kept = folder / START
    if run.folder != kept:
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir()
        with reading(run.folder):
            for name in COPIED[1:]:
                _copy(run.folder / name, kept / name)
            _copy(run.folder / COPIED[0], kept / COPIED[0])  # last: a copy without it is not whole
        run = open_run(kept)
    for name in STATES:
        _copy(kept / name, folder / name)
    return run


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    elif source.exists():
        shutil.copyfile(source, target)


def drop_start(folder: Path) -> None:
    """Delete the copy: the training has ended."""
    shutil.rmtree(folder / START, ignore_errors=True)


def run_digest(run: Run) -> str:
    """SHA-256 that tells a run from others: of its digests, or of its weights where it has none."""
    sealed = run.folder / DIGESTS
    return file_digest(sealed if sealed.exists() else run.folder / "model.keras")


def record_of(config: Config, run: Run) -> dict[str, str]:
    """The entry of environment.json: the folder as it was named, and the digest."""
    return {"folder": str(config.training.continue_from), "sha256": run_digest(run)}
