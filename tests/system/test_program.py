"""How hints call the program: by its name where the shell finds it, else in a way that works from where one stands."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import small_runs

from mmkeras.system import program


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """This environment's folder of commands and another one, neither with a python; both are on the PATH."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "env/bin/python"))
    monkeypatch.setattr(sys, "argv", ["train.py"])
    monkeypatch.setenv("PATH", f"{tmp_path / 'local'}{os.pathsep}{tmp_path / 'env/bin'}")
    for folder in (tmp_path / "env/bin", tmp_path / "local"):
        folder.mkdir(parents=True)
    return tmp_path / "env/bin", tmp_path / "local"


def executable(path: Path) -> Path:
    path.write_text("#!/bin/sh\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_name_where_the_shell_finds_this_installation(folders: tuple[Path, Path]) -> None:
    executable(folders[0] / "mmkeras")
    assert program.program() == "mmkeras"
    assert program.call("export", Path("runs/my shop")) == "mmkeras export 'runs/my shop'"
    assert program.here("mmkeras generate x 'a b'") == "mmkeras generate x 'a b'"


def test_a_link_to_it_is_it(folders: tuple[Path, Path]) -> None:
    (folders[1] / "mmkeras").symlink_to(executable(folders[0] / "mmkeras"))
    assert program.program() == "mmkeras"


def test_another_installation_s_command_is_not_advised(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    executable(folders[1] / "mmkeras")
    executable(folders[0] / "mmkeras")
    monkeypatch.chdir(folders[0].parent)
    assert program.here("mmkeras export x").endswith("bin/python -m mmkeras export x")
    monkeypatch.chdir(folders[1])
    assert program.call("export", "x").endswith(f"{folders[0] / 'python'} -m mmkeras export x")


def test_python_by_its_name_where_the_shell_finds_it(folders: tuple[Path, Path]) -> None:
    executable(folders[0] / "python")
    assert program.call("export", "x").endswith("python -m mmkeras export x")
    assert "/" not in program.python()


@pytest.mark.parametrize("path", ["", os.defpath])
def test_what_is_advised_runs(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another folder, without a command on the PATH, and without the PYTHONPATH of the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    advised = program.call("--version")
    done = subprocess.run(["/bin/sh", "-c", advised], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("mmkeras "), (advised, done.stderr)


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = small_runs.process("-m", "mmkeras", "--version", cwd=tmp_path)
    assert (done.code, done.out) == (0, small_runs.main("--version").out)
    assert shlex.split(program.call("a b"))[-1] == "a b"
