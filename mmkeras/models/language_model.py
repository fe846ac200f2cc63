"""Language models as they are trained: recurrent, with the states of the batch before, or a Transformer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from mmkeras.config.config import Config
from mmkeras.models.decoder import Decoder, DecoderVectors, heads_of
from mmkeras.models.optimizers import ClippedSGD
from mmkeras.models.recurrent import Carried, RecurrentParts
from mmkeras.models.token_loss import TokenLoss

EPOCHS = 11
BATCH_SIZE = 20
PATIENCE = 8

WIDTH, HEAD = 200, 50  # of a Transformer language model, and of each of its heads
LEARNING_RATE = 20.0
LAST = 0.01  # of the rate, where a cosine ends
CLIP = 0.25
ADAM_RATE, ADAM_CLIP = 0.001, 1.0
ADAM_RATES = {"rnn": 0.001, "transformer": 0.002}  # of cells that learn badly by plain gradients


@dataclass(frozen=True)
class Streaming:
    """model: what is fitted, of fixed batch. core, parts: see `build_core`. carried: its states; None without any."""

    model: Any
    core: Any
    parts: Any
    carried: Any


def streaming(config: Config, pieces: int, batch: int, steps: int) -> Streaming:
    """The trunk with the states of the batch before, compiled for so many steps in all."""
    core, trunk, parts = build_core(config, pieces)
    given = keras.Input(batch_shape=(batch, None), dtype="int32", name="pieces")
    carried = Carried(trunk, batch, name="carried") if config.generation.cell != "transformer" else None
    model = keras.Model(given, carried(given), name="streaming") if carried else trunk
    model.compile(
        optimizer=optimizer(config, steps),
        loss=TokenLoss(parts.embedding),
        jit_compile=config.training.xla or by_xla(config),
    )
    return Streaming(model, core, parts, carried)


def by_xla(config: Config) -> bool:
    """Whether XLA is worth it by default: on a CPU, but not for an LSTM, which has compiled loops and plain products.

    XLA's product of two matrices the first of which is transposed takes 1.5 times as long as TensorFlow's. On a GPU
    cuDNN is faster.
    """
    return config.generation.cell != "lstm" and not tf.config.list_physical_devices("GPU")


def build_core(config: Config, pieces: int) -> tuple[Any, Any, Any]:
    """pieces int32 [b, T] and states -> logits [b, T, pieces] and states (a Transformer has none).

    And its trunk, the same in front of the logits, and their parts.
    """
    if config.generation.cell != "transformer":
        parts = RecurrentParts(config, pieces)
        return *parts.build(), parts
    given, decoder = keras.Input((None,), dtype="int32", name="pieces"), language_decoder(config, pieces)
    core = keras.Model(given, decoder(given), name="core")
    return core, keras.Model(given, DecoderVectors(decoder, name="vectors")(given), name="trunk"), decoder


def language_decoder(config: Config, pieces: int) -> Any:
    """A Transformer over the last `steps` pieces, without a memory."""
    width = config.model.width or WIDTH
    return Decoder(
        pieces,
        config.generation.steps,
        width,
        config.model.depth,
        heads_of(width, HEAD),
        config.model.dropout,
        crossing=False,
        tie=config.generation.tie,
        name="decoder",
    )


def optimizer(config: Config, steps: int) -> Any:
    """Plain gradients at a high rate, or Adam (Kingma & Ba 2015); clipped as a whole."""
    adam = config.generation.optimizer == "adam" or (
        config.generation.optimizer == "auto" and config.generation.cell in ADAM_RATES
    )
    rate: Any = config.training.learning_rate or (
        ADAM_RATES.get(config.generation.cell, ADAM_RATE) if adam else LEARNING_RATE
    )
    if config.generation.decay == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=LAST)
    return keras.optimizers.Adam(rate, global_clipnorm=ADAM_CLIP) if adam else ClippedSGD(rate, CLIP)
