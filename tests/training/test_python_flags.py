"""Flags and tables as Python gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.data.files.reading import read_source
from mmkeras.errors import InputError
from mmkeras.training.frames import with_files
from mmkeras.training.python_flags import config_of

SEVERAL = [name for name, value in DEFAULTS.items() if isinstance(value, tuple)]


@pytest.mark.parametrize("name", SEVERAL)
def test_one_string_is_one_column(name: str) -> None:
    assert config_of({name: "photo"}, Config).flat()[name] == ("photo",)
    for values in (("a", "b"), ["a", "b"], pd.Index(["a", "b"]), np.array(["a", "b"])):
        assert config_of({name: values}, Config).flat()[name] == ("a", "b")


def test_values_of_python() -> None:
    flags = config_of(
        {
            "text": 7,
            "target": [8, "b"],
            "epochs": np.int64(3),
            "validation": Path("v.csv"),
            "test_size": np.float32(0.5),
        },
        Config,
    ).flat()
    assert (flags["text"], flags["target"], flags["epochs"]) == (("7",), ("8", "b"), 3)
    assert (flags["validation"], flags["test_size"]) == ("v.csv", 0.5)
    pairs = {"notation": {"price": "1.234,56"}, "kind": {"shop": "category"}}
    flags = config_of(pairs, Config).flat()
    assert (flags["notation"], flags["kind"]) == (("price=1.234,56",), ("shop=category",))


@pytest.mark.parametrize(("name", "near"), [("epoch", "epochs"), ("batch-size", "batch_size"), ("targets", "target")])
def test_an_unknown_flag_is_a_sentence_with_the_nearest(name: str, near: str) -> None:
    with pytest.raises(InputError, match=f"mmkeras.train: there is no flag '{name}'. Did you mean '{near}'"):
        config_of({name: 3}, Config)
    with pytest.raises(InputError, match="'epochs' is \"three\"; expected int"):
        config_of({"epochs": "three"}, Config)


def files_of(flags: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    lines: list[str] = []
    with with_files(flags, lines.append) as files:
        pass
    return files, lines


def test_frames_lie_beside_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": [1, 2], "p": [Path("x.png"), None]}, index=["r", "s"])
    files, lines = files_of({"csv": frame, "target": "a"})
    assert files == {
        **{"csv": "runs/table.parquet", "target": "a", "output": "runs/table", "media_root": ".", "allow_outside": True}
    }
    assert lines[0].startswith("The index is no column")
    assert read_source("runs/table.parquet").rows.to_dict("list") == {"a": ["1", "2"], "p": ["x.png", ""]}
    files, _ = files_of({"csv": "t.csv", "validation": frame, "output": Path("o/m"), "allow_outside": False})
    assert files == {
        "csv": "t.csv",
        "validation": "o/m-validation.parquet",
        "output": Path("o/m"),
        "allow_outside": False,
    }
    assert Path("o/m-validation.parquet").exists()
    assert files_of({"csv": "d/t.csv.gz", "validation": frame})[0]["validation"] == "runs/t-validation.parquet"
    assert files_of({"csv": Path("t.csv")}) == ({"csv": "t.csv"}, [])
    assert files_of({}) == ({}, [])
    lm, _ = files_of({"csv": frame[["a"]], "task": "language_model", "output": "o/lm"})
    assert "media_root" not in lm


@pytest.mark.parametrize("table", [3, [{"a": 1}], {"a": [1]}, pd.Series([1])])
def test_what_is_no_table_is_a_sentence(table: Any) -> None:
    with pytest.raises(InputError, match="mmkeras.train: table: expected a path or a pandas DataFrame"):
        files_of({"csv": table})
