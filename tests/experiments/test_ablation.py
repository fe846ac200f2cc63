"""`mmkeras ablate`: which trainings there are, on which rows, what is done again, and what is written."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import small_mixtures
import small_runs

from mmkeras.cli import main as cli
from mmkeras.config.config import Config
from mmkeras.config.json_file import config_to_json
from mmkeras.data.table import read_table
from mmkeras.errors import InputError
from mmkeras.experiments.ablation import ablate, open_ablation
from mmkeras.experiments.fingerprint import QUESTION, TRIAL
from mmkeras.experiments.options import Ablate
from mmkeras.experiments.results import as_table
from mmkeras.experiments.shared_rows import HELD_OUT, TRAIN
from mmkeras.runs.run import FINISHED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--fusions", "product"), "unknown product. Expected: attention, concat, sum, decision"),
        (("--seeds", "0"), "--seeds 0: expected 1 or more"),
        (("--fusion", "sum"), "--fusion: leave it out"),
        (("--model", "mlp"), "--model mlp: ablate trains the multimodal model"),
    ],
)
def test_comparisons_that_are_impossible_are_refused(options: tuple[str, ...], words: str, tmp_path: Path) -> None:
    path = small_runs.write_rows(tmp_path / "rows.csv", small_runs.news_rows(40))
    done = small_runs.main("ablate", path, *options)
    assert (done.code, words in done.err) == (2, True), done.err


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "to_mother.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(InputError, match="is not empty and is no ablation"):
        open_ablation(Ablate.of(output=str(tmp_path / "letters")))
    with pytest.raises(InputError, match="lies in it, and could be replaced"):
        open_ablation(Ablate.of(csv=str(tmp_path / "letters" / TRAIN), output=str(tmp_path / "letters")))


def test_the_table_has_a_row_a_subset_and_a_column_a_fusion() -> None:
    rows = [
        {"fusion": None, "modalities": ["text"], "columns": ["t"], "scores": [0.5, 0.7], "rows": 9},
        {"fusion": None, "modalities": ["image"], "columns": ["i"], "scores": [], "rows": None, "failed": ["no row"]},
        {"fusion": "sum", "modalities": ["text", "image"], "columns": ["t", "i"], "scores": [0.8, 0.8], "rows": 10},
        {"fusion": "concat", "modalities": ["text", "image"], "columns": ["t", "i"], "scores": [0.9], "rows": 10},
    ]
    lines = [line.split() for line in as_table({"score_name": "accuracy", "rows": rows}).splitlines()]
    assert lines[0] == ["accuracy", "alone", "sum", "concat", "rows"]
    assert lines[1] == ["text", "0.6000", "±", "0.1414", "9"]
    assert lines[2] == ["image"]
    assert lines[3] == ["text+image", "0.8000", "±", "0.0000", "0.9000", "10"]


# what happens around the trainings, without them


class Trained:
    """Stands in for `train`: notes each Config, writes what a training leaves, fails where `failing` is true."""

    def __init__(self, failing: Callable[[Config], bool] = lambda config: False) -> None:
        self.configs: list[Config] = []
        self.failing = failing
        self.seconds = 2.0  # that each is said to take at most

    def __call__(self, config: Config, log: Callable[[str], None]) -> Path:
        table = read_table(config.data, config.model.task)
        if self.failing(config):
            raise InputError("it will not do.")
        self.configs.append(config)
        folder = Path(str(config.output.output))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(config_to_json(config), encoding="utf-8")
        held_out = read_table(config.replace(csv=str(config.data.validation)).data, config.model.task)
        score = len(self.configs) / 100
        figures = {
            "validation": {"score": score, "score_name": "accuracy"},
            "rows": {"train": len(table.rows), "validation": len(held_out.rows), "bad": len(table.bad_rows)},
        }
        (folder / FINISHED).write_text(json.dumps(figures), encoding="utf-8")
        return folder

    @property
    def names(self) -> list[str]:
        return [Path(str(config.output.output)).name for config in self.configs]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trained:
    stand_in = Trained()
    monkeypatch.setattr("mmkeras.training.train.train", stand_in)
    monkeypatch.setattr("mmkeras.training.timing.seconds_of", lambda config, folder: (stand_in.seconds, 20))
    monkeypatch.chdir(tmp_path)
    return stand_in


def table_rows(count: int = 60) -> list[dict[str, str]]:
    """A text that is empty in each fourth row, a size in each sixth, never both; two columns that could be targets."""
    rows = []
    for k in range(count):
        text = "" if k % 4 == 1 else f'a "strange"\n text, of {k},'
        size = "" if k % 6 == 2 else str(k)
        rows.append({"news text": text, "size": size, "season": f"s{k % 2}", "brand": f"b{k % 3}"})
    return rows


FLAGS = ("--text", "news text", "--number", "size", "--seeds", "1", "--fusions", "sum")
NAMES = ["text-alone-42", "number-alone-42", "text+number-sum-42"]


def run(*flags: str) -> small_runs.Done:
    return small_runs.main("ablate", "p.csv", *FLAGS, *flags)


def ablation_json() -> dict[str, Any]:
    return dict(json.loads(Path("runs/p-ablation/ablation.json").read_text(encoding="utf-8")))


def test_every_subset_has_the_same_two_splits(trained: Trained) -> None:
    rows = table_rows()
    small_runs.write_rows(Path("p.csv"), rows, encoding="utf-16")
    done = run("--target", "season")
    assert done.code == 0, done.err
    folder = Path("runs/p-ablation")
    train, held_out = (small_runs.read_csv(folder / name) for name in (TRAIN, HELD_OUT))
    assert (len(train), len(held_out)) == (48, 12)
    assert sorted(map(str, [*train, *held_out])) == sorted(map(str, rows))  # every cell as it was
    assert trained.names == NAMES
    for config in trained.configs:
        assert (config.data.csv, config.data.validation) == (str(folder / TRAIN), str(folder / HELD_OUT))
        assert (config.data.encoding, config.data.delimiter, config.data.max_bad_rows, config.data.media_root) == (
            "utf-8",
            ",",
            1.0,
            ".",
        )
        assert (config.data.target, config.model.task, config.model.model) == (("season",), "classify", "multimodal")
    assert [(c.data.text, c.data.number, c.model.fusion) for c in trained.configs] == [
        (("news text",), (), None),
        ((), ("size",), None),
        (("news text",), ("size",), "sum"),
    ]
    filled = [sum(bool(row[column]) for row in held_out) for column in ("news text", "size")]
    assert [row["rows"] for row in ablation_json()["rows"]] == [*filled, 12]
    with (folder / "ablation.csv").open(encoding="utf-8") as file:
        assert [row["rows"] for row in csv.DictReader(file)] == [*map(str, filled), "12"]


def test_another_target_is_no_reason_to_read_old_scores(trained: Trained) -> None:
    small_runs.write_rows(Path("p.csv"), table_rows())
    assert run("--target", "season", "--epochs", "1").code == 0
    before = ablation_json()
    assert run("--target", "season", "--epochs", "1").code == 0
    assert (len(trained.configs), ablation_json()) == (3, before)
    refused = run("--target", "brand", "--epochs", "20")
    assert (refused.code, len(trained.configs)) == (2, 3)
    assert (
        "--target is brand and was season; --epochs is 20 and was 1. Give --overwrite to train all again" in refused.err
    )
    assert ablation_json() == before
    done = run("--target", "brand", "--epochs", "20", "--overwrite")
    assert (done.code, trained.names) == (0, 2 * NAMES)
    assert {config.data.target for config in trained.configs[3:]} == {("brand",)}
    assert ablation_json() != before


def test_what_makes_no_other_training_is_no_other_question(trained: Trained) -> None:
    small_runs.write_rows(Path("p.csv"), table_rows())
    assert run("--target", "season").code == 0
    shutil.copy("p.csv", "q.csv")
    more = ("--target", "season", "--seeds", "2", "--output", "runs/p-ablation", "--debug")
    done = small_runs.main("ablate", "q.csv", *FLAGS, *more)
    assert done.code == 0, done.err
    assert trained.names[3:] == ["text-alone-43", "number-alone-43", "text+number-sum-43"]
    assert [row["scores"] for row in ablation_json()["rows"]] == [[0.01, 0.04], [0.02, 0.05], [0.03, 0.06]]


def test_other_rows_are_another_question(trained: Trained) -> None:
    small_runs.write_rows(Path("p.csv"), table_rows())
    small_runs.write_rows(Path("v.csv"), table_rows(12))
    assert run("--target", "season").code == 0
    refused = run("--target", "season", "--validation", "v.csv")
    assert "--validation is given and was not given" in refused.err
    small_runs.write_rows(Path("p.csv"), table_rows(61))
    refused = run("--target", "season")
    assert (refused.code, "the CSV holds something else. Give --overwrite" in refused.err) == (2, True)
    assert len(trained.configs) == 3


def test_an_interrupted_overwrite_leaves_nothing_old_to_be_read(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_runs.write_rows(Path("p.csv"), table_rows())
    assert run("--target", "season").code == 0

    def interrupted(config: Config, log: Any) -> Path:
        if len(trained.configs) == 4:
            raise KeyboardInterrupt
        return trained(config, log)

    monkeypatch.setattr("mmkeras.training.train.train", interrupted)
    done = run("--target", "brand", "--overwrite")
    assert done.code == 130
    assert done.err.startswith(
        f"interrupted; {Path('runs/p-ablation')}: 1 of 3 trainings are done and kept. Go on with: "
    )
    assert done.err.rstrip().endswith("--target brand"), "--overwrite would begin anew"
    monkeypatch.setattr("mmkeras.training.train.train", trained)
    assert [len(row["scores"]) for row in ablation_json()["rows"]] == [1]
    assert (Path("runs/p-ablation") / NAMES[2] / FINISHED).exists()  # season's, still
    assert run("--target", "brand").code == 0
    assert trained.names == [*NAMES, *NAMES]  # the first of the brand once, the others now
    assert {config.data.target for config in trained.configs[3:]} == {("brand",)}


def test_more_than_ten_minutes_are_started_by_yes_alone(trained: Trained) -> None:
    small_runs.write_rows(Path("p.csv"), table_rows())
    trained.seconds = 240.0
    refused = run("--target", "season")
    assert (refused.code, trained.configs) == (2, [])
    assert (
        "3 trainings: at most about 12 min, estimated from 12 steps on all columns, for 20 epochs each" in refused.out
    )
    assert refused.err.startswith("error: 3 trainings take about 12 min or less")
    assert "--yes" in refused.err
    assert run("--target", "season", "--yes", "-q").code == 0
    assert len(trained.configs) == 3
    trained.seconds = 3600.0
    again = run("--target", "season")
    assert (again.code, len(trained.configs)) == (0, 3), "nothing is left to do"
    more = run("--target", "season", "--seeds", "2", "--yes")
    assert "3 trainings, 3 of 6 being done: at most about 3 h" in more.out


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 2), (None, 2)])
def test_on_a_terminal_a_question_is_asked(
    answer: str | None, code: int, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def typed(question: str) -> str:
        assert question == "Start 3 trainings of at most about 12 min? [y/N] "
        if answer is None:
            raise EOFError
        return answer

    small_runs.write_rows(Path("p.csv"), table_rows())
    trained.seconds = 240.0
    monkeypatch.setattr("builtins.input", typed)
    terminal = type("Terminal", (io.StringIO,), {"isatty": lambda self: True})
    monkeypatch.setattr("sys.stdin", terminal())
    with contextlib.redirect_stdout(terminal()):
        assert cli.main(["ablate", "p.csv", *FLAGS, "--target", "season"]) == code
    assert len(trained.configs) == (0 if code else 3)


def test_trainings_of_an_earlier_version_are_not_believed(trained: Trained) -> None:
    small_runs.write_rows(Path("p.csv"), table_rows())
    assert run("--target", "season").code == 0
    folder = Path("runs/p-ablation")
    (folder / QUESTION).unlink()
    refused = run("--target", "season")
    assert (refused.code, "have no record of their options and data" in refused.err) == (2, True)
    assert run("--target", "season", "--overwrite").code == 0
    (folder / NAMES[0] / TRIAL).write_text("{", encoding="utf-8")
    assert run("--target", "season").code == 0
    assert trained.names == [*NAMES, *NAMES, NAMES[0]]


def test_a_subset_that_fails_ends_no_other(trained: Trained) -> None:
    small_runs.write_rows(Path("p.csv"), table_rows())
    trained.failing = lambda config: not config.data.text
    done = run("--target", "season")
    assert done.code == 0, done.err
    assert "2/3  number-alone-42  cannot be trained: it will not do." in done.out
    assert "1 of 3 trainings could not be done" in done.out
    rows = ablation_json()["rows"]
    assert [(row["scores"], row.get("failed")) for row in rows] == [
        ([0.01], None),
        ([], ["it will not do."]),
        ([0.02], None),
    ]
    assert rows[1]["rows"] is None
    with Path("runs/p-ablation/ablation.csv").open(encoding="utf-8") as file:
        assert list(csv.reader(file))[2] == ["number", "", "", "", "0", ""]
    assert "number" in Path("runs/p-ablation/ablation.html").read_text(encoding="utf-8")
    trained.failing = lambda config: True
    shutil.rmtree("runs")
    done = run("--target", "season")
    assert (done.code, "none of the 3 trainings could be done" in done.err) == (2, True)
    trained.failing = lambda config: False
    done = run("--target", "season", "--epochs", "2")  # nothing had ended, so no question is another
    assert done.code == 0, done.err


def test_too_many_damaged_pictures_are_listed_and_nothing_is_in_the_way_of_another_try(trained: Trained) -> None:
    path = small_mixtures.write(Path("shop"), 40, missing=False)
    for k in range(6):
        (path.parent / f"pictures/{k}.png").write_bytes(b"no picture")
    command = ("ablate", path, *small_mixtures.FLAGS, "--target", "label", "--seeds", "1", "--subsets", "number")
    listed = Path("runs/mix-ablation/media-check-bad_rows.csv")
    for _ in range(2):
        refused = small_runs.main(*command)
        assert (refused.code, f"All of them: {listed}" in refused.err) == (2, True), refused.err
    assert len(small_runs.read_csv(listed)) == 6
    assert small_runs.main(*command, "--max-bad-rows", "0.2").code == 0


def test_a_damaged_picture_takes_its_row_out_of_every_subset(trained: Trained) -> None:
    path = small_mixtures.write(Path("shop"), 40, missing=False)
    (path.parent / "pictures/7.png").write_bytes(b"no picture")
    flags = (
        *small_mixtures.FLAGS,
        "--target",
        "label",
        "--seeds",
        "1",
        "--fusions",
        "sum",
        "--subsets",
        "image",
        "number",
    )
    done = small_runs.main("ablate", path, *flags)
    assert done.code == 0, done.err
    folder = Path("runs/mix-ablation")
    names = [
        name for name in (TRAIN, HELD_OUT) for name in (row["photo"] for row in small_runs.read_csv(folder / name))
    ]
    assert len(names) == 39
    assert "pictures/7.png" not in names
    assert {config.data.media_root for config in trained.configs} == {"shop"}
    assert [row["column"] for row in small_runs.read_csv(folder / "bad_rows.csv")] == ["photo"]
    assert not (folder / "media-check").exists()
    assert small_runs.main("ablate", path, *flags).code == 0
    assert len(trained.configs) == 2
    shutil.copy("shop/pictures/0.png", "shop/pictures/2.png")
    refused = small_runs.main("ablate", path, *flags)
    assert (refused.code, "pictures or clips have changed" in refused.err) == (2, True)


def test_held_out_media_of_another_folder_are_found(trained: Trained) -> None:
    path = small_mixtures.write(Path("shop"), 30, missing=False)
    other = small_mixtures.write(Path("other"), 12, missing=True)
    flags = (*small_mixtures.FLAGS, "--target", "label", "--seeds", "1", "--subsets", "image", "--validation", other)
    done = small_runs.main("ablate", path, *flags)
    assert done.code == 0, done.err
    (config,) = trained.configs
    held_out = small_runs.read_csv(Path(str(config.data.validation)))
    assert [row["photo"] for row in held_out if row["photo"]] == [
        str((Path("other") / row["photo"]).resolve()) for row in small_runs.read_csv(other) if row["photo"]
    ]
    assert (config.data.media_root, config.data.allow_outside) == ("shop", True)


@pytest.mark.slow
def test_an_ablation_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With texts that are empty in more rows than may be bad, and others that stand in several rows."""
    rows = [{**row, "size": f"{k % 7}.{k:03}", "topic": row["topic"]} for k, row in enumerate(small_runs.news_rows(90))]
    for k, row in enumerate(rows):
        row["news text"] = "" if k % 5 == 0 else rows[k - 45]["news text"] if k >= 45 else row["news text"]
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
        assert all(len(r["scores"]) == 1 for r in result["rows"])
        held_out = small_runs.read_csv(folder / HELD_OUT)
        texts = [row["news text"] for row in held_out if row["news text"]]
        assert [r["rows"] for r in result["rows"]] == [len(texts), *[len(held_out)] * 3]
        assert len(texts) < len(held_out)
        learned = [row["news text"] for row in small_runs.read_csv(folder / TRAIN)]
        assert set(texts) & set(learned)  # which the training on texts left out
        kept = json.loads((folder / "text-alone-42" / FINISHED).read_text(encoding="utf-8"))["rows"]["train"]
        assert kept == sum(text not in ("", *texts) for text in learned)
        with (folder / "ablation.csv").open(encoding="utf-8") as file:
            assert [row["fusion"] for row in csv.DictReader(file)] == ["", "", "concat", "sum"]
        page = (folder / "ablation.html").read_text(encoding="utf-8")
        assert "<svg" in page
        assert "concat" in page
        monkeypatch.setattr("mmkeras.training.train.train", lambda *_, **__: pytest.fail("it was trained again"))
        again = small_runs.main(*command)
        assert again.code == 0, again.err
        assert json.loads((folder / "ablation.json").read_text(encoding="utf-8")) == result
        refused = small_runs.main(*command, "--ngrams", "1")
        assert (refused.code, "--ngrams is 1 and was 2" in refused.err) == (2, True), refused.err


@pytest.mark.slow
def test_features_are_made_once_for_all_trainings(tmp_path: Path) -> None:
    """Paths begin at the CSV's folder and data URIs are read, though what is trained lies elsewhere."""
    path = small_mixtures.write(tmp_path / "shop", 40, missing=True)
    output = str(tmp_path / "all")
    sizes: dict[str, Any] = {"width": 16, "depth": 1, "image_size": 16, "epochs": 1, "seed": 3}
    options = Ablate.of(
        csv=str(path),
        image=("photo",),
        number=("price",),
        target=("label",),
        seeds=1,
        fusions=("sum",),
        output=output,
        **sizes,
    )
    ablate(options, log=lambda line: None)
    folders = [tmp_path / "all" / name / "features" for name in ("image-alone-3", "image+number-sum-3")]
    found = [sorted(p for p in folder.rglob("*.npy")) for folder in folders]
    assert [p.relative_to(folders[0]) for p in found[0]] == [p.relative_to(folders[1]) for p in found[1]]
    assert found[0]
    assert all(a.samefile(b) for a, b in zip(*found, strict=True))
