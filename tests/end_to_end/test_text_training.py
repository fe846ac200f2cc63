"""Trainings of models that write: what they learn from, what they refuse, and how they go on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import small_runs
from small_texts import SMALL, make, proof, write_lines

# translation


def test_too_few_different_inputs_are_said(tmp_path: Path) -> None:
    rows = [{"en": f"text {k % 2}", "de": f"x{k}"} for k in range(20)]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    flags = ("--task", "generate", "--text", "en", "--target", "de", "--test-size", "0.6")
    done = small_runs.main("train", path, *flags, "--output", tmp_path / "run")
    assert done.code == 2
    assert "2 different inputs" in done.err


@pytest.mark.slow
def test_empty_targets_are_bad_rows_and_short_ones_are_learned(tmp_path: Path) -> None:
    rows = [{"en": f"word{k} here", "de": "" if k == 7 else f"x{k % 3}"} for k in range(40)]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    flags = ("--task", "generate", "--text", "en", "--target", "de", "--pieces", "word", "--epochs", "1", *SMALL)
    done = small_runs.main("train", path, *flags, "--output", tmp_path / "run")
    assert done.code == 0, done.err
    (bad,) = small_runs.read_csv(tmp_path / "run" / "bad_rows.csv")
    assert bad["reason"] == "the target is empty"


@pytest.mark.slow
def test_the_report_says_what_each_column_is_worth(tmp_path: Path) -> None:
    # the mood comes from the text, the thing from the category: neither is enough
    moods, things = ("good", "bad"), ("lamp", "tent", "clock")
    rows = [
        {"note": f"it is {m} {k}", "thing": t, "reply": f"{m} {t}"} for k in range(30) for m in moods for t in things
    ]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    columns = ("--task", "generate", "--text", "note", "--category", "thing", "--target", "reply", "--pieces", "word")
    flags = (*columns, "--epochs", "15", "--learning-rate", "0.005", "--tensorboard", *SMALL)
    done = small_runs.main("train", path, *flags, "--output", tmp_path / "run")
    assert done.code == 0, done.err
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    exact = {"+".join(row["present"]): row["exact"] for row in figures["missing"]}
    assert set(exact) == {"text", "category", "text+category"}
    assert exact["text+category"] > 0.9
    assert exact["text"] < 0.7
    assert exact["category"] < 0.8
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "The most valuable is" in page
    assert "exact texts" in page
    assert list((tmp_path / "run" / "tensorboard").iterdir())


# language models


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flags", "epochs", "cut"),
    [
        (("--decay", "cosine"), 4, 2),
        # a rate so high that an epoch brings nothing, before the cut and behind it
        (("--decay", "stall", "--learning-rate", "200"), 6, 4),
    ],
)
def test_an_interrupted_training_ends_as_if_it_had_not_been(
    flags: tuple[str, ...], epochs: int, cut: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mmkeras.training.epoch_lines import EpochLines

    flags = ("--task", "language_model", "--text-file", str(write_lines(tmp_path / "t.txt", 120)), *flags)
    flags = (*flags, *SMALL[:4], "--batch-size", "4", "--dropout", "0.2", "--epochs", str(epochs))
    assert small_runs.main("train", *flags, "--output", tmp_path / "whole").code == 0
    kept = EpochLines.on_epoch_begin

    def killed(self: EpochLines, epoch: int, logs: object = None) -> None:
        if epoch == cut:
            raise KeyboardInterrupt
        kept(self, epoch, logs)

    monkeypatch.setattr(EpochLines, "on_epoch_begin", killed)
    assert small_runs.main("train", *flags, "--output", tmp_path / "cut").code == 130
    monkeypatch.undo()
    again = small_runs.main("train", "--resume", "--output", tmp_path / "cut")
    assert again.code == 0, again.err
    whole, resumed = (
        [{key: value for key, value in row.items() if key != "seconds"} for row in small_runs.read_csv(path)]
        for path in (tmp_path / "whole" / "history.csv", tmp_path / "cut" / "history.csv")
    )
    assert whole == resumed, "every loss, and what has become of the rate"
    perplexities = [
        json.loads((tmp_path / name / "metrics.json").read_text())["validation"]["perplexity"]
        for name in ("whole", "cut")
    ]
    assert perplexities[0] == perplexities[1]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["byte", "subword"])
def test_a_text_column_of_a_table_in_bytes_and_subwords(kind: str, tmp_path: Path) -> None:
    lines = write_lines(tmp_path / "t.txt", 150).read_text(encoding="utf-8").splitlines()
    rows = [{"id": str(k), "body": "" if k == 5 else line} for k, line in enumerate(lines)]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    flags = ("--task", "language_model", "--text", "body", "--pieces", kind, "--no-tie", "--decay", "stall")
    sizes = ("--cell", "gru", "--epochs", "3", *SMALL[:4], "--steps", "20", "--batch-size", "4", "--vocabulary", "320")
    made = make(tmp_path, "lm", path, *flags, *sizes)
    assert "119 lines to learn from, 30 held out" in made.said, "149 that are not empty"
    assert all(found["passed"] for found in proof(made).values())
    served = proof(made)["savedmodel"]["served"]
    assert served["texts_identical"]  # type: ignore[index]
    assert served["rows"] == 33, "beginnings of sixteen lines, those in pieces, and nothing"  # type: ignore[index]
    assert "log P = " in small_runs.main("score", made.exported, "the dog").out


@pytest.mark.slow
def test_a_short_text_is_measured_by_and_not_learned(tmp_path: Path) -> None:
    """Few held-out lines are read as one text, whatever --batch-size is; of too few to learn, it is said which."""
    text, short = write_lines(tmp_path / "t.txt", 120), write_lines(tmp_path / "s.txt", 1)
    flags = ("train", "--task", "language_model", *SMALL[:4], "--epochs", "1", "--output", tmp_path / "r")
    done = small_runs.main(*flags, "--text-file", text, "--validation", short)
    assert done.code == 0, done.err
    (epoch,) = small_runs.read_csv(tmp_path / "r" / "history.csv")
    measured = json.loads((tmp_path / "r" / "metrics.json").read_text(encoding="utf-8"))["validation"]
    assert float(epoch["val_loss"]) == pytest.approx(measured["nats_a_piece"], rel=1e-4)
    done = small_runs.main(*flags, "--overwrite", "--text-file", short, "--validation", text)
    assert done.code == 2
    assert done.err.startswith(f"error: {short}: ")
    assert "Give more text, or --batch-size" in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "there is no such text file"), (b"", "received none"), (b"a b\n\xff\xfe\n", "line 2: expected UTF-8")],
)
def test_text_files_that_cannot_be_used(text: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    if text is not None:
        path.write_bytes(text)
    done = small_runs.main("train", "--task", "language_model", "--text-file", path, "--output", tmp_path / "run")
    assert done.code == 2
    assert said in done.err
    assert not (tmp_path / "run").exists()
