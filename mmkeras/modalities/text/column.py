"""A text column in the model: as a bag of words and pairs, or as a sequence that a Transformer or a GRU reads."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras.config.config import Config
from mmkeras.features import ragged
from mmkeras.features.cache import features_elsewhere, kept_folder, key_of
from mmkeras.features.column_features import RaggedFeatures, bag_features
from mmkeras.graph import Input, Serving
from mmkeras.modalities.encoded import Bag, Encoded, Sizes
from mmkeras.modalities.text.bag import BagEmbedding, ByOrder, DropFeatures
from mmkeras.modalities.text.features import (
    TextLayers,
    TextState,
    bags,
    hash_texts,
    learn_state,
    load_state,
    new_table,
    save_state,
    sequences,
    text_hasher,
)
from mmkeras.modalities.text.pretrained import column as preset_column
from mmkeras.modalities.text.sequence import SequenceIds, encode_gru, encode_transformer
from mmkeras.modalities.text.serving import TEXT_FACTS, read_texts
from mmkeras.modalities.text.spec import TextSpec, served_name
from mmkeras.modalities.text.word_vectors import load_word_vectors
from mmkeras.system.files import write_json

Tensor = Any
AVERAGE = "average"
WORD_DROPOUT = 0.6
RUN_DROPOUT = 0.8  # with runs of characters, which say each thing many times over
VERSION = 1  # of what features are on disk


@dataclass(frozen=True)
class TextColumn:
    """encoder: `average` for a bag, `transformer` or `gru` for the order too. max_tokens: of a sequence.

    vectors: of words that were loaded, float32 [rows, dim]; vector_dim says how many dimensions they had where they are
    in the core's weights already. cut: share of the training texts that were longer than `max_bytes`.
    """

    name: str
    state: TextState
    encoder: str = AVERAGE
    max_tokens: int = 128
    vectors: np.ndarray | None = None
    vector_dim: int | None = None
    cut: float = 0.0

    @property
    def bag(self) -> Bag | None:
        if self.encoder != AVERAGE:
            return None
        return Bag(self.state.n_rows, self.vectors, self.vector_dim)

    def entry(self) -> dict[str, Any]:
        own = {"rule": asdict(self.state.spec), "encoder": self.encoder, "max_tokens": self.max_tokens}
        return {**own, "vector_dim": self.vector_dim}

    def save(self, folder: Path) -> None:
        save_state(self.state, folder / f"{self.name}.npz")

    def input(self, column: str) -> Input:
        longest = self.state.spec.max_bytes
        metadata = {"encoding": TEXT_FACTS["encoding"], "max_bytes": longest, "cut": TEXT_FACTS["cut"]}
        serving = Serving(served_name(self.name), "string", lambda text: read_texts(text, longest))
        return Input(self.name, column, "text", "uint8", ("n_bytes",), metadata, serving=serving)

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        rows, weights = TextLayers(self.state, self.name)(raw)
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

    def encode(self, features: dict[str, Tensor], shape: Sizes, exporting: bool = False) -> Encoded:
        n_rows, name, width = self.state.n_rows, self.name, shape.width
        if self.encoder == AVERAGE:
            return self.average(features[f"{name}_rows"], features[f"{name}_weights"], shape)
        ids, dropout = features[f"{name}_sequence"], shape.dropout
        if self.encoder == "gru":
            return encode_gru(ids, n_rows, width, dropout, self.max_tokens, exporting, name)
        return encode_transformer(ids, n_rows, width, shape.depth, shape.heads, dropout, self.max_tokens, name)

    def average(self, rows: Tensor, weights: Tensor, shape: Sizes) -> Encoded:
        """One token: the sum of the vectors of words and pairs, each by its weight."""
        rate = RUN_DROPOUT if self.state.spec.char_ngrams else WORD_DROPOUT
        weights = DropFeatures(rate, name=f"{self.name}_drop")(weights)
        dim = self.vector_dim or shape.width
        table = BagEmbedding(self.state.n_rows, dim, "uniform", sparse=False, name=f"{self.name}_vectors")
        vector = table(rows, weights)  # [b, dim]
        if dim != shape.width:
            vector = keras.layers.Dense(shape.width, name=f"{self.name}_projection")(vector)
        tokens = keras.layers.Reshape((1, shape.width), name=f"{self.name}_token")(
            vector
        )  # [b, width] -> [b, 1, width]
        return Encoded(tokens, ops.ones_like(tokens[:, :, 0]))


def adapt(
    name: str, cells: dict[str, list[str]], spec: TextSpec, config: Config, folder: Path, log: Any
) -> tuple[Any, dict[str, Any]]:
    """Choose the vocabulary on the training rows; write every row's features below `folder`/features."""
    if config.text.text_encoder.startswith(preset_column.PRESET):
        return preset_column.adapt(name, cells, config, folder, log)
    column, sides = learn_text(name, cells, spec, folder / "features", config.text.text_encoder, config.text.max_tokens)
    cut = f"{column.cut:.1%} of the texts are cut at {spec.max_bytes} bytes"
    log(f"{name}: {column.state.vocabulary.size} features kept; {cut}")
    if not config.text.word_vectors:
        return column, sides
    vectors, found = load_word_vectors(config.text.word_vectors, column.state)
    log(f"{name}: {found} of {column.state.vocabulary.size} features have a vector in {config.text.word_vectors}")
    return replace(column, vectors=vectors, vector_dim=vectors.shape[1]), sides


def learn_text(
    name: str,
    cells: dict[str, list[str]],
    spec: TextSpec,
    folder: Path,
    encoder: str = AVERAGE,
    max_tokens: int = 128,
) -> tuple[TextColumn, dict[str, RaggedFeatures]]:
    """Adapt a text column on its training rows; write both sides' features below `folder`; open them memory-mapped.

    Made once for the same texts and the same rule, in this run's folder or one beside it.
    """
    made_of = ["text", VERSION, asdict(spec), encoder, max_tokens, len(cells["train"])]
    key = key_of(made_of, [*cells["train"], *cells["validation"]])

    def make(place: Path) -> None:
        write_features(cells, spec, place, encoder, max_tokens)

    place = kept_folder(folder, name, key, features_elsewhere(folder.parent), make)
    state = load_state(place / "state.npz", spec)
    cut = json.loads((place / "cut.json").read_text(encoding="utf-8"))
    opened = {side: ragged.load(place / side) for side in cells}
    sides = {
        side: bag_features(name, rows) if encoder == AVERAGE else RaggedFeatures((f"{name}_sequence",), rows)
        for side, rows in opened.items()
    }
    return TextColumn(name, state, encoder, max_tokens, cut=cut), sides


def write_features(cells: dict[str, list[str]], spec: TextSpec, place: Path, encoder: str, max_tokens: int) -> None:
    """The adapted state, each side's bags or sequences, and the share of training texts that are cut."""
    table = new_table(spec)
    hasher = text_hasher(spec, table)
    train = hash_texts(cells["train"], spec, table, hasher)
    state = learn_state(train, spec, table)
    layers = TextLayers(state, "text")
    for side, some in cells.items():
        texts = train if side == "train" else hash_texts(some, spec, table, hasher)
        ragged.save(bags(texts, layers) if encoder == AVERAGE else sequences(texts, layers, max_tokens), place / side)
    save_state(state, place / "state.npz")
    write_json(place / "cut.json", train.cut / max(len(cells["train"]), 1))


def load(entry: dict[str, Any], folder: Path) -> Any:
    """Rebuild it from its part of schema.json and its arrays."""
    if "preset" in entry:
        return preset_column.load(entry, folder)
    state = load_state(folder / f"{entry['name']}.npz", TextSpec(**entry["rule"]))
    return TextColumn(
        entry["name"],
        state,
        entry.get("encoder", AVERAGE),
        entry.get("max_tokens", 128),
        vector_dim=entry.get("vector_dim"),
    )
