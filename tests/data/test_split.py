"""Training and held-out rows: in proportion, reproducible, and no inputs in both splits."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import train_test_split

from mmkeras.config.config import Config
from mmkeras.data.splits.split import Split, split_table, write_split
from mmkeras.data.table import Column, Table
from mmkeras.errors import InputError

TEXT = Column("text", "text", "input")
LABEL = Column("label", "category", "target")


def table(texts: list[str], labels: list[str], path: str = "a.csv", inputs: tuple[Column, ...] = (TEXT,)) -> Table:
    frame = pd.DataFrame({"text": texts, "label": labels}, dtype=object)
    return Table(path, "utf-8", ",", (*inputs, LABEL), frame, np.arange(len(texts)) * 3 + 2, ())


def numbered(labels: list[str], **options: Any) -> Table:
    return table([f"text {i}" for i in range(len(labels))], labels, **options)


def labelled(cells: list[str], path: str = "a.csv", texts: list[str] | None = None) -> Table:
    """A table for `multilabel`."""
    single_label = table(texts or [f"text {i}" for i in range(len(cells))], cells, path)
    return Table(**{**vars(single_label), "columns": (TEXT, Column("label", "labels", "target"))})


def measured(numbers: dict[str, list[Any]], path: str = "a.csv", texts: list[str] | None = None) -> Table:
    """A table for `regress`."""
    n = len(next(iter(numbers.values())))
    frame = pd.DataFrame({name: list(map(str, v)) for name, v in numbers.items()}, dtype=object)
    frame["text"] = texts or [f"text {i}" for i in range(n)]
    columns = (TEXT, *(Column(name, "number", "target") for name in numbers))
    return Table(path, "utf-8", ",", columns, frame, np.arange(n) * 3 + 2, ())


def texts_by_split(split: Split) -> tuple[set[str], set[str]]:
    return set(split.train["text"]), set(split.validation["text"])


def test_it_is_the_split_of_scikit_learn() -> None:
    labels = ["a"] * 60 + ["b"] * 30 + ["c"] * 10
    whole = numbered(labels)
    split = split_table(whole, Config.of(test_size=0.3, random_state=7).data)
    train, held_out = train_test_split(np.arange(100), test_size=0.3, random_state=7, stratify=labels)
    assert split.train["text"].tolist() == [f"text {i}" for i in train]
    assert split.validation["text"].tolist() == [f"text {i}" for i in held_out]
    assert split.validation_lines.tolist() == (held_out * 3 + 2).tolist()
    assert split.validation["label"].value_counts().to_dict() == {"a": 18, "b": 9, "c": 3}
    assert split.train.index.tolist() == list(range(70))
    assert split.notes == ()


def test_the_seed_decides_and_nothing_else() -> None:
    whole = numbered(list("abc") * 20)
    first, again = split_table(whole, Config().data), split_table(whole, Config.of(seed=1).data)
    assert first.train.equals(again.train)
    assert first.validation.equals(again.validation)
    assert not first.train.equals(split_table(whole, Config.of(random_state=43).data).train)


def test_repeated_rows_stand_on_one_side() -> None:
    texts = [f"text {random.Random(i).randrange(150)}" for i in range(200)]
    split = split_table(table(texts, ["ab"[int(text[5:]) % 2] for text in texts]), Config().data)
    train, held_out = texts_by_split(split)
    assert train & held_out == set()
    assert train | held_out == set(texts)
    assert len(split.train) + len(split.validation) == 200
    assert split.notes == (
        "87 of 200 rows repeat the inputs of another row: equal rows stay on one side, so that 23 of 113 different inputs "
        "are held out.",
    )


def test_few_repeated_rows_move_to_the_training_rows() -> None:
    texts = [f"text {i % 195}" for i in range(200)]
    split = split_table(table(texts, ["ab"[int(text[5:]) % 2] for text in texts]), Config().data)
    moved = 40 - len(split.validation)
    assert moved > 0
    assert len(split.train) == 160 + moved
    assert split.notes == (
        f"{moved} held-out rows repeat the inputs of a training row: they were moved to the training split "
        f"({len(split.validation)} rows are left to validate on).",
    )


def test_rows_repeat_only_if_all_inputs_do() -> None:
    whole = table(["same"] * 40, ["a", "b"] * 20, inputs=(TEXT, Column("n", "number", "input")))
    whole.rows["n"] = [str(i) for i in range(40)]
    assert split_table(whole, Config().data).notes == ()


def test_equal_categories_are_no_repeated_rows() -> None:
    whole = table(["red", "green", "blue", "red"] * 20, ["a", "b", "b", "a"] * 20)
    split = split_table(
        Table(**{**vars(whole), "columns": (Column("text", "category", "input"), LABEL)}), Config().data
    )
    assert len(split.validation) == 16
    assert split.notes == ()


def test_conflicting_labels_are_told() -> None:
    texts = [f"text {i}" for i in range(40)] + ["text 0", "text 1", "text 0"]
    split = split_table(table(texts, ["a", "b"] * 20 + ["b", "b", "a"]), Config().data)
    assert split.notes[0] == "3 rows share their inputs with a row of another label (1 inputs)."


def test_a_rare_class_may_miss_the_validation_side() -> None:
    labels = ["a", "b"] * 60 + ["c"] * 2
    notes = [split_table(numbered(labels), Config.of(test_size=0.1, random_state=seed).data).notes for seed in range(5)]
    assert (
        "No validation row is left of class 'c': how well it is learned is not measured. To leave such classes out: "
        "--rare-classes drop."
    ) in {n[0] for n in notes if n}


def test_a_rare_class_never_misses_the_training_side() -> None:
    labels = ["a", "b"] * 60 + ["c"] * 2
    lost = 0
    for seed in range(20):
        try:
            assert "c" in set(
                split_table(numbered(labels), Config.of(test_size=0.9, random_state=seed).data).train["label"]
            )
        except InputError as error:
            lost += "with --test-size 0.9 no row of class 'c' is left to learn from" in str(error)
    assert lost > 0


def test_a_validation_file_is_left_as_it_is() -> None:
    whole = numbered(list("ab") * 20)
    held_out = table(["new", "newer", "newer"], ["a", "b", "a"], path="dev.csv")
    split = split_table(whole, Config().data, held_out)
    assert split.train.equals(whole.rows)
    assert split.validation.equals(held_out.rows)
    assert split.train_lines.tolist() == whole.lines.tolist()
    assert split.validation_lines.tolist() == held_out.lines.tolist()
    assert (split.train_file, split.validation_file) == ("a.csv", "dev.csv")
    assert split.notes == ()


def test_rows_of_the_validation_file_are_not_learned() -> None:
    whole = table([f"text {i // 2}" for i in range(40)], list("ab") * 20)  # each text twice, with both labels
    held_out = table(["new", "text 3", "text 4", "text 4"], ["a", "b", "a", "a"], path="dev.csv")
    split = split_table(whole, Config().data, held_out)
    assert split.validation.equals(held_out.rows)
    train, validation = texts_by_split(split)
    assert train & validation == set()
    assert split.train["text"].tolist() == [f"text {i // 2}" for i in range(40) if i // 2 not in (3, 4)]
    assert split.train_lines.tolist() == [i * 3 + 2 for i in range(40) if i // 2 not in (3, 4)]
    assert split.train.index.tolist() == list(range(36))
    assert split.notes[1:] == (
        "a.csv: 4 of 40 rows repeat the inputs of a row of dev.csv: they are left out (36 rows are left to learn from).",
    )


def test_equal_categories_are_learned_beside_a_validation_file() -> None:
    columns = (Column("text", "category", "input"), LABEL)
    whole, held_out = (
        Table(**{**vars(table(["red", "green"] * n, ["a", "b"] * n, path)), "columns": columns})
        for n, path in ((10, "a.csv"), (2, "dev.csv"))
    )
    split = split_table(whole, Config().data, held_out)
    assert (len(split.train), len(split.validation), split.notes) == (20, 4, ())


def test_a_validation_file_of_all_rows_leaves_nothing_to_learn() -> None:
    whole = numbered(list("ab") * 20)
    with pytest.raises(
        InputError, match=r"40 of 40 rows repeat .* row of a.csv; 0 are left .* at least 10 .*validation"
    ):
        split_table(whole, Config().data, whole)


def test_a_validation_file_of_all_rows_of_a_class_is_refused() -> None:
    whole = numbered(list("ab") * 10 + list("cc"))
    held_out = table(["text 20", "text 21"], ["a", "c"], path="dev.csv")
    with pytest.raises(InputError, match=r"2 of 22 rows .* dev.csv; without them no row of class 'c' is left to learn"):
        split_table(whole, Config().data, held_out)


def test_classes_of_one_row_are_fine_beside_a_validation_file() -> None:
    split = split_table(numbered(list("ab") * 8 + ["c"]), Config().data, table(["x", "y"], ["a", "b"], path="dev.csv"))
    assert len(split.train) == 17
    assert split.notes == ("No validation row is left of class 'c': how well it is learned is not measured.",)


def test_validation_without_target_is_refused() -> None:
    held_out = table(["x"], ["a"], path="dev.csv")
    held_out = Table(**{**vars(held_out), "columns": (TEXT,)})
    with pytest.raises(InputError, match=r"dev.csv: it has no target column"):
        split_table(numbered(list("ab") * 8), Config().data, held_out)


def test_many_labels_are_cut_short_in_sentences() -> None:
    labels = [f"class {i:02}" for i in range(20)] * 2 + [f"rare {i:02}" for i in range(20)]
    with pytest.raises(InputError, match=r"classes 'rare 00', .* 'rare 07' and 31 more\)"):
        split_table(numbered(labels), Config().data)


def test_numbers_are_held_out_in_proportion_from_low_to_high() -> None:
    numbers = np.random.default_rng(0).lognormal(size=200)
    split = split_table(measured({"y": list(numbers)}), Config().data)
    assert (len(split.train), len(split.validation), split.notes) == (160, 40, ())
    tenth = np.searchsorted(np.quantile(numbers, np.arange(1, 10) / 10), split.validation["y"].astype(float))
    assert np.bincount(tenth).tolist() == [4] * 10
    again = split_table(measured({"y": list(numbers)}), Config().data)
    assert again.validation.equals(split.validation)


def test_numbers_that_are_mostly_equal_are_split() -> None:
    split = split_table(measured({"y": [0] * 90 + list(range(1, 11))}), Config().data)
    assert (len(split.train), len(split.validation)) == (80, 20)
    assert (split.validation["y"] != "0").sum() == 2


@pytest.mark.parametrize("rows", [10, 11, 13])
def test_few_numbers_are_split(rows: int) -> None:
    split = split_table(measured({"a": list(range(rows)), "b": [5, 1] + [2] * (rows - 2)}), Config().data)
    assert len(split.validation) == -(-rows // 5)
    assert len(split.train) + len(split.validation) == rows


def test_a_target_that_never_changes_is_refused() -> None:
    with pytest.raises(InputError, match=r"the target 'b' has the same number '2'; there is nothing to learn"):
        split_table(measured({"a": list(range(20)), "b": [2, "2.0"] * 10}), Config().data)
    with pytest.raises(
        InputError, match=r"the target 'label' has the same labels 'a\|b'; there is nothing to tell apart"
    ):
        split_table(labelled(["a|b"] * 20), Config().data)


@pytest.mark.parametrize(("size", "split_name"), [(0.05, "1 for validation"), (0.95, "1 for training")])
def test_a_side_needs_two_rows(size: float, split_name: str) -> None:
    with pytest.raises(InputError, match=rf"of 20 rows leaves {split_name}, fewer than 2\. Use"):
        split_table(measured({"y": list(range(20))}), Config.of(test_size=size).data)


def test_other_numbers_for_equal_inputs_are_told() -> None:
    texts = [f"text {i}" for i in range(40)] + ["text 0", "text 1"]
    split = split_table(measured({"y": [*range(40), 7, "1.0"]}, texts=texts), Config().data)
    assert split.notes[0] == "2 rows share their inputs with a row of another number (1 inputs)."
    train, held_out = texts_by_split(split)
    assert train & held_out == set()


def test_a_validation_file_of_numbers() -> None:
    whole = measured({"y": list(range(40))})
    held_out = measured({"y": [99, 5]}, "dev.csv", ["new", "text 5"])
    split = split_table(whole, Config().data, held_out)
    assert split.validation.equals(held_out.rows)
    assert len(split.train) == 39
    assert [note.split(":")[0] for note in split.notes] == ["a.csv"]


def test_labels_are_held_out_in_proportion_to_the_rarest_of_a_row() -> None:
    cells = (["a"] * 6 + ["a|b"] * 3 + ["a|b|c"]) * 20
    split = split_table(labelled(cells), Config().data)
    assert split.validation["label"].value_counts().to_dict() == {"a": 24, "a|b": 12, "a|b|c": 4}
    assert split.notes == ()


@pytest.mark.parametrize("seed", range(10))
def test_every_label_is_learned(seed: int) -> None:
    """A label of one row has no stratum; the labels outnumber the rows of a split."""
    cells = ["a", "b", "a|b"] * 10 + ["a|rare", "b|rarer", *(f"a|x{i // 2}" for i in range(40))]
    whole = labelled(cells)
    split = split_table(whole, Config.of(random_state=seed, test_size=0.2).data)
    learned, held_out = (
        {label for cell in rows["label"] for label in cell.split("|")} for rows in (split.train, split.validation)
    )
    assert learned == {label for cell in cells for label in cell.split("|")}
    assert len(split.train) + len(split.validation) == len(cells)
    unmeasured = [note for note in split.notes if note.startswith("No validation row is left of label")]
    assert bool(unmeasured) == bool(learned - held_out)
    moved = [note for note in split.notes if "were moved to the training split, which had no row of label" in note]
    assert len(split.validation) == 15 or moved


def test_other_labels_for_equal_inputs_are_told() -> None:
    texts = [f"text {i}" for i in range(40)] + ["text 0"]
    split = split_table(labelled(["a", "a|b"] * 20 + ["b"], texts=texts), Config().data)
    assert split.notes[0] == "2 rows share their inputs with a row of other labels (1 inputs)."


def test_a_validation_file_of_labels() -> None:
    whole = labelled(["a", "a|b", "b|c"] * 10)
    split = split_table(whole, Config().data, labelled(["a|c", "a"], "dev.csv", ["new", "newer"]))
    assert split.train.equals(whole.rows)
    assert split.notes == ("No validation row is left of label 'b': how well it is learned is not measured.",)
    foreign = labelled(["a", "a|z", "y"], "dev.csv", ["x", "y", "z"])
    with pytest.raises(
        InputError, match=r"dev.csv: line 5: labels 'y', 'z' never occurs .* \(2 of 3 rows\)\. Known: labels"
    ):
        split_table(whole, Config().data, foreign)


def test_write_split(tmp_path: Path) -> None:
    split = split_table(numbered(list("ab") * 10), Config().data)
    write_split(split, tmp_path / "split.csv")
    written = pd.read_csv(tmp_path / "split.csv")
    assert list(written.columns) == ["file", "line", "side"]
    assert set(written["file"]) == {"a.csv"}
    assert written["side"].value_counts().to_dict() == {"train": 16, "validation": 4}
    assert sorted(written["line"]) == [i * 3 + 2 for i in range(20)]
    assert written["line"].tolist()[16:] == split.validation_lines.tolist()
    assert [p.name for p in tmp_path.iterdir()] == ["split.csv"]
