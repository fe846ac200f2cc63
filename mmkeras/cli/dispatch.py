"""The literal dict of commands: for each command the place of its options and of its function.

To add a command: one line here, a function in `commands`, a dataclass of flags.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

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
    "export": Command("cli.options:Export", "run_export", "Write a run as SavedModel, LiteRT and ONNX; prove each."),
    "predict": Command("cli.options:Predict", "run_predict", "Predict every row of a file with an artefact or a run."),
    "generate": Command("cli.options:Generate", "run_generate", "Generate texts with an exported model or a run."),
    "score": Command("cli.options:Score", "run_score", "Score texts with a language model: log P and perplexity."),
    "verify": Command("cli.options:Verify", "run_verify", "Compare exported artefacts with the trained model."),
}


def load_options(command: str) -> type[Any]:
    """The dataclass of a command's flags."""
    module, _, name = COMMANDS[command].options.partition(":")
    return getattr(importlib.import_module(f"mmkeras.{module}"), name)


def parse(command: str, arguments: Sequence[str]) -> object:
    """Flags -> the command's options. `--config file.json` gives their defaults; flags win over it."""
    import tyro

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
    program = f"mmkeras {command}"
    if not hasattr(options, "flat"):
        return tyro.cli(options, prog=program, args=arguments, default=default)
    flags = tyro.cli(flat_options(options, default or options()), prog=program, args=arguments)
    return options.of(**vars(flags))


def flat_options(options: type[Any], default: Any) -> type[Any]:
    """The flags of a Config's groups as one dataclass: tyro needs 18 ms for nested ones, 12 for these."""
    from mmkeras.config.json_file import flag_types

    values = default.flat()
    fields = [(name, hint, values[name]) for name, hint in flag_types(options, annotated=True).items()]
    return dataclasses.make_dataclass(options.__name__, fields, frozen=True)
