"""`--example`: the bundled examples, and the flags of each."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, TypeVar

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.tasks import has_target
from mmkeras.data.columns.column import INPUT_KINDS
from mmkeras.errors import InputError

EXAMPLES: dict[str, dict[str, Any]] = {
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
AnyConfig = TypeVar("AnyConfig", bound=Config)


def with_example(config: AnyConfig) -> AnyConfig:
    """Options with `--example` -> options with the example's flags; other options are returned unchanged.

    The example's files are made if they are absent. Flags that the user has given stay: see `example_flags`.
    Raises InputError if the script that makes the example is absent: it is part of a checkout, not of the package.
    """
    if config.data.example:
        if config.data.csv != DEFAULTS["csv"]:
            raise InputError(f"--example {config.data.example}: it has its own data; leave out {config.data.csv}.")
        script = Path(__file__).parents[2] / "data" / f"make_{config.data.example}.py"
        if not script.exists():
            raise InputError(
                f"--example {config.data.example}: it is made by {script.name}, in the data/ of a checkout."
            )
        flags = example_flags(config)
        if len(flags) < len(EXAMPLES[config.data.example]):
            added = [f"--{key.replace('_', '-')} {as_typed(value)}" for key, value in flags.items() if key != "csv"]
            print(f"--example {config.data.example}, besides your flags: {' '.join(added) or 'its rows alone'}")
        config = config.replace(**flags, example=None)
        if not Path(config.data.csv).exists() and not config.output.resume:
            finished = subprocess.run([sys.executable, str(script)], check=False)
            if finished.returncode:
                raise InputError(f"--example: {script.name} failed; the reason is above.")
    elif (
        config.data.csv == DEFAULTS["csv"]
        and not config.output.resume
        and has_target(config.model.task)
        and not Path(config.data.csv).exists()
    ):
        raise InputError(f"{config.data.csv}: the bundled example is not made yet. Run: python data/make_news.py")
    return config


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
