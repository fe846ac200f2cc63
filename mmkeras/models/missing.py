"""Missing cells: learned tokens in their place, and modality dropout in training."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mmkeras.modalities.encoded import Tensor


class Missing(layers.Layer):
    """A learned token in the place of a cell that is not there, or in which nothing is, such as the text "?".

    Call: tokens [b, T, width], mask [b, T], present [b, 1] (1.0 or 0.0) -> the first two anew; where `present` is 0 the
    first token is the learned one, and the only one that the mask shows. Were nothing shown at all, whoever attends to
    it would see the padding, which depends on the batch.
    """

    def build(self, tokens_shape: Any, *shapes: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, tokens_shape[-1]), initializer="random_normal", name="token")

    def call(self, tokens: Tensor, shown: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        present = present * ops.max(shown, axis=1, keepdims=True)
        there = ops.cast(present, tokens.dtype)[:, :, None]  # [b, 1, 1]
        shown = shown * present
        first = shown[:, :1] + (1.0 - present)
        # a sum, no choice: what stands in the place of a missing cell is zeros, so nothing infinite is multiplied
        return tokens * there + self.token * (1.0 - there), ops.concatenate([first, shown[:, 1:]], axis=1)


class ModalityDropout(layers.Layer):
    """In training, hide a column of a row now and then, so that the model learns to do without it.

    Call: present [b, M], 1.0 where a cell is there -> [b, M] with a share `rate` of the ones made 0.0; a row that would
    lose all keeps what it has. (ModDrop: Neverova et al. 2016, arXiv:1501.00102.)
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**{"dtype": "float32", **options})
        self.rate, self.seed = rate, seed
        self.random = keras.random.SeedGenerator(seed)

    def call(self, present: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return present
        kept = present * ops.cast(keras.random.uniform(ops.shape(present), seed=self.random) >= self.rate, "float32")
        some = ops.max(kept, axis=1, keepdims=True)  # [b, 1]
        return some * kept + (1.0 - some) * present

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
