"""A Config as the command that gives it, for environment.json and the report."""

from __future__ import annotations

import shlex
from typing import Final

from mmkeras.config.config import DEFAULTS, Config

STARTS: Final[frozenset[str]] = frozenset({"csv", "resume", "debug"})
"""The table stands first; the others say how a training was started, and change nothing of it."""


def command_of(config: Config) -> str:
    """`mmkeras train`, the table, and the flags that are not the defaults; it is right for a call from Python, too."""
    flags = config.flat()
    words = ["mmkeras", "train", *([] if flags["text_file"] else [flags["csv"]])]
    for name, default in DEFAULTS.items():
        value = flags[name]
        if name in STARTS or value == default:
            continue
        dashed = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{dashed}" if value else f"--no-{dashed}")
        else:
            words += [f"--{dashed}", *map(str, value if isinstance(value, tuple) else (value,))]
    return shlex.join(words)
