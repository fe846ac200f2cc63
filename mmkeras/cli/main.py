"""The command line, `mmkeras <command>`: flags in, one call, an exit code out. `dispatch` lists the commands.

Exit codes: 0 done; 1 an artefact is absent or differs from the trained model; 2 the input cannot be used; 130
interrupted by Ctrl-C, 143 by SIGTERM, 129 by SIGHUP.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import io
import itertools
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import mmkeras
from mmkeras.cli.dispatch import COMMANDS, TRAINING_COMMANDS, parse
from mmkeras.errors import InputError, Interrupted
from mmkeras.system.failures import failure
from mmkeras.system.interrupts import listening
from mmkeras.system.packages import EXPORTING, TRAINING, check_training, missing_named
from mmkeras.system.program import call
from mmkeras.system.screen import quieted

QUIET: Final = ("-q", "--quiet")
STARTED_AGAIN: Final = ("train", "ablate", "shrink", "export", "verify", "predict", "compare")
"""Commands that take long, as the others do with a file: after Ctrl-C the line says how to start them again."""


def overview() -> str:
    """The text of `mmkeras --help`."""
    summaries = {name: command.summary for name, command in COMMANDS.items()}
    summaries["help"] = "Print this list, or a command's flags."
    lines = "\n".join(f"  {name:<8} {summary}" for name, summary in summaries.items())
    return (
        f"usage: mmkeras <command> …\n\n{lines}\n\n"
        "`mmkeras help <command>` and `mmkeras <command> --help` list its flags.\n"
        "`mmkeras train --example multimodal` makes a small table and trains on it."
    )


def show_help(words: Sequence[str]) -> int:
    """`mmkeras help [command]`. Returns the exit code."""
    command = next((word for word in words if not word.startswith("-")), "help")
    if command != "help":
        return run_command(command, ["--help"])
    print(overview())
    return 0


def unknown_command(command: str) -> int:
    """Print what is known, and the command that may be meant. Returns the exit code."""
    print(overview())
    near = difflib.get_close_matches(command, (*COMMANDS, "help"), 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    print(f"error: there is no command {command!r}.{hint}", file=sys.stderr)
    return 2


def run_command(command: str, arguments: Sequence[str]) -> int:
    """Run one command, or print its help. Returns the exit code."""
    if command in ("--version", "-V"):
        print(f"mmkeras {mmkeras.__version__}")
        return 0
    if command in ("help", "--help", "-h"):
        return show_help(arguments)
    if command not in COMMANDS:
        return unknown_command(command)
    if {"-h", "--help"} & set(itertools.takewhile(lambda a: a != "--", arguments)):
        from mmkeras.cli.help import render

        print(render(command))
        return 0
    if command in TRAINING_COMMANDS:
        check_training(f"`mmkeras {command}`", EXPORTING if command in ("export", "shrink") else TRAINING)
    options = parse(command, without_quiet(arguments))
    run: Callable[[Any], int] = getattr(importlib.import_module("mmkeras.cli.commands"), COMMANDS[command].run)
    return run(options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; print an InputError as a sentence, without a traceback."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a pipe gets each line when it is printed; a character outside the encoding is no reason to fail
            stream.reconfigure(line_buffering=True, errors="replace")
    arguments = command_first(arguments)
    command, *rest = arguments or ["help"]
    with quieted(is_quiet(rest)):
        return guarded(command, rest, debug="--debug" in rest)


def command_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the flags of all commands behind the command: `-q train` is `train -q`."""
    flags = list(itertools.takewhile(lambda a: a in (*QUIET, "--debug"), arguments))
    return [*arguments[len(flags) : len(flags) + 1], *flags, *arguments[len(flags) + 1 :]]


def is_quiet(arguments: Sequence[str]) -> bool:
    """Is the flag -q or --quiet among the arguments, before a `--`?"""
    return any(a in QUIET for a in itertools.takewhile(lambda a: a != "--", arguments))


def without_quiet(arguments: Sequence[str]) -> list[str]:
    """The arguments without the flag, which is not one of the options that a run keeps."""
    end = [*arguments, "--"].index("--")
    return [a for a in arguments[:end] if a not in QUIET] + [*arguments[end:]]


def guarded(command: str, arguments: Sequence[str], debug: bool) -> int:
    """Run one command. An error or an interruption becomes a sentence and an exit code; with `debug` a traceback."""
    with listening() as signals:
        try:
            with missing_named():
                return run_command(command, arguments)
        except BaseException as error:
            # a library may make an exception of its own of an interruption
            if isinstance(error, KeyboardInterrupt) or (signals.first and isinstance(error, Exception)):
                say_interrupted(error, command, arguments)
                return signals.code
            if isinstance(error, BrokenPipeError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return 0
            if debug or not isinstance(error, Exception):
                raise
            print(f"error: {error if isinstance(error, InputError) else sentence(error)}", file=sys.stderr)
            return 2


def say_interrupted(interruption: BaseException, command: str, arguments: Sequence[str]) -> None:
    """The line after Ctrl-C: what goes on, or how to start again."""
    left = f"; {interruption}" if isinstance(interruption, Interrupted) else ""
    if isinstance(interruption, Interrupted) and interruption.again:
        left += f". Go on with: {call(command, *(a for a in arguments if a != '--overwrite'))}"
    elif not left and (command in STARTED_AGAIN or {"--csv", "--file"} & {a.partition("=")[0] for a in arguments}):
        left = f". Start again with: {call(command, *arguments)}"
    with contextlib.suppress(OSError):  # a terminal that has been closed
        if sys.stdout.isatty():
            print("\r", end="\x1b[K", flush=True)  # over ^C and a live line
        print(f"interrupted{left}", file=sys.stderr)


def sentence(error: Exception) -> str:
    """An error that no check has foreseen: no permission, no memory, a library that fails; or a defect of mmkeras."""
    prefix = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
    if reason := failure(error):
        return f"{prefix}{reason}. --debug shows where."
    if isinstance(error, OSError):  # no permission, a name too long: it cannot be checked before
        return f"{prefix}the file system refused ({error.strerror or error})."
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if f"{os.sep}mmkeras{os.sep}" in frame.filename]
    place = f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    first_line = str(error).strip().split("\n")[0][:300]
    return (
        f"internal error ({type(error).__name__}: {first_line}){place}. This is a defect of mmkeras, or a file of a "
        "run or of an exported folder is damaged; the same command with --debug prints the traceback to report."
    )


if __name__ == "__main__":
    sys.exit(main())
