"""`--example`: the bundled examples, and what each brings along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, TypeVar

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.tasks import has_target
from mmkeras.data.columns import INPUT_KINDS
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
    """The options for a bundled example, which is made if it is not there; others are left as they are.

    What the user has said stays, as far as it can be told from the defaults: see `brought_along`.
    Raises InputError where the maker is absent: it lies beside the package, in a checkout.
    """
    if config.data.example:
        if config.data.csv != DEFAULTS["csv"]:
            raise InputError(f"--example {config.data.example}: it brings its own data; leave out {config.data.csv}.")
        maker = Path(__file__).parents[2] / "data" / f"make_{config.data.example}.py"
        if not maker.exists():
            raise InputError(
                f"--example {config.data.example}: it is made by {maker.name}, in the data/ of a checkout."
            )
        brought = brought_along(config)
        if len(brought) < len(EXAMPLES[config.data.example]):
            flags = [f"--{key.replace('_', '-')} {said(value)}" for key, value in brought.items() if key != "csv"]
            print(f"--example {config.data.example}, besides what you said: {' '.join(flags) or 'its rows alone'}")
        config = config.replace(**brought, example=None)
        if not Path(config.data.csv).exists() and not config.output.resume:
            done = subprocess.run([sys.executable, str(maker)], check=False)
            if done.returncode:
                raise InputError(f"--example: {maker.name} could not make it; it says why above.")
    elif (
        config.data.csv == DEFAULTS["csv"]
        and not config.output.resume
        and has_target(config.model.task)
        and not Path(config.data.csv).exists()
    ):
        raise InputError(f"{config.data.csv}: the bundled example is not made yet. Run: python data/make_news.py")
    return config


def said(value: Any) -> str:
    """A flag's value as it is given."""
    return " ".join(value) if isinstance(value, tuple) else str(value)


def brought_along(config: Config) -> dict[str, Any]:
    """The fields that a bundled example brings: those of which the user has said nothing.

    Whoever names an input column names all of them, and a column that is named as something is nothing else. A value
    that is the default cannot be told from one that was not given.
    """
    flags = config.flat()
    wanted = {key: flags[key] for key in (*INPUT_KINDS, "target") if key in flags}
    named = {name for names in wanted.values() for name in names}
    inputs_named = bool(config.data.kind) or any(names for key, names in wanted.items() if key != "target")
    brought: dict[str, Any] = {}
    for key, value in EXAMPLES[config.data.example or "news"].items():
        if flags[key] != DEFAULTS[key] or (key in INPUT_KINDS and inputs_named):
            continue
        if not has_target(config.model.task) and key not in ("csv", "text"):
            continue  # a language model has no use for the others, and says so
        if key in wanted:
            value = tuple(name for name in value if name not in named)
        if value:
            brought[key] = value
    return brought
