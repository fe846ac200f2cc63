"""Is an interrupted run continued with the same flags, files and kinds of columns?"""

from __future__ import annotations

from pathlib import Path

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.json_file import read_config
from mmkeras.errors import InputError
from mmkeras.runs.environment import file_hash
from mmkeras.runs.folder import default_output
from mmkeras.runs.run import FINISHED, read_json


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
    began = read_config(folder / "config.json")
    saved = began.flat()
    for key, value in given.flat().items():
        if key not in ("resume", "overwrite", "output", "debug", "csv") and value not in (DEFAULTS[key], saved[key]):
            said, before = (" ".join(v) or None if isinstance(v, tuple) else v for v in (value, saved[key]))
            raise InputError(
                f"--{key.replace('_', '-')} {said} cannot change when a run is resumed: it began with {before}. "
                "Leave the flag out, or start anew with --overwrite."
            )
    if given.data.csv not in (DEFAULTS["csv"], saved["csv"]):
        raise InputError(
            f"{given.data.csv}: a run is resumed on the file it began with, {saved['csv']}. Leave the file out, or "
            "start anew with --overwrite."
        )
    check_same_files(folder)
    if folder != default_output(began):  # else the flag stays as it was given, and config.json with it
        began = began.replace(output=str(folder))
    return began.replace(resume=True, overwrite=False, debug=given.output.debug)


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
