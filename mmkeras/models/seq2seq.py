"""The encoder-decoder: an encoder for each column, a fusion that keeps tokens, and a decoder that attends to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from mmkeras.config.config import Config, Model, Training
from mmkeras.modalities import Modality
from mmkeras.modalities.encoded import Sizes
from mmkeras.models import fusions
from mmkeras.models.decoder import Decoder, heads_of
from mmkeras.models.multimodal import HEAD_WIDTH, encode_columns
from mmkeras.models.optimizers import LEARNING_RATE, WEIGHT_DECAY, WarmUpCosine
from mmkeras.models.own_fusion import own_memory
from mmkeras.models.token_loss import SmoothedTokenLoss

EPOCHS = 30
BATCH_SIZE = 32
PATIENCE = 10
LABEL_SMOOTHING = 0.1

WIDTH = 128
Tensor = Any


@dataclass(frozen=True)
class Seq2Seq:
    """model: features, presences and `written` int32 [b, T] -> logits [b, T, vocabulary] of the token after each.

    encoder: features and presences -> memory tokens [b, M, width] and mask [b, M]. decoder: the layer of `model`.
    memory_length: the largest M.
    """

    model: keras.Model
    encoder: keras.Model
    decoder: Decoder
    memory_length: int


def sizes_of(model: Model) -> Sizes:
    """The sizes of all parts, from `width`."""
    width = model.width or WIDTH
    return Sizes(width, model.depth, heads_of(width, 2 * HEAD_WIDTH), model.dropout)


def build_seq2seq(
    columns: dict[str, Modality], vocabulary_size: int, config: Config, exporting: bool = False, own_fusion: Any = None
) -> Seq2Seq:
    """Build it with random weights. exporting: use layers that every format has; the weights are the same.

    own_fusion: the model of a fusion that the user gave as a function.
    """
    sizes = sizes_of(config.model)
    inputs, encoded, present = encode_columns(columns, config.model, config.training, sizes, exporting)
    join = fusions.memory(config.model.fusion or "concat") if own_fusion is None else own_memory(own_fusion)
    memory = join(encoded, present, sizes)
    memory_tokens = layers.Dropout(config.model.dropout, name="memory_dropout")(memory.tokens)
    decoder = Decoder(
        vocabulary_size,
        config.generation.max_target + 1,
        sizes.width,
        sizes.depth,
        sizes.heads,
        config.model.dropout,
        tie=config.generation.tie,
        name="decoder",
    )
    written = keras.Input((None,), dtype="int32", name="written")
    logits = decoder(written, memory_tokens, memory.mask)
    length = memory.tokens.shape[1] or sum(e.tokens.shape[1] or columns[n].max_tokens or 0 for n, e in encoded.items())
    return Seq2Seq(
        keras.Model({**inputs, "written": written}, logits, name="core"),
        keras.Model(inputs, [memory.tokens, memory.mask], name="encoder"),
        decoder,
        length,
    )


def optimizer(model: keras.Model, training: Training, steps: int) -> Any:
    """AdamW with a warm-up, as for the multimodal model; beta_2 and epsilon of Vaswani et al. 2017, section 5.3."""
    rate = WarmUpCosine(training.learning_rate or LEARNING_RATE, steps)
    adam = keras.optimizers.AdamW(rate, weight_decay=WEIGHT_DECAY, beta_2=0.98, epsilon=1e-9, global_clipnorm=1.0)
    adam.exclude_from_weight_decay(var_list=[v for v in model.trainable_variables if len(v.shape) < 2])
    return adam


def compile_model(model: keras.Model, training: Training, steps: int) -> None:
    """Cross-entropy of the tokens with label smoothing; the rate is scheduled over `steps`, all of the training."""
    smoothing = training.label_smoothing
    model.compile(
        optimizer=optimizer(model, training, steps),
        loss=SmoothedTokenLoss(LABEL_SMOOTHING if smoothing is None else smoothing),
        weighted_metrics=["accuracy"],
        jit_compile=training.xla,
    )
