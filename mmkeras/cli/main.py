"""The command line, `mmkeras <command>`: flags in, one call, an exit code out. COMMANDS lists the commands.

Exit codes: 0 done; 1 an artefact did not answer like the model or is absent; 2 the input cannot be used; 130
interrupted.
"""

from __future__ import annotations

import difflib
import io
import os
import sys
from collections.abc import Callable, Sequence

import tyro

import mmkeras
from mmkeras.cli.commands import run_ablate, run_export, run_generate, run_predict, run_score, run_train, run_verify
from mmkeras.cli.options import Export, Generate, Predict, Score, Verify
from mmkeras.config.config import Config
from mmkeras.config.json_file import read_config
from mmkeras.errors import InputError
from mmkeras.experiments.options import Ablate

COMMANDS: dict[str, tuple[type, Callable[..., int]]] = {
    "train": (Config, run_train),
    "ablate": (Ablate, run_ablate),
    "export": (Export, run_export),
    "predict": (Predict, run_predict),
    "generate": (Generate, run_generate),
    "score": (Score, run_score),
    "verify": (Verify, run_verify),
}


def parse(command: str, arguments: Sequence[str]) -> object:
    """Flags -> the command's options. `--config file.json` gives their defaults; flags win over it."""
    options, _ = COMMANDS[command]
    arguments = [part for a in arguments for part in (a.split("=", 1) if a.startswith("--config=") else [a])]
    default = None
    if "--config" in arguments:
        at = arguments.index("--config")
        if at + 1 == len(arguments):
            raise InputError("--config: expected the path of a JSON file behind it.")
        default = read_config(arguments[at + 1], options)
        del arguments[at : at + 2]
    return tyro.cli(
        options, prog=f"mmkeras {command}", args=arguments, default=default, config=(tyro.conf.OmitArgPrefixes,)
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; print an InputError as a sentence, without a traceback."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # a line reaches a pipe when it is said; a narrow encoding is no reason to fail
            stream.reconfigure(line_buffering=True, errors="replace")
    if arguments[:1] in (["--version"], ["-V"]):
        print(f"mmkeras {mmkeras.__version__}")
        return 0
    if not arguments or arguments[0] in ("-h", "--help") or arguments[0] not in COMMANDS:
        lines = "\n".join(
            f"  {name:<8} {(options.__doc__ or '').splitlines()[0]}" for name, (options, _) in COMMANDS.items()
        )
        print(f"usage: mmkeras <command> …\n\n{lines}\n\n`mmkeras <command> --help` lists its flags.")
        known = not arguments or arguments[0] in ("-h", "--help")
        if not known:
            near = difflib.get_close_matches(arguments[0], COMMANDS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            print(f"error: there is no command {arguments[0]!r}.{hint}", file=sys.stderr)
        return 0 if known else 2
    debug = "--debug" in arguments
    try:
        return COMMANDS[arguments[0]][1](parse(arguments[0], arguments[1:]))
    except InputError as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # no permission, no space, a name too long: nothing that a program could foresee
        if debug:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}the file system refused ({error.strerror or error}).", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
