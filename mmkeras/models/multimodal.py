"""The multimodal Transformer: an encoder for each column, missing cells, a fusion."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mmkeras.config.config import Config
from mmkeras.modalities import Modality
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.models import COUNTED, FREQUENCIES
from mmkeras.models.fusions import Fused, fusion
from mmkeras.models.inputs import finish, text_spec_values
from mmkeras.models.missing import Missing, ModalityDropout
from mmkeras.models.optimizers import LEARNING_RATE, WEIGHT_DECAY, WarmUpCosine

EPOCHS = 20
BATCH_SIZE = 32
PATIENCE = 8
LATEST_OF_EQUALS = True  # its early epochs can be nearly constant, and lucky
FOLD_EPOCHS = 0  # what it takes from a few more epochs, batch normalisation's statistics above all, is not known
MODALITY_DROPOUT = 0.1
VECTOR_ROWS = 20_000  # most features with a vector: rarer ones would be learned by heart
UNKNOWN_BUCKETS = 64
WIDTH, HEAD_WIDTH = 64, 16


def text_spec(config: Config) -> TextSpec:
    """As a bag: tokens and pairs by TF-IDF. As a sequence: tokens; unknown ones share a few vectors by their hash."""
    values = text_spec_values(config)
    values["max_features"] = min(config.text.max_features, VECTOR_ROWS)
    if config.text.text_encoder == "average":
        return TextSpec(orders=config.text.ngrams, weighting="tfidf", **values)
    values["char_ngrams"] = 0
    return TextSpec(orders=1, weighting="mean", unknown_buckets=UNKNOWN_BUCKETS, **values)


def sizes_of(config: Config) -> Sizes:
    """Sizes by the dial `width`."""
    width = config.model.width or WIDTH
    return Sizes(width, config.model.depth, max(1, width // HEAD_WIDTH), config.model.dropout)


def build(
    columns: dict[str, Modality], outputs: int, config: Config, exporting: bool = False
) -> tuple[keras.Model, dict[str, Any]]:
    """Features of each column and its presence [b, 1] -> logits [b, outputs]; and each column's part of them."""
    shape = sizes_of(config)
    inputs, encoded, present = encode_columns(columns, config, shape, exporting)
    fused = fusion(config.model.fusion or "attention")(encoded, present, outputs, shape)
    if config.model.naive_bayes:
        fused = with_counts(fused, columns, inputs, outputs)
    return finish(inputs, fused.logits), fused.parts


def with_counts(fused: Fused, columns: dict[str, Modality], inputs: dict[str, Any], outputs: int) -> Fused:
    """The fusion's answer, and what naive Bayes of each text adds: zeros until `counting` has filled the tables."""
    logits, parts = ops.cast(fused.logits, "float32"), dict(fused.parts)
    for name, column in columns.items():
        if column.bag is None:
            continue
        table = BagEmbedding(
            column.bag.n_rows,
            outputs,
            sparse=False,
            trainable=False,
            name=COUNTED.format(name=name),
        )
        there = inputs[f"{name}_present"]  # [b, 1]
        said = table(inputs[f"{name}_rows"], inputs[f"{name}_weights"])  # [b, outputs]
        said = layers.Multiply(name=f"{name}_counted_there", dtype="float32")([said, there])
        frequencies = layers.Dense(
            outputs,
            use_bias=False,
            kernel_initializer="zeros",
            trainable=False,
            dtype="float32",
            name=FREQUENCIES.format(name=name),
        )
        said = layers.Add(name=f"{name}_posterior", dtype="float32")([said, frequencies(there)])
        logits = layers.Add(name=f"{name}_counted_too", dtype="float32")([logits, said])
        if name in parts:
            parts[name] = layers.Add(name=f"{name}_part", dtype="float32")([parts[name], said])
    return Fused(logits, parts)


def encode_columns(
    columns: dict[str, Modality], config: Config, shape: Sizes, exporting: bool
) -> tuple[dict[str, Any], dict[str, Encoded], Any]:
    """Keras inputs, of features and presences; each column encoded, missing cells replaced; presences [b, M]."""
    features = {name: column.features() for name, column in columns.items()}
    there = {name: keras.Input((1,), name=f"{name}_present") for name in columns}
    inputs = {key: tensor for each in features.values() for key, tensor in each.items()}
    inputs |= {f"{name}_present": tensor for name, tensor in there.items()}
    rate = config.model.modality_dropout
    if rate is None:
        rate = MODALITY_DROPOUT if len(columns) > 1 else 0.0
    present = layers.Concatenate(name="present")(list(there.values())) if len(there) > 1 else next(iter(there.values()))
    present = ModalityDropout(rate, config.training.seed, name="modality.dropout")(present)  # [b, M]
    encoded = {}
    for k, (name, column) in enumerate(columns.items()):
        e = column.encode(features[name], shape, exporting)
        encoded[name] = Encoded(*Missing(name=f"{name}_missing")(e.tokens, e.mask, present[:, k : k + 1]))
    return inputs, encoded, present


def optimizer(model: keras.Model, config: Config, steps: int) -> Any:
    """AdamW (Loshchilov & Hutter 2019), gradients clipped; biases and normalisations do not decay."""
    made = keras.optimizers.AdamW(
        WarmUpCosine(config.training.learning_rate or LEARNING_RATE, steps),
        weight_decay=WEIGHT_DECAY,
        global_clipnorm=1.0,
    )
    made.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if len(v.shape) < 2])
    return made


def compile_model(model: keras.Model, config: Config, steps: int, loss: Any, metrics: list[Any]) -> None:
    """AdamW whose rate is scheduled over `steps`, all that there are; the loss and the metrics are the task's."""
    model.compile(
        optimizer=optimizer(model, config, steps),
        loss=loss,
        metrics=metrics,
        jit_compile=config.training.xla,
    )
