"""n-grams and the vector of a frozen preset in one model: trained, exported, opened with Keras, gone on from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import reference_wordpiece as reference
import small_runs
from small_runs import COLUMNS, TARGET, Done

import mmkeras
from mmkeras.config.check import check_config
from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.errors import InputError
from mmkeras.training.resolve import preset_note, resolved

hub = pytest.importorskip("keras_hub", reason="no pretrained encoders: pip install keras-hub")
SIZES: dict[str, int] = {"num_layers": 1, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A BERT with random weights, as a keras-hub folder."""
    import keras

    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("tiny_bert")
    size = len(reference.VOCABULARY)
    hub.models.BertBackbone(vocabulary_size=size, max_sequence_length=16, **SIZES).save_to_preset(folder)
    hub.models.BertTokenizer(list(reference.VOCABULARY), lowercase=True).save_to_preset(folder)
    return str(folder)


@pytest.fixture(scope="module")
def trained(tiny: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Done]]:
    """A run, in whose folder of work the tests stay, and what the training printed."""
    folder = tmp_path_factory.mktemp("work")
    small_runs.write_rows(folder / "news.csv", small_runs.news_rows(90))
    small_runs.write_rows(folder / "more.csv", small_runs.news_rows(60, seed=5))
    flags = ("--text", COLUMNS[1], "--target", TARGET, "--max-bytes", "96", "--epochs", "2")
    with small_runs.working_folder(folder):
        done = small_runs.main("train", "news.csv", *flags, "--text-encoder", f"preset:{tiny}", "--max-tokens", "16")
        assert done.code == 0, done.err
        yield folder, done


def test_the_model_is_chosen_and_said(trained: tuple[Path, Done]) -> None:
    folder, done = trained
    assert done.lines.count(CHOSEN) == 1
    config = json.loads((folder / "runs/news/config.json").read_text(encoding="utf-8"))
    assert config["model"] == "wide_deep"
    metrics = json.loads((folder / "runs/news/metrics.json").read_text(encoding="utf-8"))
    kept = metrics["heads"]["tried"][metrics["heads"]["kept"]]  # its n-grams' and its vector's weights are in the model
    assert kept["accuracy"] == pytest.approx(metrics["validation"]["accuracy"])
    explained = json.loads((folder / "runs/news/explanations.json").read_text(encoding="utf-8"))
    assert explained["part"] == "wide"
    assert all(entry["ngrams"] for entry in explained["classes"])
    assert any(mistake["rest"] for mistake in explained["mistakes"])  # what the vector adds


CHOSEN = "model: wide_deep, with the preset's vector beside the n-grams (--model multimodal: the preset alone)"


def test_keras_and_python_answer_alike(trained: tuple[Path, Done]) -> None:
    import keras

    folder, _ = trained
    texts = [row[COLUMNS[1]] for row in small_runs.news_rows(5)]
    model = keras.models.load_model(folder / "runs/news/model.keras")
    assert {layer.name for layer in model.get_layer("core").layers} >= {"news_text_wide", "news_text_sentence"}
    inputs = mmkeras.raw_inputs([{COLUMNS[1]: text} for text in texts], folder / "runs/news")
    expected = model.predict(inputs, verbose=0)
    answers = mmkeras.load(folder / "runs/news").predict([{COLUMNS[1]: text} for text in texts])
    np.testing.assert_allclose(answers["probability"].astype(float), expected.max(axis=1), atol=1e-5)
    votes = model.get_layer("core").get_layer("news_text_sentence").table
    assert np.abs(np.asarray(votes)).max() > 0.01


def test_a_training_goes_on_from_it(trained: tuple[Path, Done]) -> None:
    done = small_runs.main("train", "more.csv", "--continue-from", "runs/news", "--epochs", "1", "--output", "runs/on")
    assert done.code == 0, done.err
    assert any(line.startswith("going on from runs/news: val_") for line in done.lines)


@pytest.mark.slow
def test_every_format_answers_as_the_model(trained: tuple[Path, Done]) -> None:
    done = small_runs.main("export", "runs/news")
    assert done.code == 0, done.out + done.err
    assert sum(line.endswith(" ok") for line in done.lines) == 3


def test_a_preset_with_a_tokenizer_before_the_graph_is_refused(tmp_path: Path, trained: tuple[Path, Done]) -> None:
    import keras

    keras.utils.set_random_seed(0)
    pieces = ["<s>", "<pad>", "</s>", "<mask>", "Ġ", *map(chr, range(33, 127)), "ab"]
    hub.models.RobertaBackbone(len(pieces), **SIZES, max_sequence_length=16).save_to_preset(tmp_path)
    vocabulary = {piece: k for k, piece in enumerate(pieces)}
    hub.models.RobertaTokenizer(vocabulary, merges=["a b"]).save_to_preset(tmp_path)
    flags = ("--text", COLUMNS[1], "--target", TARGET, "--max-tokens", "16", "--output", tmp_path / "r")
    done = small_runs.main("train", "news.csv", *flags, "--text-encoder", f"preset:{tmp_path}", "--model", "wide_deep")
    assert done.code == 2
    assert "its BPE tokenizer runs before the graph, where n-grams cannot be read beside it" in done.err


def table_of(*kinds: str, task: str = "classify") -> Any:
    return SimpleNamespace(inputs=[Column(f"c{k}", kind, "input") for k, kind in enumerate(kinds)], task=task)


@pytest.mark.parametrize(
    ("kinds", "flags", "model"),
    [
        (("text",), {}, "wide_deep"),
        (("text", "text"), {"char_ngrams": 3}, "wide_deep"),
        (("text", "image"), {}, "multimodal"),
        (("text",), {"fine_tune": True}, "multimodal"),
        (("text",), {"fusion": "sum"}, "multimodal"),
        (("text",), {"text_encoder": "preset:roberta_base_en"}, "multimodal"),
        (("text",), {"model": "multimodal"}, "multimodal"),
    ],
)
def test_which_model_reads_a_preset(kinds: tuple[str, ...], flags: dict[str, Any], model: str) -> None:
    given = Config.of(**{"text_encoder": "preset:bert_tiny_en_uncased", **flags})
    check_config(given)
    config = resolved(given, table_of(*kinds))
    assert config.model.model == model
    assert resolved(config, table_of(*kinds)) == config
    assert preset_note(given, config).startswith("" if "model" in flags else f"model: {model}")


@pytest.mark.parametrize(
    ("flags", "task", "words"),
    [
        ({"model": "wide_deep", "fine_tune": True}, "classify", "--fine-tune: beside n-grams"),
        ({"size_budget": "1MB"}, "classify", "--size-budget 1MB: a preset has many megabytes"),
        ({"model": "mlp"}, "classify", "--model mlp learns classes from text columns alone"),
        ({"model": "wide_deep"}, "regress", "--model wide_deep learns classes"),
        ({"char_ngrams": 3, "fine_tune": True}, "classify", "--char-ngrams: the multimodal model reads the preset's"),
        ({"char_ngrams": 3}, "regress", "--char-ngrams: the multimodal model reads the preset's"),
    ],
)
def test_what_does_not_go_with_a_preset(flags: dict[str, Any], task: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        resolved(Config.of(text_encoder="preset:bert_tiny_en_uncased", **flags), table_of("text", task=task))
    assert str(error.value).startswith(words)
