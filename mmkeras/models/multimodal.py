"""The multimodal model: an encoder for each column, a learned token for missing cells, and a fusion."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mmkeras.config.config import Model, Text, Training
from mmkeras.modalities import Modality, columns_read
from mmkeras.modalities.encoded import Encoded, Sizes
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.models import COUNTED, FREQUENCIES
from mmkeras.models.fusions import Fused, fusion
from mmkeras.models.inputs import finish, text_spec_values
from mmkeras.models.missing import Missing, ModalityDropout
from mmkeras.models.optimizers import LEARNING_RATE, WEIGHT_DECAY, WarmUpCosine
from mmkeras.models.own_fusion import own_answer

EPOCHS = 20
BATCH_SIZE = 32
PATIENCE = 8
LATEST_OF_EQUALS = True  # an early epoch can be nearly constant and score well by chance
FOLD_EPOCHS = 0  # not measured: a few more epochs would change batch normalisation's statistics too
MODALITY_DROPOUT = 0.1
VECTOR_ROWS = 20_000  # largest number of features with a vector: vectors of rarer features would overfit
UNKNOWN_BUCKETS = 64
WIDTH, HEAD_WIDTH = 64, 16


def text_spec(text: Text) -> TextSpec:
    """For a bag: n-grams by TF-IDF. For a sequence: tokens; unknown tokens share a few vectors by their hash."""
    values = text_spec_values(text)
    values["max_features"] = min(text.max_features, VECTOR_ROWS)
    if text.text_encoder == "average":
        return TextSpec(orders=text.ngrams, weighting="tfidf", **values)
    values["char_ngrams"] = 0
    return TextSpec(orders=1, weighting="mean", unknown_buckets=UNKNOWN_BUCKETS, **values)


def sizes_of(model: Model) -> Sizes:
    """The sizes of all parts, from `width`."""
    width = model.width or WIDTH
    return Sizes(width, model.depth, max(1, width // HEAD_WIDTH), model.dropout)


def build(
    columns: dict[str, Modality],
    outputs: int,
    model: Model,
    training: Training,
    exporting: bool = False,
    own_fusion: Any = None,
) -> tuple[keras.Model, dict[str, Any]]:
    """Features of each column and its presence [b, 1] -> logits [b, outputs]; and each column's part of the logits."""
    sizes = sizes_of(model)
    inputs, encoded, present = encode_columns(columns, model, training, sizes, exporting)
    join = fusion(model.fusion or "attention") if own_fusion is None else own_answer(own_fusion)
    fused = join(encoded, present, outputs, sizes)
    if model.naive_bayes:
        fused = with_counts(fused, columns, inputs, outputs)
    return finish(inputs, fused.logits), fused.parts


def with_counts(fused: Fused, columns: dict[str, Modality], inputs: dict[str, Any], outputs: int) -> Fused:
    """The fusion's logits plus naive Bayes' logits of each text: zeros until `fit_naive_bayes` fills the tables."""
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
        present = inputs[f"{name}_present"]  # [b, 1]
        added = table(inputs[f"{name}_rows"], inputs[f"{name}_weights"])  # [b, outputs]
        added = layers.Multiply(name=f"{name}_counted_there", dtype="float32")([added, present])
        frequencies = layers.Dense(
            outputs,
            use_bias=False,
            kernel_initializer="zeros",
            trainable=False,
            dtype="float32",
            name=FREQUENCIES.format(name=name),
        )
        added = layers.Add(name=f"{name}_posterior", dtype="float32")([added, frequencies(present)])
        logits = layers.Add(name=f"{name}_counted_too", dtype="float32")([logits, added])
        if name in parts:
            parts[name] = layers.Add(name=f"{name}_part", dtype="float32")([parts[name], added])
    return Fused(logits, parts)


def encode_columns(
    columns: dict[str, Modality], model: Model, training: Training, sizes: Sizes, exporting: bool
) -> tuple[dict[str, Any], dict[str, Encoded], Any]:
    """Keras inputs of features and presences; the encoded columns, missing cells replaced; the presences [b, M]."""
    features = {name: column.features() for name, column in columns.items()}
    counts = {name: len(columns_read(column)) or 1 for name, column in columns.items()}
    presences = {name: keras.Input((count,), name=f"{name}_present") for name, count in counts.items()}
    inputs = {key: tensor for tensors in features.values() for key, tensor in tensors.items()}
    inputs |= {f"{name}_present": tensor for name, tensor in presences.items()}
    rate = model.modality_dropout
    if rate is None:
        rate = MODALITY_DROPOUT if sum(counts.values()) > 1 else 0.0
    tensors = list(presences.values())
    present = layers.Concatenate(name="present")(tensors) if len(tensors) > 1 else tensors[0]
    present = ModalityDropout(rate, training.seed, name="modality.dropout")(present)  # [b, sum of counts]
    encoded, there, start = {}, [], 0
    for name, column in columns.items():
        cells = present[:, start : start + counts[name]]  # [b, n] of a block, else [b, 1]
        start += counts[name]
        if counts[name] > 1:  # a block replaces its missing cells by itself; it is missing where all of them are
            features[name] = {**features[name], f"{name}_present": cells}
            cells = ops.max(cells, axis=1, keepdims=True)
        there.append(cells)
        e = column.encode(features[name], sizes, exporting)
        encoded[name] = Encoded(*Missing(name=f"{name}_missing")(e.tokens, e.mask, cells))
    if max(counts.values()) > 1:
        present = ops.concatenate(there, axis=1)  # [b, M]
    return inputs, encoded, present


def optimizer(model: keras.Model, training: Training, steps: int) -> Any:
    """AdamW (Loshchilov & Hutter 2019), gradients clipped; biases and normalisations do not decay."""
    adam = keras.optimizers.AdamW(
        WarmUpCosine(training.learning_rate or LEARNING_RATE, steps),
        weight_decay=WEIGHT_DECAY,
        global_clipnorm=1.0,
    )
    adam.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if len(v.shape) < 2])
    return adam


def compile_model(model: keras.Model, training: Training, steps: int, loss: Any, metrics: list[Any]) -> None:
    """AdamW, its rate scheduled over `steps`, all of the training; the loss and the metrics are the task's."""
    model.compile(
        optimizer=optimizer(model, training, steps),
        loss=loss,
        metrics=metrics,
        jit_compile=training.xla,
    )
