"""The encoder-decoder: every column's encoder, a fusion that keeps tokens, and a decoder that looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from mmkeras.config.config import Config
from mmkeras.modalities import Modality
from mmkeras.modalities.encoded import Sizes
from mmkeras.models import fusions
from mmkeras.models.decoder import Decoder, heads_of
from mmkeras.models.multimodal import HEAD_WIDTH, encode_columns
from mmkeras.models.optimizers import LEARNING_RATE, WEIGHT_DECAY, WarmUpCosine
from mmkeras.models.token_loss import SmoothedTokenLoss

EPOCHS = 30
BATCH_SIZE = 32
PATIENCE = 10
LABEL_SMOOTHING = 0.1

WIDTH = 128
Tensor = Any


@dataclass(frozen=True)
class Seq2Seq:
    """model: features, presences and `written` int32 [b, T] -> logits [b, T, pieces] of what comes behind each.

    encoder: features and presences -> memory tokens [b, M, width] and mask [b, M]. decoder: of the same weights.
    memory_length: the largest M.
    """

    model: keras.Model
    encoder: keras.Model
    decoder: Decoder
    memory_length: int


def sizes_of(config: Config) -> Sizes:
    """Sizes by the dial `width`."""
    width = config.model.width or WIDTH
    return Sizes(width, config.model.depth, heads_of(width, 2 * HEAD_WIDTH), config.model.dropout)


def build_seq2seq(columns: dict[str, Modality], pieces: int, config: Config, exporting: bool = False) -> Seq2Seq:
    """Build it with random weights. exporting: with layers that every format has; the weights are the same."""
    shape = sizes_of(config)
    inputs, encoded, present = encode_columns(columns, config, shape, exporting)
    memory = fusions.memory(config.model.fusion or "concat")(encoded, present, shape)
    tokens = layers.Dropout(config.model.dropout, name="memory_dropout")(memory.tokens)
    decoder = Decoder(
        pieces,
        config.generation.max_target + 1,
        shape.width,
        shape.depth,
        shape.heads,
        config.model.dropout,
        tie=config.generation.tie,
        name="decoder",
    )
    written = keras.Input((None,), dtype="int32", name="written")
    logits = decoder(written, tokens, memory.mask)
    length = memory.tokens.shape[1] or sum(e.tokens.shape[1] or columns[n].max_tokens or 0 for n, e in encoded.items())
    return Seq2Seq(
        keras.Model({**inputs, "written": written}, logits, name="core"),
        keras.Model(inputs, [memory.tokens, memory.mask], name="encoder"),
        decoder,
        length,
    )


def optimizer(model: keras.Model, config: Config, steps: int) -> Any:
    """AdamW with a warm-up, as the multimodal model's, and the second moment of Vaswani et al. 2017, section 5.3."""
    rate = WarmUpCosine(config.training.learning_rate or LEARNING_RATE, steps)
    made = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, beta_2=0.98, epsilon=1e-9, global_clipnorm=1.0)
    made.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if len(v.shape) < 2])
    return made


def compile_model(model: keras.Model, config: Config, steps: int) -> None:
    """Cross-entropy of the pieces with label smoothing; the rate is scheduled over `steps`, all that there are."""
    smoothing = config.training.label_smoothing
    model.compile(
        optimizer=optimizer(model, config, steps),
        loss=SmoothedTokenLoss(LABEL_SMOOTHING if smoothing is None else smoothing),
        weighted_metrics=["accuracy"],
        jit_compile=config.training.xla,
    )
