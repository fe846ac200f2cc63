"""The literal dict of commands: for each command the place of its options and of its function.

To add a command: one line here, a function in `commands`, a dataclass of flags.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, get_args, get_origin

from mmkeras.config.metavars import POSITIONAL, arg
from mmkeras.errors import InputError


@dataclass(frozen=True)
class Command:
    """The options and the function of a command, by name, because `mmkeras --help` must import neither."""

    options: str
    run: str
    summary: str


COMMANDS: Final = {
    "train": Command("config.config:Config", "run_train", "Train a model on a table; write a run folder."),
    "ablate": Command(
        "experiments.options:Ablate", "run_ablate", "Train every fusion on every subset of the modalities; compare."
    ),
    "shrink": Command("cli.options:Shrink", "run_shrink", "Make a text classifier small, for a budget of bytes."),
    "export": Command("cli.options:Export", "run_export", "Write a run as SavedModel, LiteRT and ONNX; prove each."),
    "predict": Command(
        "cli.options:Predict", "run_predict", "Predict the rows of a file, or texts, with an exported model or a run."
    ),
    "generate": Command("cli.options:Generate", "run_generate", "Generate texts with an exported model or a run."),
    "score": Command("cli.options:Score", "run_score", "Score texts with a language model: log P and perplexity."),
    "compare": Command(
        "cli.options:Compare", "run_compare", "Compare runs on the same held-out rows, with 95 % intervals."
    ),
    "verify": Command("cli.options:Verify", "run_verify", "Compare exported artefacts with the trained model."),
}
TRAINING_COMMANDS: Final = ("train", "ablate", "shrink", "export")
"""The commands that need TensorFlow whatever they are given."""


def load_options(command: str) -> type[Any]:
    """The dataclass of a command's flags."""
    module, _, name = COMMANDS[command].options.partition(":")
    return getattr(importlib.import_module(f"mmkeras.{module}"), name)


def parse(command: str, arguments: Sequence[str]) -> object:
    """Flags -> the command's options. `--config file.json` gives their defaults; flags win over it."""
    import tyro

    from mmkeras.cli.repeated import joined
    from mmkeras.config.json_file import flag_types
    from mmkeras.system.program import call

    options = load_options(command)
    arguments = [part for a in arguments for part in (a.split("=", 1) if a.startswith("--config=") else [a])]
    default = None
    if "--config" in arguments:
        from mmkeras.config.json_file import read_config

        index = arguments.index("--config")
        if index + 1 == len(arguments):
            raise InputError("--config: expected the path of a JSON file behind it.")
        default = read_config(arguments[index + 1], options)
        del arguments[index : index + 2]
    several = [name for name, hint in flag_types(options).items() if get_origin(hint) is tuple]
    arguments = joined(arguments, several)
    flags = tyro.cli(flat_options(options, default), prog=call(command), args=arguments)
    return (options.of if hasattr(options, "flat") else options)(**vars(flags))


def flat_options(options: type[Any], default: Any) -> type[Any]:
    """A command's flags as one dataclass for tyro, which needs 18 ms for a Config's nested groups, 12 for these.

    default: options that give the flags' defaults, or None; a field of it that is MISSING must be typed.
    """
    from mmkeras.config.json_file import flag_types

    if hasattr(options, "flat"):
        values = (default or options()).flat()
    else:
        values = {f.name: getattr(default, f.name, f.default) for f in dataclasses.fields(options)}
    fields = [
        (name, for_tyro(hint), dataclasses.field(default=values[name]))
        for name, hint in flag_types(options, annotated=True).items()
    ]
    return dataclasses.make_dataclass(options.__name__, fields, frozen=True, kw_only=True)


def for_tyro(hint: Any) -> Any:
    """A flag's type with tyro's own marks in place of their stand-ins."""
    from tyro import conf

    kind, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    marks = [conf.arg(**note.given()) for note in notes if isinstance(note, arg)]
    kind = Annotated[(kind, *marks)] if marks else kind
    positional: Any = conf.Positional
    return positional[kind] if POSITIONAL in notes else kind
