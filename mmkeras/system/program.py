"""How this installation's `mmkeras` is called here, for the commands that hints and errors advise.

What is printed must work in the folder and the shell where it is read. Files that last (the report, the model card,
environment.json) say plain `mmkeras`: they are read elsewhere.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Final

NAME: Final = "mmkeras"
ROOT: Final = Path(__file__).resolve().parents[2]
"""The folder that holds the package: site-packages, or a checkout."""


def call(*words: str | Path) -> str:
    """A command of mmkeras as it is typed here. words: the command, its paths and flags; they are quoted as needed."""
    return f"{program()} {shlex.join(map(str, words))}"


def here(command: str) -> str:
    """A whole command line that begins with `mmkeras`, as it is typed here."""
    return program() + command.removeprefix(NAME)


def program() -> str:
    """`mmkeras` where the shell finds this installation's, else `<python> -m mmkeras`."""
    script, installed = shutil.which(NAME), is_installed()
    if script and installed and Path(script).resolve().parent in script_folders():
        return NAME
    path = "" if installed or Path.cwd() == ROOT else f"PYTHONPATH={shlex.quote(str(ROOT))} "
    return f"{path}{shlex.quote(python())} -m {NAME}"


def script_folders() -> set[Path]:
    """Where this Python's commands are. A command of pipx or uv is a link into such a folder."""
    folders = {Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))}
    if f"{os.name}_user" in sysconfig.get_scheme_names():
        folders.add(Path(sysconfig.get_path("scripts", f"{os.name}_user")))
    if Path(sys.argv[0]).name == NAME:  # the very command that runs
        folders.add(Path(sys.argv[0]).resolve().parent)
    return {folder.resolve() for folder in folders}


def python() -> str:
    """This Python as it is typed here: by name where the shell finds it, else its path, relative in this folder."""
    executable = Path(sys.executable)
    for name in ("python", "python3"):
        if shutil.which(name) == str(executable):
            return name
    cwd = Path.cwd()
    return str(executable.relative_to(cwd)) if executable.is_relative_to(cwd) else str(executable)


def is_installed() -> bool:
    """Does this Python find this package from everywhere? A checkout's script may run one that is not installed."""
    if str(ROOT) in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        return True
    from importlib.metadata import distributions

    places = {sysconfig.get_path("purelib"), *(p for p in sys.path if p.endswith(("site-packages", "dist-packages")))}
    return any(
        Path(str(found.locate_file(""))).resolve() == ROOT
        or ROOT.as_uri() in (found.read_text("direct_url.json") or "")  # an editable installation says of what
        for found in distributions(name=NAME, path=sorted(places))
    )
