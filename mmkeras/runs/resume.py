"""Checks that an interrupted run is resumed with the same flags, files and kinds of columns."""

from __future__ import annotations

from pathlib import Path

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.json_file import read_config
from mmkeras.errors import InputError
from mmkeras.runs.environment import file_hash
from mmkeras.runs.folder import default_output
from mmkeras.runs.recovery import recover
from mmkeras.runs.run import FINISHED, read_json
from mmkeras.system.json_files import check_shape
from mmkeras.system.program import call
from mmkeras.system.progress import Log


def resumed_config(config: Config, log: Log = print) -> Config:
    """The saved Config of the run that the flags `config` resume. The caller holds the folder's lock.

    Raises InputError when there is no such run, when it is finished, or when a flag differs from the saved one.
    """
    folder = default_output(config.data, config.output)
    if not folder.exists():  # killed when the old run was set aside, before the new one began
        recover(folder, log)
    if not (folder / "config.json").exists():
        raise InputError(
            f"{folder}: there is no run to resume (no config.json). Leave out --resume, or name its --output."
        )
    if (folder / FINISHED).exists():
        raise InputError(
            f"{folder}: this run has ended; there is nothing to resume. `{call('export', folder)}` comes next; to "
            f"train it on new rows: {call('train', 'NEW.csv', '--continue-from', folder)}"
        )
    saved = read_config(folder / "config.json")
    saved_flags = saved.flat()
    for key, value in config.flat().items():
        fixed = key not in ("resume", "overwrite", "output", "debug", "csv")
        if fixed and value not in (DEFAULTS[key], saved_flags[key]):
            now, before = (" ".join(v) or None if isinstance(v, tuple) else v for v in (value, saved_flags[key]))
            raise InputError(
                f"--{key.replace('_', '-')} {now} cannot change when a run is resumed: it began with {before}. "
                "Leave the flag out, or start anew with --overwrite."
            )
    if config.data.csv not in (DEFAULTS["csv"], saved.data.csv):
        raise InputError(
            f"{config.data.csv}: a run is resumed on the file it began with, {saved.data.csv}. Leave the file out, or "
            "start anew with --overwrite."
        )
    check_same_files(folder)
    if folder != default_output(saved.data, saved.output):  # else keep the flag, and config.json with it, as saved
        saved = saved.replace(output=str(folder))
    return saved.replace(resume=True, overwrite=False, debug=config.output.debug)


def check_same_files(folder: Path) -> None:
    """Raise InputError when a training file of an interrupted run has changed since the run began."""
    if not (folder / "environment.json").exists():
        return
    environment = read_json(folder / "environment.json")
    check_shape(environment, {"sha256": {"*": str}}, folder / "environment.json", "The run is damaged.")
    for name, saved_hash in environment["sha256"].items():
        if not Path(name).exists():
            raise InputError(f"{name}: the file that the run {folder} began with is gone. Put it back to resume.")
        if file_hash(name) != saved_hash:
            raise InputError(
                f"{name}: the file has changed since the run {folder} began, so it cannot be resumed. Put the old file "
                "back, or start anew with --overwrite."
            )


def check_same_kinds(folder: Path, kinds: dict[str, str]) -> None:
    """Raise InputError where the run to resume has an input column of another kind. kinds: column -> its kind now."""
    path = folder / "schema.json"
    if not path.exists():
        return
    schema = read_json(path)
    check_shape(schema, {"inputs": [{"column": str, "kind": str}]}, path, "The run is damaged.")
    entries = schema["inputs"]  # a block has many columns
    saved_kinds = {part["column"]: entry["kind"] for entry in entries for part in entry.get("columns", [entry])}
    for column in sorted(saved_kinds.keys() | kinds.keys()):
        before, now = (kind_of.get(column, "not used") for kind_of in (saved_kinds, kinds))
        if before != now:
            raise InputError(
                f"Column {column!r} is guessed as {now}; the run {folder} began with it as {before}, so it cannot be "
                "resumed. Start anew with --overwrite."
            )
