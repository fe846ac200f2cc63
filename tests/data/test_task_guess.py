"""The task that is guessed from the cells of a target, and the note on the guess."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from mmkeras.config.config import Config
from mmkeras.data.table import Table, read_table
from mmkeras.errors import InputError

RANDOM = random.Random(0)


def table(folder: Path, cells: list[str], name: str = "y", **flags: Any) -> Table:
    """A file with one input and the cells under `name`."""
    path = folder / "a.csv"
    rows = [f'text number {i},"{cell}"' for i, cell in enumerate(cells)]
    path.write_text("\n".join([f"text,{name}", *rows, ""]), encoding="utf-8")
    config = Config.of(csv=str(path), text=("text",), **{"target": (name,), **flags})
    return read_table(config.data, config.model.task)


def drawn(values: list[Any], rows: int = 400) -> list[str]:
    return [str(value) for value in RANDOM.choices(values, k=rows)]


AGES = [str(min(99, int(RANDOM.expovariate(0.04)))) for _ in range(2000)]
GENRES = ["|".join(RANDOM.sample(["drama", "comedy", "war", "noir", "western"], k)) for k in [1, 2, 3] * 40]


@pytest.mark.parametrize(
    ("name", "cells", "task"),
    [
        ("stars", drawn([1, 2, 3, 4, 5]), "classify"),
        ("stars", drawn([0.5 * k for k in range(1, 11)]), "classify"),
        ("digit", drawn([*range(10)]), "classify"),
        ("spam", drawn([0, 1]), "classify"),
        ("newsgroup", drawn([*range(20)]), "classify"),
        ("fine", [*map(str, range(100))] * 5, "classify"),
        ("label", drawn([100, 101, 102, 103, 104, 106, 107, 108, 109, 110, 112, 113, 114, 115, 116]), "classify"),
        ("genre_id", drawn([1000 + 7 * k for k in range(30)]), "classify"),
        ("zip", drawn([f"0{k}" for k in range(1001, 1020)]), "classify"),
        ("season", drawn(["spring", "autumn", "3"]), "classify"),
        ("year", drawn([*range(1950, 2024)]), "regress"),
        ("price", drawn([k + 0.99 for k in range(300)]), "regress"),
        ("price", drawn([10 * k for k in range(1, 60)]), "regress"),
        ("age", AGES, "regress"),
        ("rating", drawn([k / 10 for k in range(10, 51)]), "regress"),
        ("label", drawn([k / 8 for k in range(200)]), "regress"),
        ("few", [f"{k * 1.5}" for k in range(12)], "regress"),
        ("loss", ["NA", "n/a", *drawn([k / 7 for k in range(500)])], "regress"),
        ("loss", ["?" * 3, *drawn([k / 7 for k in range(500)])], "regress"),
        ("genres", GENRES, "multilabel"),
        ("path", drawn(["Arts|Music", "Arts|Film", "News|World", "News|Local"]), "classify"),
        ("name", drawn(["AC|DC", "other"]), "classify"),
    ],
)  # fmt: skip
def test_the_task_is_guessed(tmp_path: Path, name: str, cells: list[str], task: str) -> None:
    guessed = table(tmp_path, cells, name)
    assert guessed.task == task
    (target,) = guessed.targets
    assert target.kind == {"classify": "category", "regress": "number", "multilabel": "labels"}[task]
    assert guessed.target == target


def test_a_guess_that_could_be_another_is_told(tmp_path: Path) -> None:
    assert table(tmp_path, drawn(["1", "2", "5"])).notes == (
        "The target 'y' holds 3 different numbers that are read as classes (classify). To predict a number, say so: "
        "--task regress.",
    )
    (note,) = table(tmp_path, [f"{k / 3}" for k in range(50)]).notes
    assert note.startswith("The target 'y' holds 50 different numbers, so a number is predicted (regress).")
    assert note.endswith("--task classify.")
    (note,) = table(tmp_path, GENRES).notes
    assert note.startswith("The target 'y' holds 5 labels, written a|b, so several a row are predicted")
    assert not table(tmp_path, drawn(["0", "1"])).notes
    assert not table(tmp_path, drawn(["0", "1", "2"]), "label").notes
    assert not table(tmp_path, drawn(["a", "b", "c"])).notes


@pytest.mark.parametrize(
    ("cells", "task"),
    [(drawn([1, 2, 3]), "regress"), (drawn([1, 2, 3]), "multilabel"), (drawn([*range(1950, 1990)]), "classify"), (GENRES, "classify")],
)  # fmt: skip
def test_a_task_that_is_given_is_taken_without_a_word(tmp_path: Path, cells: list[str], task: str) -> None:
    guessed = table(tmp_path, cells, task=task)
    assert (guessed.task, guessed.notes) == (task, ())


def test_what_numbers_the_rows_is_no_target_unless_named(tmp_path: Path) -> None:
    cells = [str(3 * k) for k in range(40)]
    assert table(tmp_path, cells, "id").task == "regress"
    with pytest.raises(InputError, match=r"no column looks like a target; in 'id' every row .* Name it: --target\."):
        table(tmp_path, cells, "id", target=())
    assert table(tmp_path, cells, "price", target=()).task == "regress"


def sizes(folder: Path, *targets: str, task: str = "auto") -> Table:
    path = folder / "s.csv"
    rows = [f"text {i},{i % 4},{i * 0.5},{'red' if i % 2 else 'blue'}" for i in range(40)]
    path.write_text("\n".join(["text,width,height,colour", *rows, ""]))
    return read_table(Config.of(csv=str(path), text=("text",), target=targets).data, task)


def test_several_targets_are_numbers(tmp_path: Path) -> None:
    guessed = sizes(tmp_path, "height", "width")
    assert guessed.task == "regress"
    assert [(c.name, c.kind, c.role, c.given) for c in guessed.columns[-2:]] == [
        ("height", "number", "target", True),
        ("width", "number", "target", True),
    ]
    assert guessed.target == guessed.targets[0]
    assert guessed.notes == ("The targets 'height', 'width' are predicted as numbers (regress).",)
    assert [c.name for c in guessed.inputs] == ["text"]
    assert not sizes(tmp_path, "height", "width", task="regress").notes


@pytest.mark.parametrize(
    ("targets", "task", "expected"),
    [
        (("width", "colour"), "auto", ["several targets must be numbers", "'colour'", "'blue'", "Name one target."]),
        (("width", "colour"), "regress", ["several targets must be numbers", "'colour'"]),
        (("width", "height"), "classify", ["--task classify", "one target only", "--task regress"]),
        (("width", "height"), "multilabel", ["--task multilabel", "0 and 1 alone"]),
        (("colour",), "regress", ["--task regress expects numbers", "'colour'", "'blue'", "leave out --task"]),
        (("width", "width"), "auto", ["'width' is named twice behind --target"]),
        (("width", "hight"), "auto", ["--target: the column 'hight'", "Did you mean 'height'?"]),
    ],
)
def test_targets_that_do_not_suit_a_task(
    tmp_path: Path, targets: tuple[str, ...], task: str, expected: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        sizes(tmp_path, *targets, task=task)
    message = str(caught.value)
    assert [piece for piece in expected if piece not in message] == [], message
    assert message.endswith((".", "?"))
