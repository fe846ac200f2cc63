"""The same seed gives the same weights, and a killed training resumed ends where an uninterrupted one does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import small_runs
from same_runs import check_same

import mmkeras.training.train

ROWS = 300
# one row a step, so that an epoch lasts long enough to be killed in the middle of
FLAGS = (*small_runs.ONE_COLUMN, "--epochs", "2", "--batch-size", "1")


def resume(cwd: Path, name: str) -> small_runs.Done:
    """`mmkeras train --resume`, which needs nothing but the run's name."""
    with small_runs.working_folder(cwd):
        done = small_runs.main("train", "--resume", "--output", name)
    assert done.code == 0, done.err
    return done


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the CSV and `whole`, a run that was never interrupted."""
    folder = tmp_path_factory.mktemp("resume")
    small_runs.write_rows(folder / "news.csv", small_runs.news_rows(ROWS))
    with small_runs.working_folder(folder):
        done = small_runs.main("train", "news.csv", *FLAGS, "--output", "whole")
    assert done.code == 0, done.err
    return folder


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_bit_for_bit(whole: Path) -> None:
    """In a separate process, where nothing else has used Keras before."""
    done = small_runs.process("-m", "mmkeras.cli.main", "train", "news.csv", *FLAGS, "--output", "again", cwd=whole)
    assert done.code == 0, done.err
    assert done.err == "", "no library's messages reach the screen"
    check_same(whole / "whole", whole / "again")


@pytest.mark.slow
def test_killed_in_the_middle_of_an_epoch_and_resumed(whole: Path) -> None:
    command = [sys.executable, "-m", "mmkeras.cli.main", "train", "news.csv", *FLAGS, "--output", "killed"]
    environment = small_runs.environment()
    with subprocess.Popen(command, cwd=whole, env=environment, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith(b"epoch 1/2"):
                break
        deadline = small_runs.Deadline(60)
        while not (whole / "killed/checkpoint.npz").exists() and deadline.is_ahead():
            pass
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        assert b"epoch 2/2" not in child.stdout.read(), "too late to be in the middle of the second epoch"
    assert child.returncode == -signal.SIGKILL
    assert not (whole / "killed/metrics.json").exists()
    with small_runs.working_folder(whole):
        refused = small_runs.main("export", "killed")
    assert refused.code == 2
    assert "--resume" in refused.err
    done = resume(whole, "killed")
    assert "resuming after 1 of 2 epochs" in done.out
    assert [line[:9] for line in done.lines if line.startswith("epoch ")] == ["epoch 2/2"]
    check_same(whole / "whole", whole / "killed")
    assert not (whole / "killed/checkpoint.npz").exists()
    assert (whole / "killed/config.json").read_text().replace('"killed"', '"whole"') == (
        whole / "whole/config.json"
    ).read_text()


@pytest.mark.slow
def test_killed_before_the_first_epoch(whole: Path) -> None:
    """There is no checkpoint yet, and the column's state is half-written."""
    folder = whole / "early"
    shutil.copytree(whole / "whole", folder)
    for name in ("metrics.json", "model.keras", "history.csv", "validation.csv", "report.html", "schema.json"):
        (folder / name).unlink()
    (folder / "state/news_text.npz").write_bytes(b"PK")
    done = resume(whole, "early")
    assert "epoch 1/2" in done.out
    check_same(whole / "whole", folder)


@pytest.mark.slow
def test_killed_while_it_learns_the_held_out_rows(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last epoch, before the model is saved."""

    def killed(*_: Any) -> bool:
        raise KeyboardInterrupt

    with small_runs.working_folder(whole), monkeypatch.context() as patched:
        patched.setattr("mmkeras.tasks.prediction.heads.retrain", killed)
        assert small_runs.main("train", "news.csv", *FLAGS, "--output", "late").code == 130
    assert not (whole / "late/metrics.json").exists()
    done = resume(whole, "late")
    assert "resuming after 2 of 2 epochs" in done.out
    check_same(whole / "whole", whole / "late")


@pytest.fixture
def interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a CSV and `r`, a run interrupted before TensorFlow was needed."""

    def fit(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(mmkeras.training.train, "fit_and_evaluate", fit)
    small_runs.write_rows(tmp_path / "news.csv", small_runs.news_rows(60))
    small_runs.write_rows(tmp_path / "dev.csv", small_runs.news_rows(30, seed=1))
    assert train(tmp_path, "news.csv", *small_runs.ONE_COLUMN, "--validation", "dev.csv", "--epochs", "5").code == 130
    return tmp_path


def train(folder: Path, *arguments: str) -> small_runs.Done:
    with small_runs.working_folder(folder):
        return small_runs.main("train", *arguments, "--output", "r")


def check_refused(folder: Path, done: small_runs.Done, *expected: str) -> None:
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1
    for part in expected:
        assert part in done.err
    assert train(folder, "--resume").code == (130 if (folder / "news.csv").exists() else 2), "it can still be resumed"


def test_an_interrupted_run_can_be_resumed(interrupted: Path) -> None:
    assert train(interrupted, "--resume").code == 130
    assert train(interrupted, "news.csv", "--resume", "--epochs", "5", "--target", small_runs.TARGET).code == 130


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["--epochs", "6"], ["--epochs 6", "began with 5"]),
        (["--seed", "1"], ["--seed 1", "began with 42"]),
        (["--text", "标题"], ["--text", "began with"]),
        (["--model", "mlp"], ["--model mlp", "began with wide_deep"]),
        (["--validation", "news.csv"], ["--validation news.csv", "began with dev.csv"]),
        (["dev.csv"], ["dev.csv", "began with", "news.csv"]),
        (["--overwrite"], ["--overwrite and --resume contradict"]),
    ],
)
def test_a_flag_cannot_change(flags: list[str], expected: list[str], interrupted: Path) -> None:
    check_refused(interrupted, train(interrupted, *flags, "--resume"), *expected)


@pytest.mark.parametrize("name", ["news.csv", "dev.csv"])
def test_the_rows_cannot_change(name: str, interrupted: Path) -> None:
    """Resumed on other rows, the training would end with weights that no training of one file has."""
    path = interrupted / name
    content = path.read_bytes()
    path.write_bytes(content.replace(b"tea", b"TEA", 1))
    assert path.read_bytes() != content
    done = train(interrupted, "--resume")
    path.write_bytes(content)
    check_refused(interrupted, done, name, "has changed", "--overwrite")


def test_a_file_that_is_gone_is_named(interrupted: Path) -> None:
    (interrupted / "news.csv").rename(interrupted / "moved.csv")
    done = train(interrupted, "--resume")
    (interrupted / "moved.csv").rename(interrupted / "news.csv")
    check_refused(interrupted, done, "news.csv", "gone")


def test_nothing_to_resume(tmp_path: Path) -> None:
    small_runs.write_rows(tmp_path / "news.csv", small_runs.news_rows(30))
    done = train(tmp_path, "news.csv", "--resume")
    assert done.code == 2
    assert "no run to resume" in done.err
    assert not (tmp_path / "r").exists()


@pytest.mark.slow
def test_an_ended_run_is_not_resumed(whole: Path) -> None:
    before = {p: p.read_bytes() for p in (whole / "whole").rglob("*") if p.is_file()}
    with small_runs.working_folder(whole):
        done = small_runs.main("train", "--resume", "--output", "whole")
    assert done.code == 2
    assert "has ended" in done.err
    assert "mmkeras export whole" in done.err
    assert {p: p.read_bytes() for p in (whole / "whole").rglob("*") if p.is_file()} == before


def test_a_damaged_environment_is_a_sentence(interrupted: Path) -> None:
    (interrupted / "r/environment.json").write_text('{"sha')
    done = train(interrupted, "--resume")
    assert done.code == 2
    assert done.err.startswith("error: r/environment.json")
