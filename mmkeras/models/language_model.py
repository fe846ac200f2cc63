"""Language models for training: recurrent, with the states of the batch before, or a Transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from mmkeras.config.config import Config, Generation, Model, Training
from mmkeras.models.decoder import Decoder, DecoderVectors, heads_of
from mmkeras.models.optimizers import ClippedSGD
from mmkeras.models.recurrent import Carried, RecurrentParts
from mmkeras.models.token_loss import TokenLoss

EPOCHS = 11
BATCH_SIZE = 20
PATIENCE = 8

WIDTH, HEAD = 200, 50  # of a Transformer language model, and of each of its heads
LEARNING_RATE = 20.0
LAST = 0.01  # share of the rate at the end of the cosine
CLIP = 0.25
ADAM_RATE, ADAM_CLIP = 0.001, 1.0
ADAM_RATES = {"rnn": 0.001, "transformer": 0.002}  # for cells that SGD trains badly


@dataclass(frozen=True)
class Streaming:
    """model: for `fit`, of a fixed batch size. core, parts: see `build_core`. carried: its states' layer, or None."""

    model: Any
    core: Any
    parts: Any
    carried: Any


def streaming(config: Config, vocabulary_size: int, batch: int, steps: int) -> Streaming:
    """The trunk with the states of the batch before, compiled. batch: rows; steps: of the whole training."""
    core, trunk, parts = build_core(config, vocabulary_size)
    tokens = keras.Input(batch_shape=(batch, None), dtype="int32", name="pieces")
    carried = Carried(trunk, batch, name="carried") if config.generation.cell != "transformer" else None
    model = keras.Model(tokens, carried(tokens), name="streaming") if carried else trunk
    model.compile(
        optimizer=optimizer(config.generation, config.training, steps),
        loss=TokenLoss(parts.embedding),
        jit_compile=config.training.xla or by_xla(config.generation),
    )
    return Streaming(model, core, parts, carried)


def by_xla(generation: Generation) -> bool:
    """Whether XLA is faster by default: on a CPU, but not for an LSTM, whose loops are compiled anyway.

    XLA's product with a transposed first matrix takes 1.5 times as long as TensorFlow's. On a GPU cuDNN is faster.
    """
    return generation.cell != "lstm" and not tf.config.list_physical_devices("GPU")


def build_core(config: Config, vocabulary_size: int) -> tuple[Any, Any, Any]:
    """The core: tokens int32 [b, T] and states -> logits [b, T, vocabulary] and states (a Transformer has no states).

    And its trunk, which ends at the input of the output projection, and the layers of both.
    """
    if config.generation.cell != "transformer":
        parts = RecurrentParts(config, vocabulary_size)
        return *parts.build(), parts
    tokens = keras.Input((None,), dtype="int32", name="pieces")
    decoder = language_decoder(config.model, config.generation, vocabulary_size)
    core = keras.Model(tokens, decoder(tokens), name="core")
    return core, keras.Model(tokens, DecoderVectors(decoder, name="vectors")(tokens), name="trunk"), decoder


def language_decoder(model: Model, generation: Generation, vocabulary_size: int) -> Any:
    """A Transformer over the last `steps` tokens, without a memory."""
    width = model.width or WIDTH
    return Decoder(
        vocabulary_size,
        generation.steps,
        width,
        model.depth,
        heads_of(width, HEAD),
        model.dropout,
        crossing=False,
        tie=generation.tie,
        name="decoder",
    )


def by_adam(generation: Generation) -> bool:
    """Is the model trained by Adam, not by SGD?"""
    return generation.optimizer == "adam" or (generation.optimizer == "auto" and generation.cell in ADAM_RATES)


def default_rate(generation: Generation) -> float:
    """The first learning rate of a new model."""
    return ADAM_RATES.get(generation.cell, ADAM_RATE) if by_adam(generation) else LEARNING_RATE


def optimizer(generation: Generation, training: Training, steps: int) -> Any:
    """SGD at a high rate, or Adam (Kingma & Ba 2015); gradients are clipped by their global norm."""
    adam = by_adam(generation)
    rate: Any = training.learning_rate or default_rate(generation)
    if generation.decay == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=LAST)
    return keras.optimizers.Adam(rate, global_clipnorm=ADAM_CLIP) if adam else ClippedSGD(rate, CLIP)
