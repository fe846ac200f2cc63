"""A training goes on from a finished run with new rows; runs are compared on rows that none was trained on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import small_runs

import mmkeras
import mmkeras.training.train
from mmkeras.runs.row_digests import RowDigests

FLAGS = ("--epochs", "2", "--batch-size", "16")
TEXT = small_runs.COLUMNS[1]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with old.csv, new.csv and the runs `old`, and `new`, which went on from it while `old` was there."""
    folder = tmp_path_factory.mktemp("continue")
    small_runs.write_rows(folder / "old.csv", small_runs.news_rows(240))
    rows = [{**row, "extra": "x"} for row in small_runs.news_rows(360, seed=1)[240:]]
    small_runs.write_rows(folder / "new.csv", rows)
    with small_runs.working_folder(folder):
        done = small_runs.main("train", "old.csv", *small_runs.ONE_COLUMN, *FLAGS, "--output", "old")
        assert done.code == 0, done.err
        done = small_runs.main("train", "new.csv", "--continue-from", "old", "--output", "new", *FLAGS, "--no-fold")
        assert done.code == 0, done.err
        (folder / "new.txt").write_text(done.out, encoding="utf-8")
        yield folder


def refused(*arguments: str) -> str:
    """The sentence with which a training that goes on from `old` is refused."""
    done = small_runs.main("train", *arguments, "--continue-from", "old", "--output", "other")
    assert done.code == 2
    assert not Path("other").exists()
    return done.err


def test_the_new_run_has_the_old_run_s_columns_labels_and_weights(place: Path) -> None:
    printed = (place / "new.txt").read_text(encoding="utf-8")
    assert "Left out, since the run old does not know them: 'id', '标题', 'extra'." in printed
    assert "going on from old: val_accuracy" in printed
    assert "tokens are unknown, and stay so" in printed
    assert "learning rate 0.04, 0.5 of a new model's" in printed
    old, new = (json.loads((place / name / "schema.json").read_text(encoding="utf-8")) for name in ("old", "new"))
    assert new["inputs"] == old["inputs"]
    assert new["targets"] == old["targets"]
    name = new["inputs"][0]["name"]
    assert (place / f"new/state/{name}.npz").read_bytes() == (place / f"old/state/{name}.npz").read_bytes()
    config = json.loads((place / "new/config.json").read_text(encoding="utf-8"))
    assert (config["max_bytes"], config["continue_from"]) == (small_runs.MAX_BYTES, "old")
    record = json.loads((place / "new/environment.json").read_text(encoding="utf-8"))["continued_from"]
    assert record["folder"] == "old"
    assert "went on from the run <code>old</code>" in (place / "new/report.html").read_text(encoding="utf-8")
    assert not (place / "new/continued_from").exists()


def test_rows_that_the_old_run_was_trained_on_are_remembered(place: Path) -> None:
    old, new = RowDigests.load(place / "old"), RowDigests.load(place / "new")
    assert old is not None
    assert new is not None
    assert {*new.earlier} == {*old.train, *old.held_out}, "the old run was folded"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--width", "64"], "--width 64: the run old was trained with its default, and its weights go on"),
        (["--task", "regress"], "--task regress: the run old was trained with classify"),
        (["--target", "id"], f"--target id: the training goes on from old, which predicts {small_runs.TARGET}"),
        (["--category", TEXT], "which reads this column as text"),
        (["--number", "id"], "which has no such input"),
    ],
)
def test_flags_that_contradict_the_old_run_are_refused(arguments: list[str], words: str, place: Path) -> None:
    assert words in refused("new.csv", *arguments)


def test_new_labels_and_absent_columns_are_refused(place: Path) -> None:
    frame = pd.read_csv(place / "new.csv", dtype=str, keep_default_na=False)
    frame.loc[[3, 5], small_runs.TARGET] = ["weather", "stocks"]
    frame.to_csv(place / "labels.csv", index=False)
    message = refused("labels.csv")
    assert "does not know the classes 'stocks', 'weather' (2 of 120 rows" in message
    assert ": 'weather'" in message
    assert "without --continue-from" in message
    frame.drop(columns=TEXT).to_csv(place / "columns.csv", index=False)
    assert f"the input column {TEXT!r} is not in the file" in refused("columns.csv")


def test_a_run_is_not_replaced_by_one_that_goes_on_from_it(place: Path) -> None:
    done = small_runs.main("train", "new.csv", "--continue-from", "old", "--output", "old", "--overwrite")
    assert done.code == 2
    assert "which the new run would replace" in done.err
    done = small_runs.main("ablate", "new.csv", "--continue-from", "old")
    assert done.code == 2
    assert "--continue-from: leave it out" in done.err


def test_rows_that_the_old_run_knows_are_not_held_out(place: Path) -> None:
    """A user adds rows to the same file."""
    both = pd.concat([pd.read_csv(place / name, dtype=str, keep_default_na=False) for name in ("old.csv", "new.csv")])
    both.fillna("").to_csv(place / "both.csv", index=False)
    stopped = small_runs.main("train", "old.csv", "--continue-from", "old", "--output", "again")
    assert "was trained on all rows that would be held out" in stopped.err
    done = small_runs.main("train", "both.csv", "--continue-from", "old", "--output", "both", "--epochs", "1")
    assert done.code == 0, done.err
    assert "held-out rows were training rows of old: they are learned again, and not held out." in done.out
    digests, old = RowDigests.load(place / "both"), RowDigests.load(place / "old")
    assert digests is not None
    assert old is not None
    assert not np.isin(digests.held_out, [*old.train, *old.held_out]).any()


def test_interrupted_and_resumed_without_the_old_run(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(place / "old", place / "gone")

    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    # before the run is finished: a checkpoint of its last epoch is there
    with monkeypatch.context() as patch:
        patch.setattr(mmkeras.training.train, "finish", interrupt)
        arguments = ("train", "new.csv", "--continue-from", "gone", "--output", "resumed", *FLAGS, "--no-fold")
        assert small_runs.main(*arguments).code == 130
    shutil.rmtree(place / "gone")
    done = small_runs.main("train", "--resume", "--output", "resumed")
    assert done.code == 0, done.err
    assert "resuming after 2 of 2 epochs" in done.out
    assert (place / "resumed/validation.csv").read_bytes() == (place / "new/validation.csv").read_bytes()


def test_the_old_run_is_no_more_needed(place: Path) -> None:
    (place / "old").rename(place / "moved")
    try:
        exported = mmkeras.export("new", formats=["tflite"], log=lambda line: None)
    finally:
        (place / "moved").rename(place / "old")
    assert exported.passed
    assert "went on from the run `old`" in (exported.folder / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_compared_on_rows_that_no_run_has_learned(place: Path) -> None:
    """`old` was folded, and `new` has learned its held-out rows: those of `new` are left."""
    lines: list[str] = []
    compared = mmkeras.compare(["old", "new"], log=lines.append)
    held_out = pd.read_csv(place / "new/validation.csv", dtype=str)
    assert compared.n == len(held_out)
    assert "0 held-out rows of old are left" in lines[0]
    frame = compared.frame
    metrics = json.loads((place / "new/metrics.json").read_text(encoding="utf-8"))
    assert frame.accuracy[1] == pytest.approx(metrics["validation"]["accuracy"])
    assert frame.macro_f1[1] == pytest.approx(metrics["validation"]["macro_f1"])
    after = metrics["calibration"]["after"]
    assert frame.negative_log_likelihood[1] == pytest.approx(after["negative_log_likelihood"], abs=1e-5)
    assert frame.expected_calibration_error[1] == pytest.approx(after["expected_calibration_error"], abs=1e-5)
    assert (frame.accuracy_low <= frame.accuracy).all()
    assert (frame.accuracy <= frame.accuracy_high).all()
    assert frame.accuracy_difference[1] == pytest.approx(frame.accuracy[1] - frame.accuracy[0])
    assert "<table>" in compared._repr_html_()
    assert str(mmkeras.compare(["old", "new"], log=lines.append)) == str(compared)


def test_compared_on_a_file_and_written(place: Path) -> None:
    """Rows of the file that a run was trained on do not count; its held-out rows have the answers from before."""
    done = small_runs.main("compare", "new", "old", "--csv", "new.csv", "--output", "figures.csv")
    assert done.code == 0, done.err
    held_out = len(pd.read_csv(place / "new/validation.csv", dtype=str))
    assert f"{held_out} rows of new.csv" in done.out
    assert "rows were trained on by new: left out." in done.out
    frame = pd.read_csv(place / "figures.csv")
    assert frame.run.tolist() == ["new", "old"]
    assert frame.rows.tolist() == [held_out, held_out]
    again = small_runs.main("compare", "new", "old", "--csv", "new.csv", "--output", "figures.csv")
    assert again.code == 2
    assert "--overwrite" in again.err


def test_what_cannot_be_compared_is_told(place: Path, run: small_runs.SmallRun) -> None:
    assert "at least two runs" in small_runs.main("compare", "old").err
    assert "named twice" in small_runs.main("compare", "old", "./old").err
    assert "does not say which rows" in small_runs.main("compare", "old", run.exported).err
    assert "expected a run folder" in small_runs.main("compare", "old", "nothing").err
    few = small_runs.main("compare", "old", "new", "--csv", "old.csv").err
    assert "are left that no run was trained on; at least 10 are needed" in few
    assert "--csv" in few


@pytest.mark.slow
def test_a_language_model_goes_on_and_is_compared(tmp_path: Path) -> None:
    texts = [row[TEXT].replace("\n", " ") for row in small_runs.news_rows(400)]
    (tmp_path / "old.txt").write_text("\n".join(texts[:200]), encoding="utf-8")
    (tmp_path / "new.txt").write_text("\n".join(texts[200:]), encoding="utf-8")
    flags: dict[str, Any] = {"epochs": 1, "batch_size": 4, "log": lambda line: None}
    with small_runs.working_folder(tmp_path):
        old = mmkeras.train(text_file="old.txt", task="language_model", width=16, output="old", **flags)
        lines: list[str] = []
        flags["log"] = lines.append
        new = mmkeras.train(text_file="new.txt", continue_from=old, output="new", **flags)
        compared = mmkeras.compare([old, new], log=lines.append)
        other = mmkeras.compare([new, old], csv="new.txt", log=lines.append)
    assert any("of the new lines' tokens are unknown, and stay so" in line for line in lines)
    assert (tmp_path / "old/state/pieces.json").read_bytes() == (tmp_path / "new/state/pieces.json").read_bytes()
    assert compared.score == "perplexity"
    assert compared.n == 40
    assert other.n == 40, "the training lines of the new run are left out"
