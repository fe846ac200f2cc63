"""`--example`: where each bundled example is made, and its flags."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final, TypeVar

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.tasks import has_target
from mmkeras.data.columns.column import INPUT_KINDS
from mmkeras.errors import InputError
from mmkeras.system.program import call
from mmkeras.system.progress import Log

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "news": {},
    "multimodal": {
        "csv": "data/multimodal/multimodal.csv",
        "text": ("note",),
        "image": ("photo",),
        "audio": ("clip",),
        "number": ("price",),
        "target": ("label",),
        "audio_rate": 8000,
        "image_size": 48,
    },
}
"""Example, also the module here that makes it -> its flags that are not the defaults."""
AnyConfig = TypeVar("AnyConfig", bound=Config)


def with_example(config: AnyConfig, log: Log = print) -> AnyConfig:
    """Options with `--example` -> options with the example's flags; other options are returned unchanged.

    The example's files are made in the current folder if they are absent. Flags that the user has given stay: see
    `example_flags`. Raises InputError for an example that cannot be made, and where no table is named and none is
    there.
    """
    name = config.data.example
    if name:
        if config.data.csv != DEFAULTS["csv"]:
            raise InputError(f"--example {name}: it has its own data; leave out {config.data.csv}.")
        flags = example_flags(config)
        if len(flags) < len(EXAMPLES[name]):
            added = [f"--{key.replace('_', '-')} {as_typed(value)}" for key, value in flags.items() if key != "csv"]
            log(f"--example {name}, besides your flags: {' '.join(added) or 'its rows alone'}")
        config = config.replace(**flags, example=None)
        if Path(config.data.csv).exists():
            log(f"--example {name}: {config.data.csv} is there already and is used as it is")
        elif not config.output.resume:
            make_example(name, Path(config.data.csv), log)
    elif (
        config.data.csv == DEFAULTS["csv"]
        and not config.output.resume
        and not config.data.text_file
        and has_target(config.model.task)
        and not Path(config.data.csv).exists()
    ):
        command = "train" if type(config) is Config else "ablate"
        raise InputError(
            f"{config.data.csv}: no table is named, and the example's is not made yet. Name yours: "
            f"{call(command, 'your.csv')}; or make the example's: {call(command, '--example', 'news')}"
        )
    return config


def make_example(name: str, table: Path, log: Log) -> None:
    """Make an example's table, and the files that it names. Raises InputError where a package or a place is missing."""
    try:
        importlib.import_module(f"mmkeras.examples.{name}").make(table, log=log)
    except OSError as error:
        if error.errno is not None:
            raise
        raise InputError(f"--example {name}: {error}") from error


def as_typed(value: Any) -> str:
    """A flag's value as it is typed."""
    return " ".join(value) if isinstance(value, tuple) else str(value)


def example_flags(config: Config) -> dict[str, Any]:
    """The flags of a bundled example that the user has not given.

    If the user names an input column, the example adds no input columns; a column that the user has named is not named
    again. A flag that is given with its default value cannot be told from a flag that is not given.
    """
    flags = config.flat()
    columns = {key: flags[key] for key in (*INPUT_KINDS, "target") if key in flags}
    named = {name for names in columns.values() for name in names}
    inputs_named = bool(config.data.kind) or any(names for key, names in columns.items() if key != "target")
    added: dict[str, Any] = {}
    for key, value in EXAMPLES[config.data.example or "news"].items():
        if flags[key] != DEFAULTS[key] or (key in INPUT_KINDS and inputs_named):
            continue
        if not has_target(config.model.task) and key not in ("csv", "text"):
            continue  # a language model reads no other column, and refuses the flags
        if key in columns:
            value = tuple(name for name in value if name not in named)
        if value:
            added[key] = value
    return added
