"""`mmkeras ablate`: which trainings there are, what is done again, and what is written."""

from __future__ import annotations

import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import small_runs

from mmkeras import cli
from mmkeras.ablation import Ablate, Trial, all_trials, as_table, open_ablation
from mmkeras.config import Config
from mmkeras.errors import InputError

GROUPS = {"text": ("title", "body"), "image": ("photo",), "number": ("price",)}


def trials(**options: Any) -> list[Trial]:
    return list(all_trials(Ablate(**options), GROUPS))


def test_every_fusion_on_every_subset_with_every_seed() -> None:
    found = trials(seeds=2, seed=7)
    assert len({trial.name for trial in found}) == len(found)
    subsets = {trial.modalities for trial in found}
    assert len(subsets) == 2**3 - 1
    whole = [trial for trial in found if len(trial.modalities) == 3]
    assert {(t.fusion, t.seed) for t in whole} == {
        (f, s) for f in ("attention", "concat", "sum", "decision") for s in (7, 8)
    }
    assert whole[0].columns == ("title", "body", "photo", "price")


def test_a_single_column_has_nothing_to_fuse() -> None:
    found = trials(seeds=1)
    assert [t.fusion for t in found if t.modalities == ("image",)] == [None]
    assert len([t for t in found if t.modalities == ("text",)]) == 4  # two columns


def test_subsets_are_chosen_by_name_in_any_order() -> None:
    found = trials(seeds=1, fusions=("sum",), subsets=("image+text", "number"))
    assert [t.modalities for t in found] == [("text", "image"), ("number",)]
    with pytest.raises(InputError, match=r"--subsets video: expected names joined by \+, out of text, image, number"):
        trials(subsets=("video",))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--fusions", "product"), "unknown product. Expected: attention, concat, sum, decision"),
        (("--seeds", "0"), "--seeds 0: expected 1 or more"),
        (("--fusion", "sum"), "--fusion: leave it out"),
    ],
)
def test_what_cannot_be_compared_is_said(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", small_runs.news_rows(40))
    done = small_runs.main("ablate", path, *options)
    assert (done.code, words in done.err) == (2, True), done.err


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to_mother.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(InputError, match="is not empty and is no ablation"):
        open_ablation(Ablate(output=str(tmp_path / "letters")))


def test_the_table_has_a_row_a_subset_and_a_column_a_fusion() -> None:
    rows = [
        {"fusion": None, "modalities": ["text"], "columns": ["t"], "scores": [0.5, 0.7]},
        {"fusion": "sum", "modalities": ["text", "image"], "columns": ["t", "i"], "scores": [0.8, 0.8]},
        {"fusion": "concat", "modalities": ["text", "image"], "columns": ["t", "i"], "scores": [0.9]},
    ]
    lines = [line.split() for line in as_table({"score_name": "accuracy", "rows": rows}).splitlines()]
    assert lines[0] == ["accuracy", "alone", "sum", "concat"]
    assert lines[1] == ["text", "0.6000", "±", "0.1414"]
    assert lines[2] == ["text+image", "0.8000", "±", "0.0000", "0.9000"]


@pytest.mark.slow
def test_an_ablation_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{**row, "size": str(k % 7), "topic": row["topic"]} for k, row in enumerate(small_runs.news_rows(60))]
    path = small_runs.write_rows(tmp_path / "rows.csv", rows)
    flags = ("--text", "news text", "--number", "size", "--target", "topic", "--width", "16", "--max-bytes", "96")
    command = ("ablate", path, *flags, "--epochs", "1", "--seeds", "1", "--fusions", "concat", "sum")
    with small_runs.working_folder(tmp_path):
        done = small_runs.main(*command)
        assert done.code == 0, done.err
        folder = tmp_path / "runs" / "rows-ablation"
        result = json.loads((folder / "ablation.json").read_text(encoding="utf-8"))
        assert [(r["fusion"], r["modalities"]) for r in result["rows"]] == [
            (None, ["text"]),
            (None, ["number"]),
            ("concat", ["text", "number"]),
            ("sum", ["text", "number"]),
        ]
        with (folder / "ablation.csv").open(encoding="utf-8") as file:
            assert [row["fusion"] for row in csv.DictReader(file)] == ["", "", "concat", "sum"]
        page = (folder / "ablation.html").read_text(encoding="utf-8")
        assert "<svg" in page
        assert "concat" in page
        monkeypatch.setattr("mmkeras.training.train", lambda *_, **__: pytest.fail("it was trained again"))
        again = small_runs.main(*command)
        assert again.code == 0, again.err
        assert json.loads((folder / "ablation.json").read_text(encoding="utf-8")) == result


def test_the_example_brings_its_own_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "multimodal").mkdir(parents=True)
    (tmp_path / "data" / "multimodal" / "multimodal.csv").write_text("made before", encoding="utf-8")
    config = cli.with_example(Config(example="multimodal", epochs=3))
    assert (config.example, config.text, config.image, config.target) == (None, ("note",), ("photo",), ("label",))
    assert config.epochs == 3
    with pytest.raises(InputError, match="it brings its own data; leave out other.csv"):
        cli.with_example(dataclasses.replace(config, csv="other.csv", example="multimodal"))
