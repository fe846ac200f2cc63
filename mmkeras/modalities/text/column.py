"""The text modality: a bag of tokens, pairs and character n-grams, or a sequence for a Transformer or a GRU."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.config.config import Config
from mmkeras.config.folding import folds
from mmkeras.config.presets import is_preset
from mmkeras.features.cache import features_elsewhere, kept_folder, key_of
from mmkeras.features.column_features import RaggedFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.any_length import CutBytes
from mmkeras.modalities.encoded import Bag, Encoded, Sizes
from mmkeras.modalities.text import beside
from mmkeras.modalities.text.bag import BagEmbedding, ByOrder, DropFeatures
from mmkeras.modalities.text.features import (
    TextLayers,
    TextState,
    load_state,
    save_state,
    state_digest,
    unknown_tokens,
)
from mmkeras.modalities.text.pretrained import column as preset_column
from mmkeras.modalities.text.sequence import Padded, SequenceIds, encode_gru, encode_transformer
from mmkeras.modalities.text.serving import TEXT_METADATA, read_texts
from mmkeras.modalities.text.spec import TextSpec, served_name
from mmkeras.modalities.text.word_vectors import load_word_vectors
from mmkeras.modalities.text.written_features import AVERAGE, open_features, write_features

Tensor = Any
WORD_DROPOUT = 0.6
CHAR_NGRAM_DROPOUT = 0.8  # higher, since the n-grams of a word overlap and repeat one another
VERSION = 2  # of the features on disk


@dataclass(frozen=True)
class TextColumn:
    """encoder: `average` for a bag, `transformer` or `gru` for a sequence. max_tokens: of a sequence.

    vectors: loaded word vectors, float32 [rows, dim]; vector_dim: their dimensions, also once the vectors are among the
    core's weights. cut: share of the training texts that were longer than `max_bytes`. bits: of a number in the
    column's tables in the deployed model; None for float32. row_lengths: of texts in bytes, of `Bag`.
    """

    name: str
    state: TextState
    encoder: str = AVERAGE
    max_tokens: int = 128
    vectors: np.ndarray | None = None
    vector_dim: int | None = None
    cut: float = 0.0
    bits: int | None = None
    row_lengths: tuple[int, ...] = ()

    @property
    def bag(self) -> Bag | None:
        if self.encoder != AVERAGE:
            return None
        spec = self.state.spec
        return Bag(
            self.state.n_rows,
            self.vectors,
            self.vector_dim,
            bits=self.bits,
            version=spec.version,
            row_lengths=self.row_lengths,
        )

    def entry(self) -> dict[str, Any]:
        return {
            "rule": asdict(self.state.spec),
            "encoder": self.encoder,
            "max_tokens": self.max_tokens,
            "vector_dim": self.vector_dim,
        } | ({"bits": self.bits, "row_lengths": list(self.row_lengths)} if self.bits else {})

    def save(self, folder: Path) -> None:
        save_state(self.state, folder / f"{self.name}.npz")

    def input(self, column: str) -> Input:
        max_bytes = self.state.spec.max_bytes
        metadata = {**TEXT_METADATA, "max_bytes": max_bytes}
        serving = Serving(served_name(self.name), "string", lambda text: read_texts(text, max_bytes))
        return Input(self.name, column, "text", "uint8", ("n_bytes",), metadata, serving=serving)

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        data = CutBytes(self.state.spec.max_bytes, name=f"{self.name}_cut")(raw)
        rows, weights = TextLayers(self.state, self.name)(data)
        if self.encoder == AVERAGE:
            return {f"{self.name}_rows": rows, f"{self.name}_weights": weights}
        return {f"{self.name}_sequence": SequenceIds(self.max_tokens, name=f"{self.name}_sequence_ids")(rows)}

    def features(self) -> dict[str, Any]:
        dtypes = {"rows": "int32", "weights": "float32"} if self.encoder == AVERAGE else {"sequence": "int32"}
        names = {f"{self.name}_{part}": dtype for part, dtype in dtypes.items()}
        return {name: keras.Input((None,), dtype=dtype, name=name) for name, dtype in names.items()}

    def ids(self, features: dict[str, Tensor]) -> Any:
        if self.encoder == AVERAGE:
            return ByOrder(self.state.spec.kinds, name=f"{self.name}_ids")(features[f"{self.name}_rows"])
        return ops.expand_dims(features[f"{self.name}_sequence"], 1)  # [b, T] -> [b, 1, T]

    def prepared(self, features: dict[str, Tensor], sizes: Sizes) -> tuple[Tensor, Tensor]:
        ids = Padded(self.max_tokens, name=f"{self.name}_padded")(features[f"{self.name}_sequence"])
        shown = ops.cast(ids > 0, "float32")  # [b, max_tokens]
        vectors = keras.layers.Embedding(self.state.n_rows, sizes.width, name=f"{self.name}_embedding")(ids)
        return vectors * ops.expand_dims(shown, 2), shown  # [b, max_tokens, width]

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        n_rows, name, width = self.state.n_rows, self.name, sizes.width
        if self.encoder == AVERAGE:
            return self.average(features[f"{name}_rows"], features[f"{name}_weights"], sizes)
        ids, dropout = features[f"{name}_sequence"], sizes.dropout
        if self.encoder == "gru":
            return encode_gru(ids, n_rows, width, dropout, self.max_tokens, exporting, name)
        return encode_transformer(ids, n_rows, width, sizes.depth, sizes.heads, dropout, self.max_tokens, name)

    def average(self, rows: Tensor, weights: Tensor, sizes: Sizes) -> Encoded:
        """Rows and weights [b, F] -> one token: the weighted sum of the features' vectors."""
        rate = CHAR_NGRAM_DROPOUT if self.state.spec.char_ngrams else WORD_DROPOUT
        weights = DropFeatures(rate, name=f"{self.name}_drop")(weights)
        dim = self.vector_dim or sizes.width
        table = BagEmbedding(self.state.n_rows, dim, "uniform", sparse=False, name=f"{self.name}_vectors")
        vector = table(rows, weights)  # [b, dim]
        if dim != sizes.width:
            vector = keras.layers.Dense(sizes.width, name=f"{self.name}_projection")(vector)
        tokens = keras.layers.Reshape((1, sizes.width), name=f"{self.name}_token")(
            vector
        )  # [b, width] -> [b, 1, width]
        return Encoded(tokens, ops.ones_like(tokens[:, :, 0]))


def adapt(
    name: str, cells: dict[str, list[str]], spec: TextSpec, config: Config, folder: Path, log: Any
) -> tuple[Any, dict[str, Any]]:
    """Choose the vocabulary on the training rows; write every row's features below `folder`/features."""
    text = config.text
    has_preset = is_preset(text.text_encoder)
    if has_preset and config.model.model == "multimodal":
        return preset_column.adapt(name, cells, text, config.model, folder, log)
    encoder, counted = AVERAGE if has_preset else text.text_encoder, counted_parts(config)
    column, features = adapt_text(name, cells, spec, folder / "features", encoder, text.max_tokens, counted)
    cut = f"{column.cut:.1%} of the texts are cut at {spec.max_bytes} bytes"
    log(f"{name}: {column.state.vocabulary.size} features kept; {cut}")
    if has_preset:
        return beside.adapt(column, features, cells, config, folder, log)
    if not text.word_vectors:
        return column, features
    vectors, n_matched = load_word_vectors(text.word_vectors, column.state)
    log(f"{name}: {n_matched} of {column.state.vocabulary.size} features have a vector in {text.word_vectors}")
    return replace(column, vectors=vectors, vector_dim=vectors.shape[1]), features


def counted_parts(config: Config) -> tuple[str, ...]:
    """The splits whose texts decide the vocabulary and the document frequencies.

    The held-out rows too where the text classifier is trained on them in the end: their labels are not read, and a
    feature that they alone have weighs nothing while they are held out.
    """
    both = config.model.model == "wide_deep" and folds(config)
    return ("train", "validation") if both else ("train",)


def adapt_text(
    name: str,
    cells: dict[str, list[str]],
    spec: TextSpec,
    folder: Path,
    encoder: str = AVERAGE,
    max_tokens: int = 128,
    counted: tuple[str, ...] = ("train",),
) -> tuple[TextColumn, dict[str, RaggedFeatures]]:
    """Adapt a text column on the splits `counted`; write the features of both splits; open them memory-mapped.

    cells: `train` and `validation` -> texts. folder: the features lie in a folder below it. They are computed once for
    the same texts and the same spec: features of this run or of one beside it are used again.
    """
    settings = ["text", VERSION, asdict(spec), encoder, max_tokens, len(cells["train"]), counted]
    key = key_of(settings, chain(cells["train"], cells["validation"]))

    def write(feature_folder: Path) -> None:
        write_features(cells, spec, feature_folder, encoder, max_tokens, counted=counted)

    feature_folder = kept_folder(folder, name, key, features_elsewhere(folder.parent), write)
    state = load_state(feature_folder / "state.npz", spec)
    cut = json.loads((feature_folder / "cut.json").read_text(encoding="utf-8"))
    return TextColumn(name, state, encoder, max_tokens, cut=cut), open_features(name, encoder, feature_folder, cells)


def compute_features(column: Any, cells: dict[str, list[str]], folder: Path, log: Any) -> dict[str, Any]:
    """The features of the rows by an adapted column, below `folder`/features; new words stay unknown."""
    if isinstance(column, preset_column.PresetColumn):
        return preset_column.compute_features(column, cells, folder, log)
    if isinstance(column, beside.TextBesidePreset):
        return column.beside(compute_features(column.text, cells, folder, log), cells, folder, log)
    state, encoder, max_tokens, features = column.state, column.encoder, column.max_tokens, folder / "features"
    settings = ["adapted text", VERSION, asdict(state.spec), encoder, max_tokens, state_digest(state)]
    key = key_of([*settings, len(cells["train"])], chain(cells["train"], cells["validation"]))

    def write(feature_folder: Path) -> None:
        write_features(cells, state.spec, feature_folder, encoder, max_tokens, state)

    feature_folder = kept_folder(features, column.name, key, features_elsewhere(folder), write)
    log(f"{column.name}: {unknown_tokens(cells['train'], state):.1%} of the new rows' tokens are unknown, and stay so")
    return open_features(column.name, encoder, feature_folder, cells)


def load(entry: dict[str, Any], folder: Path) -> Any:
    """Rebuild the column from its entry in schema.json and its arrays."""
    if "preset" in entry:
        return preset_column.load(entry, folder)
    if "beside" in entry:
        text = load({key: value for key, value in entry.items() if key != "beside"}, folder)
        return beside.load(text, entry, folder)
    state = load_state(folder / f"{entry['name']}.npz", TextSpec(**entry["rule"]))
    return TextColumn(
        entry["name"],
        state,
        entry.get("encoder", AVERAGE),
        entry.get("max_tokens", 128),
        vector_dim=entry.get("vector_dim"),
        bits=entry.get("bits"),
        row_lengths=tuple(entry.get("row_lengths", ())),
    )
