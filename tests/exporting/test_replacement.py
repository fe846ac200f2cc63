"""Exports of real processes that are killed, or started twice: each folder is whole, and nothing proven is lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_runs

from mmkeras.errors import InputError
from mmkeras.exporting import export as exports
from mmkeras.exporting.replacement import is_exported, replacement
from mmkeras.system.locks import locked

# `mmkeras export r --output e` that writes the word behind, and then waits until it is killed, or for its turn
EXPORT = """
import json, sys, time
from mmkeras.exporting import export as exporting
from mmkeras.cli import next_command
from mmkeras.cli.main import main
from mmkeras.verification.verify import Proof
def fill(run, formats, folder, *_):
    (folder / "signature.json").write_text('{"artefacts": []}')
    (folder / "verify.json").write_text('{"passed": true, "artefacts": {}}')
    (folder / "word.txt").write_text(sys.argv[1])
    print("filled", flush=True)
    sys.stdin.readline()
    return Proof(True, {})
exporting._fill = fill
exporting.open_run = lambda _: None
next_command.next_command = lambda *_: ""
sys.exit(main(["export", "r", "--output", "x/e", *sys.argv[2:]]))
"""


@contextlib.contextmanager
def exporting(place: Path, word: str, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has written its files, and not yet given the folder its name."""
    command = [sys.executable, "-c", EXPORT, word, *flags]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=place, env=small_runs.environment(), text=True, **pipes) as child:
        try:
            yield child
        finally:
            child.kill()


def finished(child: subprocess.Popen[str]) -> tuple[int, str]:
    _, err = child.communicate("\n")
    return child.returncode, err


def folder(place: Path, word: str) -> None:
    """An exported folder."""
    place.mkdir(parents=True)
    (place / "signature.json").write_text(json.dumps({"artefacts": []}))
    (place / "word.txt").write_text(word)


def test_two_exports_into_one_new_folder(tmp_path: Path) -> None:
    with exporting(tmp_path, "first") as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "filled\n"
        with exporting(tmp_path, "second") as second:
            code, err = finished(second)
        assert code == 2
        assert f"x/e: another mmkeras process (pid {first.pid}) is writing it" in err
        assert finished(first) == (0, "")
    assert os.listdir(tmp_path / "x") == ["e"]
    assert (tmp_path / "x/e/word.txt").read_text() == "first"


def test_a_killed_export_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    folder(tmp_path / "x/e", "old")
    with exporting(tmp_path, "killed", "--overwrite") as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "filled\n"
        os.kill(child.pid, signal.SIGKILL)
    assert (tmp_path / "x/e/word.txt").read_text() == "old"
    assert len(os.listdir(tmp_path / "x")) == 3
    with exporting(tmp_path, "new", "--overwrite") as child:
        assert finished(child) == (0, "")
    assert os.listdir(tmp_path / "x") == ["e"]
    assert (tmp_path / "x/e/word.txt").read_text() == "new"


def test_killed_between_the_two_renames(tmp_path: Path) -> None:
    """The old folder comes back; where the new one has its name already, that is the one."""
    lines: list[str] = []
    folder(tmp_path / ".e.replaced", "old")
    with locked(tmp_path / "e"), replacement(tmp_path / "e", True, lines.append):
        assert (tmp_path / "e/word.txt").read_text() == "old"
    assert "it is back" in lines[0]
    folder(tmp_path / ".e.replaced", "older")
    with locked(tmp_path / "e"), replacement(tmp_path / "e", True, lines.append):
        assert (tmp_path / "e/word.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["e"]
    assert len(lines) == 1


def test_a_folder_that_comes_meanwhile_stays(tmp_path: Path) -> None:
    with locked(tmp_path / "e"), replacement(tmp_path / "e", False, print) as new:
        (tmp_path / "e").mkdir()
        (tmp_path / "e/mine.txt").write_text("mine")
        with pytest.raises(InputError, match="exists already"):
            new.finish(True, print)
    assert os.listdir(tmp_path / "e") == ["mine.txt"]
    assert os.listdir(tmp_path) == ["e"]


@pytest.mark.parametrize("flags", [[], ["--overwrite"]])
def test_no_link_or_device_is_replaced(flags: list[str], tmp_path: Path) -> None:
    folder(tmp_path / "mine", "mine")
    (tmp_path / "link").symlink_to("mine")
    os.mkfifo(tmp_path / "fifo")
    with small_runs.working_folder(tmp_path):
        (tmp_path / "r").mkdir()
        for name, word in (("link", "symbolic link (to mine)"), ("fifo", "named pipe"), ("/dev/null", "device")):
            code = "from mmkeras.exporting import export as e; e.open_run = lambda _: None; e._fill = lambda *_: True\n"
            code += "import sys; from mmkeras.cli.main import main; sys.exit(main(sys.argv[1:]))"
            done = small_runs.process("-c", code, "export", "r", "--output", name, *flags, cwd=tmp_path)
            assert done.code == 2
            assert word in done.err
    assert sorted(os.listdir(tmp_path)) == ["fifo", "link", "mine", "r"]


def test_what_is_an_exported_folder(tmp_path: Path) -> None:
    for k, (signature, proof, ours) in enumerate(
        [('{"artefacts": []}', False, True), ("{", True, True), ("{", False, False), ('{"id": 1}', False, False)]
    ):
        place = tmp_path / str(k)
        place.mkdir()
        (place / "signature.json").write_text(signature)
        if proof:
            (place / "verify.json").write_text("{}")
        assert is_exported(place) == ours
    assert not is_exported(tmp_path)


def test_a_run_is_not_exported_onto_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "r").mkdir()
    monkeypatch.setattr(exports, "open_run", lambda _: None)
    with pytest.raises(InputError, match="it is the run that is exported"):
        exports.export(tmp_path / "r", ["onnx"], tmp_path / "x" / ".." / "r", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
