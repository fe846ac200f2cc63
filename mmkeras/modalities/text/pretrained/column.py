"""A text column with a pretrained encoder: frozen, with one vector a text cached on disk; or fine-tuned."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from mmkeras.config.config import Model, Text
from mmkeras.config.presets import preset_of
from mmkeras.features import ragged
from mmkeras.features.cache import KEY_BYTES, features_elsewhere, kept_folder, key_of
from mmkeras.features.column_features import ArrayFeatures, RaggedFeatures
from mmkeras.graph import Input, Serving
from mmkeras.modalities.any_length import CutBytes, CutTokens
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.text.cells import encode_cell
from mmkeras.modalities.text.pretrained.encoder import (
    PretrainedEncoder,
    SentenceEmbedding,
    embed,
    encoder_of,
    wordpiece,
    wordpiece_ids,
)
from mmkeras.modalities.text.pretrained.external_tokenizer import end_of, save_tokenizer, tokenize_externally
from mmkeras.modalities.text.pretrained.preset import Preset, check_length, read_preset
from mmkeras.modalities.text.serving import TEXT_METADATA, read_texts
from mmkeras.modalities.text.spec import served_name
from mmkeras.modalities.text.wordpiece.tables import WordPieceTables, build_tables, load_tables, save_tables
from mmkeras.system.keras_file import load_part
from mmkeras.system.progress import Log, Progress

Tensor = Any
EMBEDDING = "{name}_mean"  # the layer of a frozen encoder
NO_TOKEN = -1  # the padding of ids of an external tokenizer
CUT_IDS = "more ids are cut in the graph, where `end` takes the last place; an empty text may have 0 ids"


@dataclass(frozen=True)
class PresetColumn:
    """encoder: the backbone as a layer, with its weights if it is frozen. trainable: fine-tune the encoder, whose
    weights are then among the core's. tables: of a WordPiece, which runs inside the graph. tokenizer: the folder of an
    external tokenizer, which runs before the graph.
    """

    name: str
    preset: Preset
    encoder: PretrainedEncoder
    max_tokens: int
    max_bytes: int
    trainable: bool
    tables: WordPieceTables | None
    tokenizer: Path

    @property
    def bag(self) -> None:
        return None

    @property
    def cut(self) -> None:
        return None

    def entry(self) -> dict[str, Any]:
        return {
            "preset": self.preset.name,
            "tokenizer": self.preset.tokenizer,
            "max_tokens": self.max_tokens,
            "max_bytes": self.max_bytes,
            "trainable": self.trainable,
        }

    def save(self, folder: Path) -> None:
        (folder / f"{self.name}_preset.json").write_text(json.dumps(asdict(self.preset)), encoding="utf-8")
        if self.tables:
            save_tables(folder / f"{self.name}.npz", self.tables)
        if not self.trainable:
            self.encoder.backbone.save_weights(folder / f"{self.name}.weights.h5")

    def input(self, column: str) -> Input:
        if not self.preset.in_graph:
            metadata = {"tokenizer": self.preset.tokenizer, "max_tokens": self.max_tokens, "padding": NO_TOKEN}
            metadata |= {"tokenizer_files": f"tokenizers/{self.name}", "preset": self.preset.name}
            metadata |= {"end": end_of(self.tokenizer), "any_length": CUT_IDS}
            serving = Serving(served_name(self.name), "int32", lambda ids: (ids, self._presence(ids)), (None,))
            fixed = {"n_tokens": self.max_tokens}
            return Input(self.name, column, "text", "int32", ("n_tokens",), metadata, fixed, serving)
        metadata = {
            **TEXT_METADATA,
            "max_bytes": self.max_bytes,
            "max_tokens": self.max_tokens,
            "preset": self.preset.name,
        }
        serving = Serving(served_name(self.name), "string", lambda text: read_texts(text, self.max_bytes))
        return Input(self.name, column, "text", "uint8", ("n_bytes",), metadata, serving=serving)

    def _presence(self, ids: Tensor) -> Tensor:
        return ops.cast(ops.any(ids > NO_TOKEN, axis=1, keepdims=True), "float32")

    def tokens(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Raw input -> int32 ids [b, T] and mask [b, T]."""
        if self.preset.in_graph:
            data = CutBytes(self.max_bytes, name=f"{self.name}_cut")(raw)
            return wordpiece(self.preset, self.max_tokens, tables=self.tables, name=f"{self.name}_wordpiece")(data)
        ids = CutTokens(self.max_tokens, NO_TOKEN, end_of(self.tokenizer), name=f"{self.name}_cut")(raw)
        return ops.maximum(ids, 0), ops.cast(ids > NO_TOKEN, "int32")

    def preprocess(self, raw: Tensor, present: Tensor) -> dict[str, Tensor]:
        ids, mask = self.tokens(raw)
        features = {f"{self.name}_sequence": ids, f"{self.name}_mask": mask}
        if not self.trainable:
            embedding = SentenceEmbedding(self.encoder, name=EMBEDDING.format(name=self.name))(ids, mask)
            features[f"{self.name}_embedding"] = embedding
        return features

    def features(self) -> dict[str, Any]:
        if self.trainable:
            names = f"{self.name}_sequence", f"{self.name}_mask"
            return {name: keras.Input((None,), dtype="int32", name=name) for name in names}
        name = f"{self.name}_embedding"
        return {name: keras.Input((self.encoder.hidden,), dtype="float32", name=name)}

    def ids(self, features: dict[str, Tensor]) -> Any:
        return ops.expand_dims(features[f"{self.name}_sequence"], 1) if self.preset.in_graph else None

    def encode(self, features: dict[str, Tensor], sizes: Sizes, exporting: bool = False) -> Encoded:
        if self.trainable:
            ids, mask = features[f"{self.name}_sequence"], features[f"{self.name}_mask"]
            tokens = layers.Dense(sizes.width, name=f"{self.name}_projection")(self.encoder(ids, mask))
            return Encoded(tokens, ops.cast(mask, "float32"))
        x = layers.Dropout(sizes.dropout, name=f"{self.name}_dropout")(features[f"{self.name}_embedding"])
        x = layers.Dense(sizes.width, name=f"{self.name}_projection")(x)
        tokens = layers.Reshape((1, sizes.width), name=f"{self.name}_token")(x)  # [b, width] -> [b, 1, width]
        return Encoded(tokens, ops.ones_like(tokens[:, :, 0]))


def read_ids(column: PresetColumn, cells: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Cells -> int32 ids [n, T] and mask [n, T], by the tokenizer of the graph or the external one."""
    texts = [encode_cell(cell, column.max_bytes) for cell in cells]
    if not column.preset.in_graph:
        return tokenize_externally(column.tokenizer, texts, column.max_tokens)
    return wordpiece_ids(wordpiece(column.preset, column.max_tokens, tables=column.tables), texts)


def adapt(
    name: str, cells: dict[str, list[str]], text: Text, model: Model, folder: Path, log: Any
) -> tuple[PresetColumn, Any]:
    """Read the preset; write the vector of every text, or the ids to fine-tune on, below `folder`/features.

    Raises InputError for a preset that cannot be used.
    """
    column = read(name, text, model, folder, log)
    return column, compute_features(column, cells, folder, log)


def read(name: str, text: Text, model: Model, folder: Path, log: Any) -> PresetColumn:
    """The column of the Config's preset. Raises InputError for a preset that cannot be used."""
    source = preset_of(text.text_encoder)
    preset = read_preset(source)
    max_tokens = min(text.max_tokens, preset.max_tokens)
    check_length(preset, max_tokens)
    tokenizer = folder / "tokenizers" / name
    if not preset.in_graph:
        save_tokenizer(source, tokenizer)
    tables = build_tables(preset.vocabulary, preset.lowercase) if preset.in_graph else None
    encoder = encoder_of(source, model.fine_tune, name)
    column = PresetColumn(name, preset, encoder, max_tokens, text.max_bytes, model.fine_tune, tables, tokenizer)
    log(f"{name}: {preset.name}, {encoder.backbone.count_params():,} weights, {preset.tokenizer} tokenizer")
    return column


def compute_features(column: PresetColumn, cells: dict[str, list[str]], folder: Path, log: Any) -> dict[str, Any]:
    """The vector of every text, or the ids to fine-tune on, below `folder`/features."""
    name, features = column.name, dict[str, Any]()
    (folder / "features").mkdir(exist_ok=True)
    for split_name, split_cells in cells.items():
        if column.trainable:
            ids, mask = read_ids(column, split_cells)
            path = folder / "features" / f"{name}-{split_name}"
            ragged.save(ragged.from_mask(mask > 0, ids, mask), path)
            features[split_name] = RaggedFeatures((f"{name}_sequence", f"{name}_mask"), ragged.load(path))
        else:
            vectors = embeddings(column, f"{name}-{split_name}", split_cells, folder, log)
            features[split_name] = ArrayFeatures({f"{name}_embedding": vectors})
    return features


def embeddings(column: PresetColumn, name: str, cells: list[str], folder: Path, log: Log = print) -> np.ndarray:
    """The vectors of the texts, float32 [n, hidden], memory-mapped; computed once for the same texts and preset."""

    def write(feature_folder: Path) -> None:
        shape = (len(cells), column.encoder.hidden)
        out = np.lib.format.open_memmap(feature_folder / "embedding.npy", mode="w+", dtype="float32", shape=shape)
        progress = Progress((f"{column.name}: ", f" texts encoded by {column.preset.name}"), len(cells), log)
        embed(SentenceEmbedding(column.encoder), *read_ids(column, cells), out, progress.advance)
        progress.end()
        out.flush()

    weights = hashlib.blake2b(digest_size=KEY_BYTES)
    for variable in column.encoder.backbone.variables:
        weights.update(np.ascontiguousarray(variable.numpy()).data)
    settings = [asdict(column.preset), weights.hexdigest(), column.max_tokens, column.max_bytes]
    feature_folder = kept_folder(folder / "features", name, key_of(settings, cells), features_elsewhere(folder), write)
    return np.load(feature_folder / "embedding.npy", mmap_mode="r")


def load(entry: dict[str, Any], folder: Path) -> PresetColumn:
    """Rebuild the column from its entry in schema.json and the files that `save` wrote."""
    name, trainable = entry["name"], entry["trainable"]
    fields = json.loads((folder / f"{name}_preset.json").read_text(encoding="utf-8"))
    preset = Preset(**{**fields, "vocabulary": tuple(fields["vocabulary"])})
    encoder = encoder_of(preset, trainable, name)
    if not trainable:
        weights = folder / f"{name}.weights.h5"  # of a run that is not finished, or of a release before 0.3
        if weights.exists():
            encoder.backbone.load_weights(weights)
        else:
            load_part(encoder.backbone, folder.parent / "model.keras", EMBEDDING.format(name=name), "encoder/backbone")
    tables = load_tables(folder / f"{name}.npz") if preset.in_graph else None
    tokenizer = folder.parent / "tokenizers" / name
    return PresetColumn(name, preset, encoder, entry["max_tokens"], entry["max_bytes"], trainable, tables, tokenizer)
