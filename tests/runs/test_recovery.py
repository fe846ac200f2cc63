"""Trainings of real processes that are killed, or started twice: no run is lost, and none destroys another's."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import small_runs
from report_pages import make_run, some_rows

import mmkeras.training.train
from mmkeras.errors import InputError
from mmkeras.runs.recovery import aside_of, bring_back

# `mmkeras train` whose training lasts until it is killed; with `epoch` as the last word, after a finished epoch
TRAIN = """
import sys, time
import mmkeras.training.train as training
from mmkeras.cli.main import main
def fit(config, source, folder, log):
    (folder / "new.txt").write_text("new")
    if sys.argv[-1] == "epoch":
        (folder / "checkpoint.npz").write_bytes(b"")
    print("training", flush=True)
    time.sleep(60)
training.fit_and_evaluate = fit
sys.exit(main(sys.argv[1:-1]))
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a CSV and `runs/r`, a run that has ended."""
    small_runs.write_rows(tmp_path / "news.csv", small_runs.news_rows(60))
    (tmp_path / "runs").mkdir()
    make_run(tmp_path / "runs/r", some_rows(["a", "b"]), ["a", "b"])
    (tmp_path / "runs/r/old.txt").write_text("old")
    return tmp_path


@contextlib.contextmanager
def training(place: Path, *flags: str, epoch: bool = False, output: str = "runs/r") -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of a training."""
    words = ["train", "news.csv", *small_runs.FLAGS, "--output", output, *flags, "epoch" if epoch else "none"]
    command = [sys.executable, "-c", TRAIN, *words]
    environment = small_runs.environment()
    with subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert any(line == "training\n" for line in child.stdout)
            yield child
        finally:
            child.kill()


def kill(place: Path, *flags: str, epoch: bool = False) -> None:
    with training(place, *flags, epoch=epoch) as child:
        os.kill(child.pid, signal.SIGKILL)


def command(place: Path, *words: str) -> small_runs.Done:
    with small_runs.working_folder(place):
        return small_runs.main(*words)


def names(place: Path) -> list[str]:
    return sorted(os.listdir(place / "runs"))


def test_two_trainings_of_one_name(place: Path) -> None:
    """With the right to overwrite, too: the first goes on, untouched."""
    for output, flags in (("runs/r", ["--overwrite"]), ("runs/new", [])):
        with training(place, *flags, output=output) as child:
            for more in ([], ["--overwrite"], ["--resume"]):
                second = command(place, "train", "news.csv", *small_runs.FLAGS, "--output", output, *more)
                assert second.code == 2
                assert f"{output}: another mmkeras process (pid {child.pid}) is writing it" in second.err
            for reader in (["export", output], ["predict", output, "news.csv"]):
                if output == "runs/r":
                    assert f"pid {child.pid}" in command(place, *reader).err
            assert child.poll() is None
            assert (place / output / "new.txt").exists()


@pytest.mark.parametrize(
    "reader", [["export", "runs/r"], ["predict", "runs/r", "news.csv"], ["generate", "runs/r", "a"]]
)
def test_a_run_set_aside_by_a_killed_overwrite_comes_back(reader: list[str], place: Path) -> None:
    kill(place, "--overwrite")
    assert not (place / "runs/r/old.txt").exists()
    done = command(place, *reader)
    assert "runs/r: an interrupted --overwrite had set this run aside; it is back" in done.lines
    assert (place / "runs/r/old.txt").read_text() == "old"
    assert names(place) == ["r"]


def test_a_new_run_with_an_epoch_is_kept_beside(place: Path) -> None:
    for number in ("", "-2"):
        kill(place, "--overwrite", epoch=True)
        done = command(place, "train", "news.csv", *small_runs.FLAGS, "--output", "runs/r")
        assert done.code == 2
        assert "already holds a run" in done.err
        resume = f"mmkeras train --resume --output runs/r.interrupted{number}"
        assert "it is back. The new run goes on with: " in done.out
        assert f"{resume}\n" in done.out
        assert (place / f"runs/r.interrupted{number}/new.txt").exists()
        assert (place / "runs/r/old.txt").exists()
    with training(place, "--resume", output="runs/r.interrupted"):
        pass


def test_resume_goes_on_with_the_new_run(place: Path) -> None:
    kill(place, "--overwrite", epoch=True)
    with training(place, "--resume"):
        assert (place / "runs/r/new.txt").exists()
        assert (place / "runs/.r.replaced/old.txt").exists()
    assert command(place, "export", "runs/r").out.startswith(
        "runs/r: an interrupted --overwrite had set this run aside"
    )
    assert (place / "runs/r/old.txt").exists()


def test_overwritten_twice(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run that is finished stays until another one is."""
    kill(place, "--overwrite")
    kill(place, "--overwrite", epoch=True)
    assert (place / "runs/.r.replaced/old.txt").exists()

    def refused(*_: Any) -> None:
        raise InputError("v.txt: damaged")

    monkeypatch.setattr(mmkeras.training.train, "fit_and_evaluate", refused)
    words = ["train", "news.csv", *small_runs.FLAGS, "--output", "runs/r", "--overwrite"]
    assert command(place, *words).code == 2
    assert names(place) == ["r"]
    assert (place / "runs/r/old.txt").exists()


def test_killed_when_the_old_run_was_set_aside_alone(place: Path) -> None:
    (place / "runs/r").rename(place / "runs/.r.replaced")
    done = command(place, "train", "--resume", "--output", "runs/r")
    assert "this run has ended" in done.err
    assert (place / "runs/r/old.txt").exists()


def test_killed_when_the_new_run_was_finished(place: Path) -> None:
    """The new one counts."""
    (place / "runs/r").rename(place / "runs/.r.replaced")
    make_run(place / "runs/r", some_rows(["a", "b"]), ["a", "b"])
    bring_back(place / "runs/r", lambda line: pytest.fail(line))
    assert names(place) == ["r"]
    assert not (place / "runs/r/old.txt").exists()


@pytest.mark.parametrize("what", ["folder", "link", "file"])
def test_what_is_no_run_is_not_deleted_in_its_place(what: str, place: Path) -> None:
    aside = aside_of(place / "runs/r")
    match what:
        case "folder":
            aside.mkdir()
            (aside / "mine.txt").write_text("mine")
        case "link":
            aside.symlink_to(place)
        case "file":
            aside.write_text("mine")
    done = command(place, "train", "news.csv", *small_runs.FLAGS, "--output", "runs/r", "--overwrite")
    assert done.code == 2
    assert ".r.replaced: it is no run" in done.err
    assert (place / "runs/r/old.txt").exists()
    assert os.path.lexists(aside)


@pytest.mark.parametrize("flags", [[], ["--overwrite"], ["--resume"]])
def test_the_run_s_folder_is_no_link_or_device(flags: list[str], place: Path) -> None:
    (place / "runs/link").symlink_to("r")
    os.mkfifo(place / "runs/fifo")
    for name in ("runs/link", "runs/fifo", "/dev/null"):
        done = command(place, "train", "news.csv", *small_runs.FLAGS, "--output", name, *flags)
        assert done.code == 2
        assert "symbolic link (to r)" in done.err or "which is never replaced" in done.err
    assert (place / "runs/r/old.txt").exists()
    assert names(place) == ["fifo", "link", "r"]


def test_a_run_with_links_inside_is_not_resumed(place: Path) -> None:
    """It may be another person's: what is written again would go through them."""
    kill(place, "--overwrite", epoch=True)
    (place / "mine.csv").write_text("mine")
    (place / "runs/r/history.csv").symlink_to(place / "mine.csv")
    done = command(place, "train", "--resume", "--output", "runs/r")
    assert done.code == 2
    assert "history.csv: it is a symbolic link" in done.err
    assert (place / "mine.csv").read_text() == "mine"


def test_the_current_folder_is_not_replaced(place: Path) -> None:
    with small_runs.working_folder(place / "runs/r"):
        done = small_runs.main("train", "../../news.csv", *small_runs.FLAGS, "--output", ".", "--overwrite")
    assert done.code == 2
    assert "would replace the current folder" in done.err
    assert (place / "runs/r/old.txt").exists()
