"""The news classifier of the source document: word vectors averaged, Dense 100, Dense 50, softmax; Adam, 10 epochs."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from mmkeras.config.config import Text, Training
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.models.inputs import bag_inputs, finish, text_spec_values

EPOCHS = 10
BATCH_SIZE = 32
PATIENCE = None
LATEST_OF_EQUALS = False
FOLD_EPOCHS = 0  # the baseline is not refit on the validation rows
LEARNING_RATE = 0.001
DIMENSIONS = 100
UNKNOWN_BUCKETS = 256


def text_spec(text: Text) -> TextSpec:
    """Words alone, all with the same weight; unknown words share a few buckets by their hash."""
    return TextSpec(orders=1, weighting="mean", unknown_buckets=UNKNOWN_BUCKETS, **text_spec_values(text))


def build(sizes: dict[str, int], n_classes: int, text: Text, training: Training, dims: dict[str, int]) -> keras.Model:
    """Bags -> logits [b, classes].

    sizes: column -> rows of its embedding; dims: column -> dimensions of its loaded vectors.
    """
    inputs, bags = bag_inputs(list(sizes))
    means = []
    for name, rows in sizes.items():
        dim = dims.get(name, DIMENSIONS)
        embedding = BagEmbedding(rows, dim, "uniform", sparse=not training.xla, name=f"{name}_vectors")
        embedding.trainable = not text.freeze_word_vectors
        means.append(embedding(*bags[name]))  # [b, dim]
    x = means[0] if len(means) == 1 else layers.Concatenate(name="columns")(means)
    x = layers.Dense(100, activation="relu", name="hidden_100")(x)
    x = layers.Dense(50, activation="relu", name="hidden_50")(x)
    return finish(inputs, layers.Dense(n_classes, name="logits")(x))


def compile_model(model: keras.Model, training: Training, steps: int, loss: Any = None, metrics: Any = None) -> None:
    """Adam at a constant rate, and cross-entropy; `steps`, `loss` and `metrics` are not used."""
    model.compile(
        optimizer=keras.optimizers.Adam(training.learning_rate or LEARNING_RATE),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=training.label_smoothing or 0.0),
        metrics=["accuracy"],
        jit_compile=training.xla,
    )
