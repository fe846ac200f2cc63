"""The command line itself: its help, its exit codes, and that the two scripts are the same commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import small_runs

import mmkeras
from mmkeras import api
from mmkeras.cli import main
from mmkeras.cli.commands import end_of_training
from mmkeras.cli.dispatch import COMMANDS, load_options
from mmkeras.config.json_file import flag_types
from mmkeras.errors import InputError
from mmkeras.system import program


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_help_lists_the_commands(arguments: list[str]) -> None:
    done = small_runs.main(*arguments)
    assert (done.code, done.err) == (0, "")
    for command, listed in COMMANDS.items():
        (line,) = [line for line in done.lines if line.split()[:1] == [command]]
        assert line.split(maxsplit=1)[1] == listed.summary


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_lists_its_flags(command: str) -> None:
    done = small_runs.main(command, "--help")
    assert done.code == 0
    for name in flag_types(load_options(command)):
        flag = f"--{name.replace('_', '-')}"
        positional = any(part in done.lines[0] for part in (name.upper(), name.upper().removesuffix("S")))
        assert positional or flag in done.out or f"--no-{flag[2:]}" in done.out, (
            f"{command} --help does not name {flag}"
        )


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(flag: str) -> None:
    done = small_runs.main(flag)
    assert (done.code, done.out) == (0, f"mmkeras {mmkeras.__version__}\n")


def test_unknown_command_is_named_and_the_known_ones_listed() -> None:
    done = small_runs.main("evaluate", "x")
    assert done.code == 2
    assert done.err.startswith("error: there is no command 'evaluate'")
    assert all(command in done.out for command in COMMANDS)


def test_help_is_a_command_too() -> None:
    assert small_runs.main("help") == small_runs.main("help", "help") == small_runs.main("--help")
    assert small_runs.main("help", "--help") == small_runs.main("help")
    assert "there is no such artefact" in small_runs.main("predict", "nosuch", "--", "--help").err
    assert small_runs.main("help", "export") == small_runs.main("export", "--help")
    unknown = small_runs.main("help", "exprot")
    assert (unknown.code, unknown.err) == (2, "error: there is no command 'exprot'. Did you mean 'export'?\n")
    assert "Did you mean" not in small_runs.main("help", "nosuch").err


def replace_train(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def run(_: Any) -> int:
        raise error

    monkeypatch.setattr("mmkeras.cli.commands.run_train", run)


def test_an_input_error_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_train(monkeypatch, InputError("a.csv: it rains."))
    assert small_runs.main("train") == small_runs.Done(2, "", "error: a.csv: it rains.\n")


def test_debug_lets_the_error_through(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_train(monkeypatch, InputError("a.csv: it rains."))
    with pytest.raises(InputError):
        small_runs.main("train", "--debug")


def test_a_mistake_of_ours_is_not_passed_off_as_the_user_s(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_train(monkeypatch, KeyError("rules"))
    done = small_runs.main("train")
    assert done.code == 2
    assert done.err.startswith("error: internal error (KeyError: 'rules')")
    assert "This is a defect of mmkeras" in done.err
    assert "Traceback" not in done.err
    with pytest.raises(KeyError):
        small_runs.main("train", "--debug")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError("10 GiB"), "there is not enough memory (10 GiB)"),
        (OSError(28, "No space left on device", "a.npz"), "a.npz: there is no space left on the disk"),
        (RecursionError("maximum recursion depth exceeded"), "a value is nested too deeply"),
    ],
)
def test_what_the_machine_lacks_is_a_sentence(error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_train(monkeypatch, error)
    done = small_runs.main("train")
    assert done.code == 2
    assert done.err == f"error: {reason}. --debug shows where.\n"


def test_ctrl_c_ends_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    replace_train(monkeypatch, KeyboardInterrupt())
    done = small_runs.main("train", "a table.csv", "--text", "标题")
    again = program.call("train", "a table.csv", "--text", "标题")
    assert done == small_runs.Done(130, "", f"interrupted. Start again with: {again}\n")


@pytest.mark.parametrize("flag", ["-q", "--quiet"])
def test_quiet_leaves_the_results(flag: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def train(config: Any, log: Any) -> api.FinishedRun:
        for line in ("a note", "epoch 1/1", "validation accuracy 0.9"):
            log(line)
        return api.FinishedRun(Path("runs/a"))

    monkeypatch.setattr(api, "train", train)
    monkeypatch.chdir(tmp_path)
    small_runs.write_rows(tmp_path / "a.csv", small_runs.news_rows(3))
    loud, quiet = small_runs.main("train", "a.csv"), small_runs.main("train", flag, "a.csv")
    assert small_runs.main(flag, "train", "a.csv") == quiet
    assert loud.lines[:3] == ["a note", "epoch 1/1", "validation accuracy 0.9"]
    assert quiet.lines == ["validation accuracy 0.9", loud.lines[3]]
    assert loud.lines[4].startswith("next: ")


def test_a_text_may_be_called_like_the_flag() -> None:
    assert main.is_quiet(["exported/lm", "-q", "--", "a text"])
    assert not main.is_quiet(["exported/lm", "--", "-q"])
    assert main.without_quiet(["exported/lm", "-q", "--", "-q"]) == ["exported/lm", "--", "-q"]


@pytest.mark.parametrize("words", [["train"], [], ["nosuch"]])
def test_a_reader_that_closes_early_is_no_error(words: list[str], tmp_path: Path) -> None:
    """`mmkeras train --help | head -1`, say."""
    code = f"import sys; from mmkeras.cli import commands, main; commands.run_train = lambda _: print('x' * 10**6) or 0; sys.exit(main.main({words}))"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        env=small_runs.environment(),
        cwd=tmp_path,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_terminal_that_knows_ascii_alone_is_no_error(tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(30))
    code = "import sys, mmkeras.training.train; mmkeras.training.train.fit_and_evaluate = lambda *_: sys.exit(0); from mmkeras.cli.main import main; main(sys.argv[1:])"
    arguments = ["train", str(path), *small_runs.FLAGS, "--output", str(tmp_path / "r")]
    environment = {**small_runs.environment(), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "news text" in done.stdout


@pytest.mark.parametrize("script", ["train", "export"])
def test_the_scripts_are_the_commands(script: str, tmp_path: Path) -> None:
    done = small_runs.process(small_runs.ROOT / f"{script}.py", "nothing-there", cwd=tmp_path)
    with small_runs.working_folder(tmp_path):
        command = small_runs.main(script, "nothing-there")
    assert done.code == command.code == 2
    assert done.err == command.err
    assert "nothing-there" in done.err
    assert not list(tmp_path.iterdir())


def test_progress_reaches_a_pipe_as_it_happens(tmp_path: Path) -> None:
    """`python train.py | tee log` shows the table before the training, not after it."""
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(30))
    code = "import sys, mmkeras.training.train, time; mmkeras.training.train.fit_and_evaluate = lambda *_: time.sleep(60); from mmkeras.cli.main import main; main(sys.argv[1:])"
    environment = small_runs.environment()
    del environment["PYTHONUNBUFFERED"]
    arguments = ["train", str(path), *small_runs.FLAGS, "--output", str(tmp_path / "r")]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, env=environment, cwd=tmp_path
    ) as child:
        assert child.stdout is not None
        os.set_blocking(child.stdout.fileno(), False)
        deadline = small_runs.Deadline(30)
        seen = b""
        while b"(3 classes)" not in seen and deadline.is_ahead() and child.poll() is None:
            seen += child.stdout.read() or b""
        child.kill()
    assert b"(3 classes)" in seen


@pytest.mark.parametrize("n_bytes", [10**6, 2 * 10**10])
def test_a_line_tells_what_large_features_take(n_bytes: int, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "features" / "text").mkdir(parents=True)
    with (tmp_path / "features" / "text" / "column0.npy").open("wb") as file:
        file.truncate(n_bytes)  # takes no room on the disk
    run: Any = SimpleNamespace(folder=tmp_path, report=tmp_path / "report.html")
    assert end_of_training(run, []) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == ["run", *(["features"] if n_bytes > 10**9 else []), "next"]
    assert ("features: 20 GB in " in lines[1]) == (n_bytes > 10**9)
