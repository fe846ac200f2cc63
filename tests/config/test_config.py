"""The one object of choices: from flags, from JSON, and back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import small_runs
from every_flag import OTHER

import mmkeras.training.train
from mmkeras.cli.dispatch import parse
from mmkeras.cli.options import Export, Predict
from mmkeras.config.config import DEFAULTS, Config, Training
from mmkeras.config.json_file import config_from_dict, config_to_json, read_config
from mmkeras.errors import InputError

FIELDS = list(DEFAULTS)


def test_every_field_is_tried_here() -> None:
    assert sorted(OTHER) == sorted(FIELDS)
    assert all(value != DEFAULTS[name] for name, (value, _) in OTHER.items())


@pytest.mark.parametrize("name", OTHER)
def test_every_field_is_a_flag(name: str) -> None:
    value, arguments = OTHER[name]
    assert parse("train", arguments) == Config().replace(**{name: value})


def test_every_field_survives_json(tmp_path: Path) -> None:
    config = Config.of(**{name: value for name, (value, _) in OTHER.items()})
    path = tmp_path / "c.json"
    path.write_text(config_to_json(config), encoding="utf-8")
    assert read_config(path) == config
    assert list(json.loads(path.read_text(encoding="utf-8"))) == FIELDS
    assert "标题" in path.read_text(encoding="utf-8"), "readable, not \\u escapes"


def test_a_config_file_gives_defaults_and_flags_win(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"epochs": 3, "text": ["a", "b"], "seed": 5, "learning_rate": 1}')
    arguments = ["--seed", "6", "x.csv", "--config", str(path), "--text", "c"]
    assert parse("train", arguments) == Config.of(csv="x.csv", epochs=3, text=("c",), seed=6, learning_rate=1)


def test_every_command_takes_a_config_file(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"formats": ["onnx"], "output": "e"}', encoding="utf-8")
    assert parse("export", ["r", "--config", str(path)]) == Export("r", ("onnx",), "e")
    assert parse("export", ["r", "--config", str(path), "--output", "f"]).output == "f"  # type: ignore[attr-defined]
    path.write_text('{"csv": "a.csv", "probabilities": true}', encoding="utf-8")
    expected = Predict("m.onnx", csv="a.csv", probabilities=True)
    assert parse("predict", ["m.onnx", "--config", str(path)]) == expected  # type: ignore[comparison-overlap]
    path.write_text('{"epochs": 3}', encoding="utf-8")
    with pytest.raises(InputError, match="unknown key 'epochs'.*folder"):
        parse("verify", ["--config", str(path)])


def test_a_flag_of_a_config_file_can_be_switched_off(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"xla": true}')
    assert parse("train", ["--config", str(path)]).training.xla  # type: ignore[attr-defined]
    assert not parse("train", ["--config", str(path), "--no-xla"]).training.xla  # type: ignore[attr-defined]


def test_an_unknown_key_lists_the_valid_ones() -> None:
    with pytest.raises(InputError) as error:
        config_from_dict({"batchsize": 3}, "c.json")
    message = str(error.value)
    assert message.startswith("c.json: unknown key 'batchsize'. Did you mean 'batch_size'?")
    assert all(name in message for name in FIELDS)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"epochs": 1.5}, "int or null"),
        ({"epochs": True}, "int or null"),
        ({"test_size": "0.2"}, "expected float"),
        ({"overwrite": 1}, "expected bool"),
        ({"csv": None}, "expected str"),
        ({"text": [1]}, "a list of strings"),
        ({"text": None}, "a list of strings"),
        ({"text": "title"}, "a list of strings"),
        ({"target": 3}, "a list of strings"),
        ({"target": ["a", None]}, "a list of strings"),
        ({"tokens": "words"}, "one of 'mixed', 'word', 'character', 'byte'"),
        ({"class_weight": ["balanced"]}, "one of 'none', 'balanced'"),
    ],
)
def test_a_value_of_the_wrong_type_says_what_is_expected(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match="c.json") as error:
        config_from_dict(values, "c.json")
    assert expected in str(error.value)
    assert repr(next(iter(values))) in str(error.value)


@pytest.mark.parametrize("values", [{"epochs": None}, {"test_size": 1}, {"seed": 0}, {"encoding": None}, {}])
def test_good_values_are_taken(values: dict[str, Any]) -> None:
    assert config_from_dict(values, "c.json") == Config.of(**values)


@pytest.mark.parametrize(
    ("value", "target"),
    [("season", ("season",)), (["width", "高度"], ("width", "高度")), ([], ()), (None, ()), ("", ())],
)
def test_a_single_target_need_not_be_a_list(value: Any, target: tuple[str, ...]) -> None:
    """null and a string are what runs of earlier versions have."""
    assert config_from_dict({"target": value}, "c.json") == Config.of(target=target)


def test_a_config_cannot_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().training = Training()  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().training.seed = 1  # type: ignore[misc]


def test_a_run_s_config_starts_the_same_training_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only says how a command was started is not kept: it would refuse or replace things in the next one."""
    seen: list[Config] = []

    def fit(config: Config, *_: Any) -> None:
        seen.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr(mmkeras.training.train, "fit_and_evaluate", fit)
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(30))
    first = tmp_path / "first"
    start = ["train", path, *small_runs.FLAGS, "--epochs", "9", "--overwrite", "--output", first]
    assert small_runs.main(*start).code == 130
    saved = first / "config.json"
    again = small_runs.main("train", "--config", saved, "--output", tmp_path / "second")
    assert again.code == 130, again.err
    expected = seen[0].replace(output=str(tmp_path / "second"), overwrite=False)
    assert seen[1] == expected
    resumed = small_runs.main("train", "--resume", "--output", first)
    assert resumed.code == 130, resumed.err
    assert seen[2] == seen[0].replace(overwrite=False, resume=True)
    assert small_runs.main("train", "--config", saved, "--resume", "--output", first).code == 130
