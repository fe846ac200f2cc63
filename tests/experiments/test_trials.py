"""Which trainings an ablation has: every fusion, subset and seed, each with a name of its own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from mmkeras.errors import InputError
from mmkeras.experiments.ablation import Trial, all_trials
from mmkeras.experiments.options import Ablate

GROUPS = {"text": ("title", "body"), "image": ("photo",), "number": ("price",)}


def trials(**options: Any) -> list[Trial]:
    return list(all_trials(Ablate.of(**options), GROUPS))


def test_every_fusion_on_every_subset_with_every_seed() -> None:
    selected = trials(seeds=2, seed=7)
    assert len({trial.name for trial in selected}) == len(selected)
    subsets = {trial.modalities for trial in selected}
    assert len(subsets) == 2**3 - 1
    whole = [trial for trial in selected if len(trial.modalities) == 3]
    assert {(t.fusion, t.seed) for t in whole} == {
        (f, s) for f in ("attention", "concat", "sum", "decision") for s in (7, 8)
    }
    assert whole[0].columns == ("title", "body", "photo", "price")


def test_a_single_column_has_nothing_to_fuse() -> None:
    selected = trials(seeds=1)
    assert [t.fusion for t in selected if t.modalities == ("image",)] == [None]
    assert len([t for t in selected if t.modalities == ("text",)]) == 4  # two columns


def test_subsets_are_chosen_by_name_in_any_order_and_once() -> None:
    selected = trials(seeds=1, fusions=("sum", "sum"), subsets=("image+text", "number", "text+image"))
    assert [t.modalities for t in selected] == [("text", "image"), ("number",)]
    with pytest.raises(InputError, match=r"--subsets video: expected names joined by \+, out of text, image, number"):
        trials(subsets=("video",))


def test_too_many_subsets_are_counted_not_made() -> None:
    groups = {f"x{k}": (f"x{k}",) for k in range(40)}
    with pytest.raises(InputError, match=r"40 columns have 1,099,511,627,775 subsets: .* --subsets 'x0' 'x1' 'x0\+x1'"):
        next(all_trials(Ablate(), groups))
    selected = list(all_trials(Ablate.of(seeds=1, fusions=("sum",), subsets=("x3", "x39+x3")), groups))
    assert [t.modalities for t in selected] == [("x3",), ("x3", "x39")]
    eight = dict(itertools.islice(groups.items(), 8))
    assert len(list(all_trials(Ablate.of(seeds=1, fusions=("sum",)), eight))) == 255
    with pytest.raises(InputError, match="9 columns have 511 subsets: 2,017 trainings"):
        list(all_trials(Ablate.of(seeds=1), dict(itertools.islice(groups.items(), 9))))


def test_columns_of_any_name_have_a_folder_of_their_own() -> None:
    groups = {name: (name,) for name in ("a", "b", "a+b", "../c", "名" * 200)}
    selected = list(all_trials(Ablate.of(seeds=1, fusions=("sum",)), groups))
    names = [trial.name for trial in selected]
    assert len(set(names)) == len(names) == 31
    assert all(len(name.encode()) < 200 and "/" not in name and not name.startswith(".-") for name in names)
    assert {"a-alone-42", "a+b-sum-42"} <= set(names)
    chosen = list(all_trials(Ablate.of(seeds=1, subsets=("a+b",)), groups))
    assert {trial.modalities for trial in chosen} == {("a+b",)}  # the column, which goes first
