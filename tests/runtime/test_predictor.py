"""A model as Python calls it: rows, lists, frames, and what is no row. The runtime is made up, the reading is not."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmkeras.errors import InputError
from mmkeras.runtime.predictor import Prediction, Predictor

PIXELS = np.arange(48, dtype="uint8").reshape(4, 4, 3)


def spec(column: str, kind: str, dtype: str, shape: list[Any], **more: Any) -> dict[str, Any]:
    return {"name": column, "column": column, "kind": kind, "dtype": dtype, "shape": [None, *shape], **more}


def presence(column: str) -> dict[str, Any]:
    return {**spec(column, "presence", "float32", [1]), "name": f"{column}_present", "of": column}


COLUMNS = [
    spec("title", "text", "uint8", [None], max_bytes=32),
    spec("price", "number", "float32", [1], notation="1.234,56"),
    spec("day", "date", "uint8", [None], max_bytes=64, notation="DD.MM.YYYY"),
    spec("photo", "image", "uint8", [None, None, 3], size=4),
]


class MadeUp:
    """A runner that answers with what it was given: share of filled cells, and the last inputs."""

    def __init__(self, columns: Sequence[dict[str, Any]], optional: bool = True, labels: Sequence[str] = ("no", "yes")):
        inputs = [part for column in columns for part in ([column, presence(column["name"])] if optional else [column])]
        numbers = {"mean": [0.0], "deviation": [1.0]} if not labels else {"mean": [], "deviation": []}
        task = "classify" if labels else "regress"
        self.signature: dict[str, Any] = {
            "graph": "predict",
            "inputs": inputs,
            "outputs": [{"name": "probabilities", "dtype": "float32", "shape": [None, 2]}],
            **{"labels": list(labels), "task": task, "target": "season"},
            "targets": {"task": task, "names": ["season"], "labels": list(labels), **numbers},
        }
        self.given: dict[str, np.ndarray] = {}

    def __call__(self, inputs: dict[str, np.ndarray], names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        self.given = inputs
        count = len(next(iter(inputs.values())))
        if not self.signature["labels"]:
            return {"probabilities": np.full((count, 1), 2.5, "float32")}
        shares = [values for name, values in inputs.items() if name.endswith("_present")] or [np.ones((count, 1))]
        yes = np.mean(np.concatenate(shares, axis=1), axis=1).astype("float32")  # [b]
        return {"probabilities": np.stack([1 - yes, yes], axis=1)}


def model_of(*columns: str, **more: Any) -> tuple[Predictor, MadeUp]:
    runner = MadeUp([column for column in COLUMNS if not columns or column["name"] in columns], **more)
    return Predictor(runner, Path("m.tflite")), runner


ROW: dict[str, Any] = {"title": "Wool coat", "price": 1.234, "day": datetime.date(2026, 11, 6), "photo": PIXELS}


def test_one_row() -> None:
    model, runner = model_of()
    answer = model(ROW)
    assert answer == Prediction("yes", 1.0, {"no": 0.0, "yes": 1.0})
    assert repr(answer) == "Prediction(label='yes', probability=1, probabilities={'no': 0, 'yes': 1})"
    assert runner.given["title"].tobytes() == b"Wool coat"
    assert runner.given["price"] == np.float32(1.234), "a number is no text of the notation 1.234,56"
    assert runner.given["day"].tobytes() == b"06.11.2026"
    assert np.array_equal(runner.given["photo"][0], PIXELS)
    assert repr(model) == "<Predictor m.tflite: title, price, day, photo -> season>"
    assert model.columns == {"title": "text", "price": "number", "day": "date", "photo": "image"}
    assert model.labels == ["no", "yes"]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, "", " ", "NA", np.float32("nan")])
def test_missing_values(missing: Any) -> None:
    model, _ = model_of()
    assert model({"title": "x", "price": missing}).probabilities["yes"] == 0.25
    assert model({**ROW, "day": missing}).probability == 0.75
    assert model({**ROW, "photo": missing}).probability == 0.75


@pytest.mark.parametrize(
    ("column", "values", "sent"),
    [
        ("price", [1234.5, "1.234,5", "1234,50", np.float32(1234.5), np.int64(1234) + 0.5], np.float32(1234.5)),
        ("price", [3, 3.0, True + 2, np.int8(3), "3"], np.float32(3)),
        (
            "day",
            [
                *(datetime.date(2026, 11, 6), np.datetime64("2026-11-06"), "06.11.2026", "6.11.2026"),
                *(datetime.datetime(2026, 11, 6), pd.Timestamp("2026-11-06", tz="Asia/Tokyo")),
            ],
            b"6.11.2026",
        ),
        ("title", ["7", 7, 7.0, np.int32(7), np.str_("7")], b"7"),
    ],
)
def test_types_of_python_do_not_count(column: str, values: list[Any], sent: Any) -> None:
    model, runner = model_of()
    for value in values:
        model({**ROW, column: value})
        given = runner.given[column][0]
        if isinstance(sent, bytes):
            assert given.tobytes().removesuffix(b" 00:00").removeprefix(b"0" if column == "day" else b"") == sent, value
        else:
            assert given[0] == sent, value


def test_paths_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    Image.fromarray(PIXELS).save("p.png")
    Image.fromarray(PIXELS).save("../outside.png")
    model, runner = model_of()
    with Image.open("p.png") as picture:
        for photo in ("p.png", Path("p.png"), Path("p.png").read_bytes(), picture, Path("../outside.png")):
            model({**ROW, "photo": photo})
            assert np.array_equal(runner.given["photo"][0], PIXELS)
    model({"photo": "here/p.png"}, media_root=tmp_path)
    model({"photo": "../outside.png"}, allow_outside=True)
    with pytest.raises(InputError, match="allow it with allow_outside=True, or give a Path"):
        model({"photo": "../outside.png"})
    with pytest.raises(InputError, match="photo 'q.png': there is no file .* or at media_root="):
        model({"photo": "q.png"})
    with pytest.raises(InputError, match="photo: expected a JPEG, PNG"):
        model({"photo": b"abc"})


def test_lists_of_rows() -> None:
    model, _ = model_of()
    rows = [{**ROW, "price": None if k % 2 else k} for k in range(70)]
    assert [answer.probability for answer in model(rows)] == [0.75 if k % 2 else 1.0 for k in range(70)]
    assert model([]) == []
    with pytest.raises(InputError, match="row 2, photo 'q.png'"):
        model([ROW, {**ROW, "photo": "q.png"}])


def test_a_text_alone() -> None:
    model, runner = model_of()
    assert model("Wool coat").probabilities["yes"] == 0.25
    assert runner.given["title"].tobytes() == b"Wool coat"
    assert len(model(["a", "b", {"title": "c"}])) == 3
    for columns, word in ((["price"], "has none"), (["price", "day"], "Columns: price, day")):
        with pytest.raises(InputError, match=word):
            model_of(*columns)[0]("x")
    with pytest.raises(InputError, match="expected a cell of each column: title, price"):
        model_of("title", "price", optional=False)[0]("x")


def test_what_is_no_row_is_a_sentence() -> None:
    model, _ = model_of()
    for row, word in (
        ({"titel": "x"}, r"'titel': the model has no such column. Did you mean 'title'\?"),
        ({7: "x"}, "'7': the model has no such column. Columns: title"),
        (3, "received an int"),
        (pd.DataFrame({"title": ["x"]}), r"received a DataFrame. Of a DataFrame: model.predict\(frame\)"),
        ({"price": "cheap"}, "price 'cheap': expected a number such as 1.234,56"),
        ({"price": float("inf")}, "expected a finite number"),
        ({"price": True}, "price 'True': expected a number"),
        ({"price": datetime.date(2026, 11, 6)}, "price: expected a number, received '2026-11-06'"),
        ({"price": 10**400}, "expected a finite number, up to"),
        ({"price": 1e300}, "expected a number from -3.4e.38"),
        ({"price": {"a": 1}}, "price: expected a text, a number, .* received a dict"),
        ({"day": "2026-11-06"}, "expected a date in the notation DD.MM.YYYY"),
        ({"day": datetime.time(3)}, "received the time of day 03:00"),
        ({"title": PIXELS}, "received an ndarray of shape"),
    ):
        with pytest.raises(InputError, match=word):
            model(row)
    assert model({**ROW, "season": "yes"}).label == "yes", "the target is no mistake"
    assert model(pd.Series(ROW)).probability == 1.0, "a row of a frame"


def test_a_row_of_the_table_may_have_columns_that_the_model_does_not_read() -> None:
    """Where all of the model's are there, none is misspelt."""
    model, _ = model_of("photo")
    with pytest.warns(UserWarning, match="'title', 'price': not read; the columns of the model are photo") as caught:
        assert model({"title": "Wool coat", "price": 3, "photo": PIXELS}).probability == 1.0
    assert caught[0].filename == __file__, "the warning shows the line of the caller"
    with pytest.raises(InputError, match="'title': the model has no such column"):
        model([{"photo": PIXELS}, {"title": "Wool coat"}])


def test_frames_lists_and_files(tmp_path: Path) -> None:
    model, _ = model_of("title", "price", "day")
    frame = pd.DataFrame(
        {"price": [1.5, None, 3], "title": ["a", "b", None], "season": ["yes", "no", "yes"], "other": [{}, {}, {}]},
        index=["x", "y", "z"],
    )
    lines: list[str] = []
    answers = model.predict(frame, log=lines.append)
    assert answers.index.tolist() == ["x", "y", "z"]
    assert list(answers) == ["prediction", "probability", "no", "yes"]
    assert "the frame: there is no column 'day'; it counts as missing in every row" in lines
    assert answers["yes"].tolist() == pytest.approx([1.0, 0.5, 0.5])
    assert answers.dtypes["yes"] == "float64"
    rows = frame.drop(columns="other").to_dict("records")
    assert model.predict(rows, log=lines.append)["yes"].tolist() == answers["yes"].tolist()
    frame.drop(columns="other").to_csv(tmp_path / "t.csv", index=False, decimal=",", sep=";")
    assert model.predict(tmp_path / "t.csv", log=lines.append)["yes"].tolist() == answers["yes"].tolist()
    numbers = model_of("price", labels=())[0].predict(frame, log=lines.append)
    assert numbers["prediction"].tolist() == [2.5, 2.5, 2.5]
    for table in (3, None, {}, []):
        with pytest.raises(InputError, match="Expected the path of a table, a pandas DataFrame"):
            model.predict(table)
    with pytest.raises(InputError, match="Expected a row, .* received an int"):
        model.predict([3])
    with pytest.raises(InputError, match="'encodng': there is no such argument. Did you mean 'encoding'"):
        model.predict(frame, encodng="utf-8")
    with pytest.raises(InputError, match="'encoding' is 3; expected str"):
        model.predict(frame, encoding=3)
    assert len(model.predict(["a", {"title": "b"}, pd.Series({"title": "c"})], log=lines.append)) == 3
    assert model.predict([{"title": "a", "price": 1e300, "day": None}], log=lines.append)[
        "yes"
    ].tolist() == pytest.approx([1 / 3])
    assert any("line 1: expected a number such as 1.234,56, received '1e+300'" in line for line in lines), (
        "float32 has no such number"
    )
    with pytest.raises(InputError, match="column 'title', row 1"):
        model.predict(frame.assign(title=[{}, {}, {}]))


def test_pictures_in_a_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(PIXELS).save("p.png")
    model, runner = model_of()
    lines: list[str] = []
    photos = [Image.fromarray(PIXELS), PIXELS, Path("p.png"), Path("p.png").read_bytes(), "p.png", tmp_path / "p.png"]
    model.predict(pd.DataFrame({"photo": photos, "title": "x"}), log=lines.append)
    assert all(np.array_equal(given, PIXELS) for given in runner.given["photo"])
    assert "photo: a pathlib.Path may lie in any folder (allow_outside=True)" in lines
    answers = model.predict(pd.DataFrame({"photo": ["q.png"], "title": "x"}), log=lines.append)
    assert answers["yes"].tolist() == [0.5], "of its two columns one is there"
    (line,) = (line for line in lines if "the frame, line 1, photo: there is no file" in line)
    assert "Paths start at the current folder, or at media_root=" in line
