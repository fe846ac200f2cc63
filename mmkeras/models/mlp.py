"""The news classifier of the source document: word vectors averaged, Dense 100, Dense 50, softmax; Adam, 10 epochs."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from mmkeras.config.config import Config
from mmkeras.modalities.text.bag import BagEmbedding
from mmkeras.modalities.text.spec import TextSpec
from mmkeras.models.inputs import bag_inputs, finish, text_spec_values

EPOCHS = 10
BATCH_SIZE = 32
PATIENCE = None
LATEST_OF_EQUALS = False
FOLD_EPOCHS = 0  # the document's model as it is
LEARNING_RATE = 0.001
DIMENSIONS = 100
UNKNOWN_BUCKETS = 256


def text_spec(config: Config) -> TextSpec:
    """Words alone, each as likely to count as the next; unknown ones share a few buckets by their hash."""
    return TextSpec(orders=1, weighting="mean", unknown_buckets=UNKNOWN_BUCKETS, **text_spec_values(config))


def build(sizes: dict[str, int], n_classes: int, config: Config, dims: dict[str, int]) -> keras.Model:
    """Bags -> logits [b, classes].

    sizes: embedding rows of each text column; dims: of loaded vectors, where there are any.
    """
    inputs, bags = bag_inputs(list(sizes))
    means = []
    for name, rows in sizes.items():
        dim = dims.get(name, DIMENSIONS)
        embedding = BagEmbedding(rows, dim, "uniform", sparse=not config.training.xla, name=f"{name}_vectors")
        embedding.trainable = not config.text.freeze_word_vectors
        means.append(embedding(*bags[name]))  # [b, dim]
    x = means[0] if len(means) == 1 else layers.Concatenate(name="columns")(means)
    x = layers.Dense(100, activation="relu", name="hidden_100")(x)
    x = layers.Dense(50, activation="relu", name="hidden_50")(x)
    return finish(inputs, layers.Dense(n_classes, name="logits")(x))


def compile_model(model: keras.Model, config: Config, steps: int, loss: Any = None, metrics: Any = None) -> None:
    """Adam at a constant rate, whatever the number of steps, and the model's own loss: cross-entropy."""
    model.compile(
        optimizer=keras.optimizers.Adam(config.training.learning_rate or LEARNING_RATE),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=config.training.label_smoothing or 0.0
        ),
        metrics=["accuracy"],
        jit_compile=config.training.xla,
    )
