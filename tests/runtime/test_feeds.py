"""What clients give: cells of every kind -> arrays, what is left out, and which modalities there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_mixtures as mixtures
import small_runs
from small_columns import RULE, adapted_columns, values

from mmkeras.errors import InputError
from mmkeras.modalities.image import cells
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime import feeds as raw
from mmkeras.runtime.feeds import fill_missing_inputs
from mmkeras.runtime.subsets import matrix_groups, modalities_of, one_by_one, subsets


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    return adapted_columns()


@pytest.fixture(scope="module")
def inputs(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """The signature's part on the inputs of all kinds."""
    from mmkeras.graph import presence

    input_specs = []
    for name, column in columns.items():
        input_specs += [column.input(name).spec(), presence(name, name).spec()]
    return json.loads(json.dumps(input_specs))  # as a client reads it


def test_cells_become_arrays(inputs: list[dict[str, Any]], tmp_path: Path) -> None:
    mixtures.write(tmp_path, 6, missing=False)
    rows = small_runs.read_csv(tmp_path / "mix.csv")
    rows[1]["note"], rows[2]["price"], rows[3]["photo"], rows[4]["clip"] = " \u3000", "", "", " "
    rows[5]["photo"] = "pictures/none.png"
    read, faults = {}, {}
    for input_spec in raw.columns_of(inputs):
        cells = [row[input_spec["column"]] for row in rows]
        read[input_spec["name"]], faults[input_spec["name"]] = raw.read_values(
            cells, input_spec, MediaRoot(str(tmp_path))
        )
    assert list(faults.pop("photo")) == [5]
    assert not any(faults.values())
    arrays = raw.to_arrays(read, inputs, range(6))
    assert list(arrays) == [input_spec["name"] for input_spec in inputs]
    assert {name: (a.dtype.name, a.shape[0]) for name, a in arrays.items()} == {
        e["name"]: (e["dtype"], 6) for e in inputs
    }
    there = {name: arrays[f"{name}_present"].ravel().tolist() for name in mixtures.INPUTS}
    assert there == {
        "note": [1, 0, 1, 1, 1, 1],
        "photo": [1, 1, 1, 0, 1, 0],
        "clip": [1, 1, 1, 1, 0, 1],
        "price": [1, 1, 0, 1, 1, 1],
        "brand": [1] * 6,
    }
    assert arrays["photo"].shape == (6, mixtures.SIDE, mixtures.SIDE, 3)
    np.testing.assert_array_equal(arrays["photo"][0], np.asarray(mixtures.picture(0, "high")))
    assert not arrays["photo"][[3, 5]].any()
    assert not arrays["clip"][4].any()
    assert arrays["price"][2] == 0
    hidden = raw.to_arrays(read, inputs, [0, 3], ["note", "price"])
    assert [hidden[f"{name}_present"].ravel().tolist() for name in ("note", "price", "photo")] == [
        [0, 0],
        [0, 0],
        [1, 0],
    ]
    assert not hidden["note"].any()
    assert not hidden["price"].any()


def test_pictures_of_several_sizes_or_too_large_are_resized_as_the_graph_does(
    inputs: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    input_spec = next(e for e in inputs if e["name"] == "photo")
    pictures = values()["photo"]
    stacked = cells.stack([*pictures, None], input_spec)
    for found, picture in zip(stacked, pictures, strict=False):
        np.testing.assert_array_equal(found, resize_pixels(picture, 16))
    assert not stacked[4].any()
    alike = [pictures[0], pictures[0][::-1]]
    np.testing.assert_array_equal(cells.stack(alike, input_spec), alike)
    monkeypatch.setattr(cells, "LARGEST_BATCH", alike[0].size)
    np.testing.assert_array_equal(cells.stack(alike, input_spec)[1], resize_pixels(alike[1], 16))


def test_what_a_client_leaves_out_is_missing(inputs: list[dict[str, Any]]) -> None:
    signature = {"inputs": inputs}
    whole = raw.to_arrays(values(), inputs, range(4))
    for hidden in (["photo"], ["note", "clip"], ["price", "brand", "photo", "clip"]):
        arrays_left = {n: a for n, a in whole.items() if n not in hidden and n.removesuffix("_present") not in hidden}
        completed = fill_missing_inputs(arrays_left, signature)
        assert set(completed) == set(whole)
        for input_spec in inputs:
            name, array = input_spec["name"], completed[input_spec["name"]]
            assert array.dtype == input_spec["dtype"]
            assert len(array) == 4
            if name in hidden or input_spec.get("of") in hidden:
                assert not array.any()
            else:
                np.testing.assert_array_equal(array, whole[name])
    alone = fill_missing_inputs({"price": whole["price"]}, signature)
    assert alone["price_present"].tolist() == [[1]] * 4, "a column that is given is there, also where none says so"
    assert alone["photo"].shape == (4, 16, 16, 3)
    assert alone["clip"].shape == (4, RULE.n_samples)
    plain = [input_spec for input_spec in inputs if "of" not in input_spec]
    with pytest.raises(InputError, match=r"'photo' is not given; expected all of note, photo, clip"):
        fill_missing_inputs({"note": whole["note"]}, {"inputs": plain})


def test_modalities_are_kinds_or_columns_of_one_kind(inputs: list[dict[str, Any]]) -> None:
    groups = modalities_of(inputs)
    assert groups == {
        "text": ["note"],
        "image": ["photo"],
        "audio": ["clip"],
        "number": ["price"],
        "category": ["brand"],
    }
    named = {subset.name: subset.hidden for subset in subsets(groups)}
    assert len(named) == 2**5 - 1
    assert list(named)[:2] == ["text", "image"], "the smallest first"
    assert list(named)[-1] == "text+image+audio+number+category"
    assert named["text+audio"] == ("photo", "price", "brand")
    assert named[list(named)[-1]] == ()
    two = [{**e, "name": e["name"].replace("note", "title"), "of": "title", "column": "a title"} for e in inputs[:2]]
    del two[0]["of"]
    assert modalities_of([*inputs[:2], *two]) == {"note": ["note"], "a title": ["title"]}
    assert subsets(modalities_of(inputs[:2])) == [], "of a single one there is nothing to compare"
    assert modalities_of([e for e in inputs if "of" not in e]) == {}, "a model that knows no missing cells"


def test_the_report_takes_columns_where_they_share_a_kind(inputs: list[dict[str, Any]]) -> None:
    """All subsets of a few columns; of more the kinds, and the columns one by one."""
    assert matrix_groups(inputs) == modalities_of(inputs), "every column is of its own kind"
    assert one_by_one(inputs) == []
    more = [e for name in ("title", "body") for e in of_other_name(inputs[:2], "note", name)]
    few = [*inputs[:4], *of_other_name(inputs[:2], "note", "title")]
    assert matrix_groups(few) == {"note": ["note"], "photo": ["photo"], "title": ["title"]}
    assert matrix_groups([*inputs, *more]) == {**modalities_of(inputs), "text": ["note", "title", "body"]}
    named = {subset.present: subset.hidden for subset in one_by_one([*inputs, *more])}
    columns = ("note", "photo", "clip", "price", "brand", "title", "body")
    assert len(named) == 1 + 7 + 7
    assert named[columns] == ()
    assert named[columns[1:]] == ("note",)
    assert named[("body",)] == columns[:-1]
    texts = [e for k in range(50) for e in of_other_name(inputs[:2], "note", f"t{k}")]
    assert matrix_groups(texts) == {}
    assert [len(subset.hidden) for subset in one_by_one(texts)] == [0] + [1] * 40


def of_other_name(pair: list[dict[str, Any]], name: str, other: str) -> list[dict[str, Any]]:
    """A column and its presence under another name."""
    column = {**pair[0], "name": other, "column": other}
    return [column, {**pair[1], "name": pair[1]["name"].replace(name, other), "of": other, "column": other}]
