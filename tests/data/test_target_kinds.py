"""The kinds of targets: a task of an existing kind needs nothing else in `mmkeras.data`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmkeras.config import tasks
from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.describe import describe
from mmkeras.data.splits.split import split_table
from mmkeras.data.splits.stratify import list_labels
from mmkeras.data.table import Table, read_table
from mmkeras.data.targets.target_kinds import KINDS
from mmkeras.data.targets.targets import Targets, fit_targets
from mmkeras.errors import InputError

CELLS = {
    "category": ["a", "b", "b", "a b"],
    "labels": ["a|b", "b", "a", "b"],
    "number": ["1", "2.50", "", "-3"],
    "text": ["one", "two words", "one", "three"],
}


def columns(kind: str) -> list[pd.Series]:
    return [pd.Series(CELLS[kind], dtype=object)]


def test_every_task_with_a_target_has_a_kind() -> None:
    assert {*tasks.TARGET_KINDS.values()} == {*KINDS}


@pytest.mark.parametrize(
    ("kind", "labels", "distinct", "extent"),
    [
        ("category", [("a",), ("b",), ("b",), ("a b",)], 3, "3 classes"),
        ("labels", [("a", "b"), ("b",), ("a",), ("b",)], 3, "2 labels"),
        ("number", [()] * 4, 4, "numbers from -3 to 2.50"),
        ("text", [()] * 4, 3, "3 texts"),
    ],
)
def test_what_a_table_asks(kind: str, labels: list[tuple[str, ...]], distinct: int, extent: str) -> None:
    (cells,) = columns(kind)
    assert KINDS[kind].labels(cells) == labels
    assert KINDS[kind].distinct(cells) == distinct
    assert KINDS[kind].extent(cells) == extent
    assert len(KINDS[kind].values([cells])) == len(cells)


def test_cells_are_folded_as_their_kind_is_read() -> None:
    assert [kind.fold("  b |  a  a ") for kind in (KINDS["category"], KINDS["labels"])] == ["b | a a", "a a|b"]
    assert KINDS["text"].fold(" one \n two ") == "one two"


@pytest.mark.parametrize(
    ("kind", "truth", "known"),
    [
        ("category", [0, -1, -1, 1], [True, False, False, True]),
        ("labels", [[1, 1], [0, 1], [1, 0], [0, 1]], [True] * 4),
        ("number", [[1], [2.5], [np.nan], [-3]], [True, True, False, True]),
        ("text", [[]] * 4, [True] * 4),
    ],
)
def test_what_targets_ask(kind: str, truth: list[object], known: list[bool]) -> None:
    labels = {"category": ("a", "a b"), "labels": ("a", "b")}.get(kind, ())
    np.testing.assert_array_equal(KINDS[kind].truth(columns(kind), labels), truth)
    assert KINDS[kind].known(columns(kind), labels).tolist() == known


def test_rows_of_a_split_have_the_parts_of_their_kind() -> None:
    assert KINDS["category"].strata(columns("category"), 2) == ["a", "b", "b", "a b"]
    assert KINDS["labels"].strata([pd.Series(["a|b", "b", "a", "b"] * 2, dtype=object)], 4) == ["a", "b", "a", "b"] * 2
    ranks = KINDS["number"].strata([pd.Series(map(str, range(8)), dtype=object)], 2)
    assert ranks is not None
    assert list(ranks) == [0] * 4 + [1] * 4
    assert KINDS["text"].strata(columns("text"), 2) is None


def test_labels_and_classes_are_listed_in_their_words() -> None:
    assert list_labels(["a"], KINDS["category"]) == "class 'a'"
    assert list_labels(["a", "b"], KINDS["labels"]) == "labels 'a', 'b'"
    assert list_labels([*"abcdefghij"], KINDS["category"]).endswith("'h' and 2 more")


@pytest.mark.parametrize(("kind", "like"), [(kind, task) for task, kind in tasks.TARGET_KINDS.items()])
def test_a_new_task_of_a_known_kind_touches_nothing_here(
    kind: str, like: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line that names its kind: its table is read, described, split and encoded as the known task's is."""
    monkeypatch.setitem(tasks.TARGET_KINDS, "guess", kind)
    answers = {"category": "ab", "labels": ["a|b", "b"], "number": "17", "text": ["one", "two"]}[kind]
    rows = "".join(f"the text {k},{answers[k % 2]}\n" for k in range(20))
    (tmp_path / "a.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    config = Config().replace(csv=str(tmp_path / "a.csv"), text=("text",), target=("label",))
    new, similar = (read_table(config.data, task) for task in ("guess", like))
    assert (new.task, new.target) == (
        "guess",
        Column("label", kind, "target", given=True, notation=similar.targets[0].notation),
    )
    assert describe(new) == describe(similar)
    splits = [split_table(table, config.data) for table in (new, similar)]
    assert splits[0].validation_lines.tolist() == splits[1].validation_lines.tolist()
    fitted = [fit_targets(table.task, ["label"], splits[0].train) for table in (new, similar)]
    assert Targets(**{**vars(fitted[0]), "task": like}) == fitted[1]
    of_new, of_known = (targets.encode(splits[0].validation) for targets in fitted)
    np.testing.assert_array_equal(of_new, of_known)


def test_a_table_without_targets_has_no_kind() -> None:
    table = Table("a.csv", "utf-8", ",", (Column("text", "text", "input"),), pd.DataFrame(), np.zeros(0, int), ())
    with pytest.raises(InputError, match=r"a.csv: it has no target column"):
        _ = table.target_kind
    assert table.target_cells == []
