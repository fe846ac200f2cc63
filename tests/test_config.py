"""The one object of choices: from flags, from JSON, and back."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import small_runs

import mmkeras.training.train
from mmkeras.cli.main import parse
from mmkeras.cli.options import Export, Predict
from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.config.json_file import config_from_dict, config_to_json, read_config
from mmkeras.errors import InputError

# a value other than the default for every field, and how the command line says it
OTHER: dict[str, tuple[Any, list[str]]] = {
    "csv": ("a b.csv", ["a b.csv"]),
    "example": ("multimodal", ["--example", "multimodal"]),
    "text": (("标题", "news text"), ["--text", "标题", "news text"]),
    "image": (("photo",), ["--image", "photo"]),
    "audio": (("clip",), ["--audio", "clip"]),
    "number": (("price",), ["--number", "price"]),
    "category": (("season",), ["--category", "season"]),
    "date": (("day",), ["--date", "day"]),
    "target": (("width", "高度"), ["--target", "width", "高度"]),
    "validation": ("dev.csv", ["--validation", "dev.csv"]),
    "media_root": ("pictures", ["--media-root", "pictures"]),
    "allow_outside": (True, ["--allow-outside"]),
    "encoding": ("gb18030", ["--encoding", "gb18030"]),
    "delimiter": (";", ["--delimiter", ";"]),
    "max_bad_rows": (0.5, ["--max-bad-rows", "0.5"]),
    "test_size": (0.3, ["--test-size", "0.3"]),
    "random_state": (7, ["--random-state", "7"]),
    "task": ("regress", ["--task", "regress"]),
    "model": ("mlp", ["--model", "mlp"]),
    "fusion": ("decision", ["--fusion", "decision"]),
    "text_encoder": ("preset:bert_tiny_en_uncased", ["--text-encoder", "preset:bert_tiny_en_uncased"]),
    "image_encoder": ("preset:a folder", ["--image-encoder", "preset:a folder"]),
    "fine_tune": (True, ["--fine-tune"]),
    "width": (32, ["--width", "32"]),
    "depth": (1, ["--depth", "1"]),
    "dropout": (0.3, ["--dropout", "0.3"]),
    "modality_dropout": (0.0, ["--modality-dropout", "0.0"]),
    "max_tokens": (64, ["--max-tokens", "64"]),
    "image_size": (64, ["--image-size", "64"]),
    "image_augment": (("flip", "colour"), ["--image-augment", "flip", "colour"]),
    "audio_features": ("mfcc", ["--audio-features", "mfcc"]),
    "audio_rate": (8000, ["--audio-rate", "8000"]),
    "seconds": (1.5, ["--seconds", "1.5"]),
    "mels": (64, ["--mels", "64"]),
    "coefficients": (13, ["--coefficients", "13"]),
    "disturb": (0.0, ["--disturb", "0"]),
    "deep": (0, ["--deep", "0"]),
    "tokens": ("word", ["--tokens", "word"]),
    "ngrams": (1, ["--ngrams", "1"]),
    "char_ngrams": (5, ["--char-ngrams", "5"]),
    "naive_bayes": (True, ["--naive-bayes"]),
    "max_bytes": (512, ["--max-bytes", "512"]),
    "max_features": (1000, ["--max-features", "1000"]),
    "min_rows": (3, ["--min-rows", "3"]),
    "word_vectors": ("glove.txt", ["--word-vectors", "glove.txt"]),
    "freeze_word_vectors": (True, ["--freeze-word-vectors"]),
    "text_file": ("lines.txt", ["--text-file", "lines.txt"]),
    "cell": ("gru", ["--cell", "gru"]),
    "pieces": ("byte", ["--pieces", "byte"]),
    "vocabulary": (500, ["--vocabulary", "500"]),
    "max_target": (20, ["--max-target", "20"]),
    "steps": (10, ["--steps", "10"]),
    "tie": (False, ["--no-tie"]),
    "optimizer": ("adam", ["--optimizer", "adam"]),
    "decay": ("stall", ["--decay", "stall"]),
    "epochs": (2, ["--epochs", "2"]),
    "batch_size": (16, ["--batch-size", "16"]),
    "learning_rate": (0.5, ["--learning-rate", "0.5"]),
    "patience": (1, ["--patience", "1"]),
    "fold": (False, ["--no-fold"]),
    "label_smoothing": (0.1, ["--label-smoothing", "0.1"]),
    "class_weight": ("balanced", ["--class-weight", "balanced"]),
    "mixed_precision": (True, ["--mixed-precision"]),
    "xla": (True, ["--xla"]),
    "tensorboard": (True, ["--tensorboard"]),
    "seed": (1, ["--seed", "1"]),
    "output": ("runs/x", ["--output", "runs/x"]),
    "overwrite": (True, ["--overwrite"]),
    "resume": (True, ["--resume"]),
    "debug": (True, ["--debug"]),
}
FIELDS = [field.name for field in dataclasses.fields(Config)]


def test_every_field_is_tried_here() -> None:
    assert sorted(OTHER) == sorted(FIELDS)
    assert all(value != getattr(Config(), name) for name, (value, _) in OTHER.items())


@pytest.mark.parametrize("name", OTHER)
def test_every_field_is_a_flag(name: str) -> None:
    value, arguments = OTHER[name]
    assert parse("train", arguments) == dataclasses.replace(Config(), **{name: value})


def test_every_field_survives_json(tmp_path: Path) -> None:
    config = Config(**{name: value for name, (value, _) in OTHER.items()})
    path = tmp_path / "c.json"
    path.write_text(config_to_json(config), encoding="utf-8")
    assert read_config(path) == config
    assert list(json.loads(path.read_text(encoding="utf-8"))) == FIELDS
    assert "标题" in path.read_text(encoding="utf-8"), "readable, not \\u escapes"


def test_a_config_file_gives_defaults_and_flags_win(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"epochs": 3, "text": ["a", "b"], "seed": 5, "learning_rate": 1}')
    given = ["--seed", "6", "x.csv", "--config", str(path), "--text", "c"]
    assert parse("train", given) == Config(csv="x.csv", epochs=3, text=("c",), seed=6, learning_rate=1)


def test_every_command_takes_a_config_file(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"formats": ["onnx"], "output": "e"}', encoding="utf-8")
    assert parse("export", ["r", "--config", str(path)]) == Export("r", ("onnx",), "e")
    assert parse("export", ["r", "--config", str(path), "--output", "f"]).output == "f"  # type: ignore[attr-defined]
    path.write_text('{"csv": "a.csv", "probabilities": true}', encoding="utf-8")
    expected = Predict("m.onnx", "a.csv", probabilities=True)
    assert parse("predict", ["m.onnx", "--config", str(path)]) == expected  # type: ignore[comparison-overlap]
    path.write_text('{"epochs": 3}', encoding="utf-8")
    with pytest.raises(InputError, match="unknown key 'epochs'.*folder"):
        parse("verify", ["--config", str(path)])


def test_a_flag_of_a_config_file_can_be_switched_off(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text('{"xla": true}')
    assert parse("train", ["--config", str(path)]).xla  # type: ignore[attr-defined]
    assert not parse("train", ["--config", str(path), "--no-xla"]).xla  # type: ignore[attr-defined]


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
        ({"task": "translate"}, "one of 'auto', 'classify', 'multilabel', 'regress', 'generate', 'language_model'"),
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
    assert config_from_dict(values, "c.json") == Config(**values)


@pytest.mark.parametrize(
    ("value", "target"),
    [("season", ("season",)), (["width", "高度"], ("width", "高度")), ([], ()), (None, ()), ("", ())],
)
def test_a_single_target_need_not_be_a_list(value: Any, target: tuple[str, ...]) -> None:
    """null and a string are what runs of earlier versions have."""
    assert config_from_dict({"target": value}, "c.json") == Config(target=target)


@pytest.mark.parametrize("flag", ["--target", "--text"])
def test_a_file_behind_a_flag_of_many_columns_is_told(flag: str) -> None:
    done = small_runs.main("train", flag, "topic", "news.csv.gz")
    assert done.code == 2
    assert done.err.startswith(f"error: {flag} news.csv.gz: expected names of columns, and this looks like a file.")
    assert f"mmkeras train news.csv.gz {flag} …" in done.err
    check_config(Config(csv="a.csv", target=("odd.csv",)))


@pytest.mark.parametrize(
    "flags",
    [
        {"epochs": 1},
        {"batch_size": 1},
        {"max_bytes": 16},
        {"max_bytes": 4096},
        {"max_features": 230_000},
        {"label_smoothing": 0.99},
        {"seed": 2**31 - 1},
        {"random_state": 2**32 - 1},
        {"ngrams": 1},
        {"patience": 1},
        {"test_size": 0.001},
        {"max_bad_rows": 0},
        {"max_bad_rows": 1},
    ],
)
def test_the_ends_of_the_ranges_are_allowed(flags: dict[str, Any]) -> None:
    check_config(Config(**flags))


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        ({"char_ngrams": 1}, "--char-ngrams 1: expected 0, or 2 to 8"),
        ({"char_ngrams": 9}, "--char-ngrams 9: expected a whole number between 0 and 8"),
        ({"char_ngrams": 3, "model": "mlp"}, "--char-ngrams: --model mlp reads words alone"),
        ({"char_ngrams": 3, "text_encoder": "gru"}, "--char-ngrams: --text-encoder gru reads tokens in their order"),
        ({"char_ngrams": 3, "task": "generate"}, "--char-ngrams: --task generate reads tokens in their order"),
    ],
)
def test_runs_of_characters_that_would_not_be_read_are_told(flags: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError) as error:
        check_config(Config(**flags))
    assert str(error.value).startswith(what)


# what each task that writes makes use of, beside what names the run and what every training has
EVERY = {"example", "text", "validation", "encoding", "delimiter", "test_size", "width", "depth", "dropout", "pieces"}
EVERY |= {"vocabulary", "max_target", "tie", "epochs", "batch_size", "learning_rate", "patience", "xla", "seed", "csv"}
EVERY |= {"output", "overwrite", "resume", "debug", "fold"}  # neither ever folds: --no-fold gets what it asks for
COLUMNS = {"image", "audio", "number", "category", "date", "target", "media_root", "allow_outside", "max_bad_rows"}
MEDIA = {"image_encoder", "image_size", "image_augment", "audio_features", "audio_rate", "seconds", "mels", "disturb"}
TAKES = {
    "language_model": EVERY | {"text_file", "cell", "steps", "optimizer", "decay"},
    "generate": EVERY
    | COLUMNS
    | MEDIA
    | {"fusion", "modality_dropout", "text_encoder", "max_tokens", "tokens", "max_bytes", "max_features", "min_rows"}
    | {"coefficients", "fine_tune", "random_state", "label_smoothing"},
}
LATER = {"model"}  # refused by `resolved`, when the table is known
ELSEWHERE = {"task", "tensorboard"}


@pytest.mark.parametrize("task", TAKES)
@pytest.mark.parametrize("name", [name for name in OTHER if name not in ELSEWHERE])
def test_a_flag_that_a_task_has_no_use_for_is_refused(task: str, name: str) -> None:
    config = Config(**{"task": task, name: OTHER[name][0]})  # type: ignore[arg-type]
    if name in TAKES[task] or (task == "generate" and name in LATER):
        check_config(config)
        return
    with pytest.raises(InputError) as error:
        check_config(config)
    assert str(error.value).startswith(f"--{name.replace('_', '-')}")
    assert re.search(r"[Ll]eave it out|none to freeze", str(error.value))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"csv": "other.csv"}, "other.csv: a language model learns one text, here that of --text-file"),
        ({"text": ("body",)}, "--text: a language model learns one text"),
        ({"encoding": "gb18030"}, "--encoding: a --text-file is read as lines of UTF-8"),
        ({"example": "news"}, "--example: it brings a table"),
    ],
)
def test_beside_a_text_file_there_is_no_table(flags: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as error:
        check_config(Config(task="language_model", text_file="lines.txt", **flags))
    assert str(error.value).startswith(said)


def test_a_run_to_resume_keeps_the_flags_that_it_began_with() -> None:
    """Of an earlier version it may have some that are refused now; those of another value `resumed_config` refuses."""
    check_config(Config(task="language_model", max_tokens=64, resume=True))


def test_what_a_table_decides_is_no_flag_that_is_refused() -> None:
    """A run of `generate` has this in its config.json, which starts the same training again."""
    check_config(Config(task="generate", model="multimodal", fusion="concat", text_encoder="transformer"))


def test_a_config_cannot_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().seed = 1  # type: ignore[misc]


def test_a_run_s_config_starts_the_same_training_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only says how a command was started is not kept: it would refuse or replace things in the next one."""
    seen: list[Config] = []

    def fit(config: Config, *_: Any) -> None:
        seen.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr(mmkeras.training.train, "fit", fit)
    path = small_runs.write_rows(tmp_path / "n.csv", small_runs.news_rows(30))
    first = tmp_path / "first"
    start = ["train", path, *small_runs.FLAGS, "--epochs", "9", "--overwrite", "--output", first]
    assert small_runs.main(*start).code == 130
    saved = first / "config.json"
    again = small_runs.main("train", "--config", saved, "--output", tmp_path / "second")
    assert again.code == 130, again.err
    expected = dataclasses.replace(seen[0], output=str(tmp_path / "second"), overwrite=False)
    assert seen[1] == expected
    resumed = small_runs.main("train", "--resume", "--output", first)
    assert resumed.code == 130, resumed.err
    assert seen[2] == dataclasses.replace(seen[0], overwrite=False, resume=True)
    assert small_runs.main("train", "--config", saved, "--resume", "--output", first).code == 130
