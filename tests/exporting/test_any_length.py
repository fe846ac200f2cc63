"""A text of any length, an empty one too, is cut inside every artefact where a Python client cuts it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference_tokenizer as reference
from any_length import (
    FILLER,
    arrays_of,
    assert_any_length,
    assert_same,
    export_quickly,
    free_lengths,
    graph_of,
    mixed_rows,
    texts_around,
)
from parity import Exported, assert_ids, make_state, shaken

from mmkeras.modalities.text.cells import encode_cell, pad

LONGEST = 4096
TEXTS = [*reference.HOSTILE_TEXTS, FILLER]


def text_column(name: str, encoder: str = "average", **spec: Any) -> Any:
    from mmkeras.modalities.text.column import TextColumn

    return TextColumn(name, make_state([text[:192] for text in TEXTS], **spec), encoder, 24)


def test_the_default_model(small: Exported) -> None:
    """Also the reference's ids."""
    rows = [{"body": text} for text in texts_around(96)]
    assert_any_length(small.graph, small.runners, rows)
    expected = {"body": [small.expected_ids("body", encode_cell(row["body"], 96)) for row in rows]}
    for name, call in free_lengths(small.runners).items():
        assert_ids(dict(call(arrays_of(small.graph, rows, cut=False))), expected, name)


def category_column(name: str) -> Any:
    """Its values: one that a long text of `texts_around` is cut to, and a short one."""
    from mmkeras.modalities.category.column import CategoryColumn
    from mmkeras.modalities.category.layers import adapt_values
    from mmkeras.modalities.category.spec import MAX_BYTES

    values = [encode_cell(text, MAX_BYTES).decode() for text in (FILLER * 40, FILLER[:1])]
    return CategoryColumn(name, *adapt_values([value.strip() for value in values], 1))


def check(columns: dict[str, Any], folder: Path, single: tuple[int, ...] = (), **flags: Any) -> Any:
    """Every text in every column of a model of these columns, in every format."""
    graph = graph_of(columns, width=16, **flags)
    rows = mixed_rows({i.name: i.max_bytes for i in graph.inputs if i.max_bytes})
    assert_any_length(graph, export_quickly(graph, folder), rows, single)
    return graph.model(arrays_of(graph, rows, cut=False))


def test_bytes_runs_of_characters_and_a_category(tmp_path: Path) -> None:
    columns = {
        "runs": text_column("runs", char_ngrams=4, max_bytes=70),
        "byte": text_column("byte", mode="byte", orders=1, weighting="mean", unknown_buckets=64, max_bytes=50),
        "brand": category_column("brand"),
    }
    outputs = check(columns, tmp_path, (0, 4, 6, 9, 15), model="multimodal", fusion="concat")
    ids = np.asarray(outputs["brand_ids"]).ravel().tolist()
    assert set(ids) == {0, 1, 2, 3}  # none, unknown, and both values


@pytest.mark.slow
def test_the_other_tokens_at_the_longest_limit(tmp_path: Path) -> None:
    columns = {
        "mixed": text_column("mixed", max_bytes=LONGEST),
        "word": text_column("word", mode="word", weighting="mean", unknown_buckets=64, max_bytes=LONGEST),
        "character": text_column("character", mode="character", max_bytes=64),
        "runs": text_column("runs", char_ngrams=5, max_bytes=LONGEST),
    }
    check(columns, tmp_path, (0, 4, 6, 9, 15), model="multimodal", fusion="concat")


@pytest.mark.slow
def test_sequences(tmp_path: Path) -> None:
    """A Transformer's and a GRU's text, whose number of tokens has a limit of its own."""
    spec: dict[str, Any] = {"orders": 1, "weighting": "mean", "unknown_buckets": 64}
    columns = {name: text_column(name, name, max_bytes=LONGEST, **spec) for name in ("transformer", "gru")}
    check(columns, tmp_path, (0, 1, 4, 6, 12), model="multimodal", depth=1)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["wide_deep", "mlp"])
def test_the_models_of_text_alone(model: str, tmp_path: Path) -> None:
    columns = {"text": text_column("text", orders=1 if model == "mlp" else 2, max_bytes=LONGEST)}
    check(columns, tmp_path, model=model)


def test_a_fixed_length_takes_what_the_runner_cuts(small: Exported) -> None:
    """LiteRT's row of 96 bytes: a longer row is cut before, and answered by it."""
    runner = small.runners["tflite"]
    text = (FILLER * 20)[:1000]
    fixed = pad([encode_cell(text, 96)], 96)
    assert_same(runner({"body": pad([text])}), runner.endpoint("predict_96")({"body": fixed}), "predict_96")


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["transformer", "lstm"])
def test_tokens_to_be_scored(cell: str, tmp_path: Path) -> None:
    """No token is the end of a text; of more than a Transformer's window the first are scored."""
    import keras

    from mmkeras.config.config import Config
    from mmkeras.data.targets.target_tokenizer import EOS, train_tokenizer
    from mmkeras.exporting.formats import load_exporter
    from mmkeras.models.language_model import build_core
    from mmkeras.models.traced import as_function
    from mmkeras.runtime.exported import open_graphs
    from mmkeras.runtime.formats import FORMATS
    from mmkeras.tasks.assets import Assets
    from mmkeras.tasks.text_generation.recurrent_graphs import graphs_of

    keras.utils.set_random_seed(0)
    tokenizer = train_tokenizer("word", ["a b c d e f g h i j"], 20)
    config = Config.of(task="language_model", cell=cell, width=32, depth=1, steps=8)
    _, _, model = build_core(config, len(tokenizer))
    metadata = {"task": "language_model", "target": "text", "max_target": 5}
    graphs = {graph.name: graph for graph in graphs_of(model, metadata)}
    score = graphs["score"]
    shaken(score.model)  # tf2onnx mixes up a single head's keys where biases are exactly zero
    window = score.metadata.get("window")
    assert "any_length" in score.inputs[0].metadata
    ids = np.random.default_rng(0).integers(1, 12, (2, 20)).astype("int32")
    trained = as_function(score.model)
    expected = {n: trained({"pieces": ids[:, :n]})["log_probabilities"] for n in (2, 8, 20)}
    expected[0] = trained({"pieces": np.full((2, 1), EOS, "int32")})["log_probabilities"]
    np.testing.assert_allclose(expected[20][:, :8], expected[8], rtol=0, atol=1e-5)
    for name in FORMATS:
        paths = load_exporter(name).export(graphs, Assets("texts", tokenizer=tokenizer), tmp_path)
        runner: Any = open_graphs(paths, 1)["score"]
        for n, log_probabilities in expected.items():
            assert log_probabilities.shape == (2, max(min(n, window or n), 1))
            for call in (runner, runner.uncut):
                got = call({"pieces": ids[:, :n]})["log_probabilities"]
                np.testing.assert_allclose(got, log_probabilities, rtol=0, atol=1e-5, err_msg=f"{name}, {n}")
