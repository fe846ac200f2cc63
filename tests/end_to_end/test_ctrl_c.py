"""Ctrl-C in real commands, at several moments: one line, the command that goes on, and nothing left behind."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import small_runs

ROWS = 300
TRAIN = ("train", "news.csv", *small_runs.ONE_COLUMN, "--epochs", "40", "--batch-size", "1", "--no-fold")


def interrupted(cwd: Path, *arguments: str, at: str, number: int = signal.SIGINT) -> small_runs.Done:
    """A command in a process group of its own, as of a terminal, which gets a signal when it has printed `at`."""
    command = [sys.executable, "-m", "mmkeras", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = small_runs.environment()
    with subprocess.Popen(command, cwd=cwd, env=environment, start_new_session=True, **pipes) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        lines = []
        for line in child.stdout:
            lines.append(line)
            if line.startswith(at):
                break
        os.killpg(child.pid, number)
        out, err = child.stdout.read(), child.stderr.read()
    with pytest.raises(ProcessLookupError):
        os.killpg(child.pid, 0)  # no process of the group is left
    return small_runs.Done(child.returncode, "".join(lines) + out, err)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ctrl_c")
    small_runs.write_rows(path / "news.csv", small_runs.news_rows(ROWS))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "number", "words"),
    [
        ("  column", signal.SIGINT, "interrupted. Start again with: "),  # TensorFlow is not there yet
        ("240 rows to learn from", signal.SIGTERM, "no epoch is done yet. Start again with: "),
        ("epoch 2/40", signal.SIGINT, " done. Go on with: "),
    ],
)
def test_a_training(at: str, number: signal.Signals, words: str, folder: Path) -> None:
    name = f"r{number}-{len(at)}"
    done = interrupted(folder, *TRAIN, "--output", name, at=at, number=number)
    assert done.code == 128 + number, done.err
    assert done.err.startswith("interrupted"), done.err
    assert done.err.count("\n") == 1, "one line"
    assert words in done.err
    assert not [path for path in folder.rglob(".*") if "partial" in path.name or path.name.endswith(".lock")]
    if words.startswith("interrupted"):
        assert not (folder / name).exists()
        return
    assert done.err.rstrip().endswith(f"train --resume --output {name}")
    if "Go on" in words:  # as it is pasted
        command = shlex.split(done.err.partition("with: ")[2])
        pasted = interrupted(folder, *command[command.index("train") :], at="resuming after")
        assert "resuming after 0" not in pasted.out
        assert pasted.code == 130


@pytest.mark.slow
def test_an_export(run: small_runs.SmallRun, tmp_path: Path) -> None:
    """While a process of `verify` is at work."""
    done = interrupted(
        tmp_path, "export", str(run.folder), "--formats", "tflite", "onnx", "--output", "e", at="verifying"
    )
    assert done.code == 130, done.err
    assert done.err.startswith("interrupted. Start again with: ")
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
