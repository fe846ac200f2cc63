"""A run of an earlier release, without digests, whose files contradict themselves is told when it is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmkeras.config.config import Config
from mmkeras.config.json_file import config_to_json
from mmkeras.errors import InputError
from mmkeras.runs.integrity import read_metrics
from mmkeras.runs.run import open_run

SCHEMA: dict[str, Any] = {
    "task": "classify",
    "target": "topic",
    "targets": {"task": "classify", "names": ["topic"], "labels": ["x", "y"], "mean": [], "deviation": []},
    "labels": ["x", "y"],
    "inputs": [{"name": "text", "column": "text", "kind": "text"}],
    "columns": [{"name": "text", "kind": "text", "role": "input"}],
    "file": {"path": "a.csv"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(config_to_json(Config()))
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    figures = {"score_name": "accuracy", "score": 0.5, "accuracy": 0.5}
    (tmp_path / "metrics.json").write_text(json.dumps({"validation": figures}))
    return tmp_path


def test_a_sound_run_is_opened(folder: Path) -> None:
    assert open_run(folder).labels == ["x", "y"]
    assert read_metrics(folder)["validation"]["score"] == 0.5


@pytest.mark.parametrize(("key", "value"), [("fusion", "nope"), ("task", "nope")])
def test_a_fusion_or_a_task_that_is_unknown(key: str, value: str, folder: Path) -> None:
    flags = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**flags, key: value}))
    with pytest.raises(InputError, match=rf"config.json: the run is damaged \(--{key} nope: expected"):
        open_run(folder)


@pytest.mark.parametrize("changed", [{"score_name": "zz"}, {"score": 0.9}, {"accuracy": None}])
def test_a_score_that_is_none_of_the_figures(changed: dict[str, Any], folder: Path) -> None:
    figures = {"score_name": "accuracy", "score": 0.5, "accuracy": 0.5}
    (folder / "metrics.json").write_text(json.dumps({"validation": {**figures, **changed}}))
    with pytest.raises(InputError, match=r"metrics.json: its score is none of its figures"):
        read_metrics(folder)
