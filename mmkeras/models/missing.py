"""Missing cells: a learned token in place of each, and modality dropout in training."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mmkeras.modalities.encoded import Tensor


@keras.saving.register_keras_serializable("mmkeras")
class Missing(layers.Layer):
    """A learned token in place of a missing cell, or of a cell without a token, such as the text "?".

    Call: tokens [b, T, width], mask [b, T], present [b, 1] (1.0 or 0.0) -> tokens and mask. Where `present` is 0, the
    first token is the learned one, and the mask is 1.0 for it alone. If the mask were all zeros, attention would
    average over the padding, and the result would depend on the batch's padded length.
    """

    def build(self, tokens_shape: Any, *shapes: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, tokens_shape[-1]), initializer="random_normal", name="token")

    def call(self, tokens: Tensor, visible: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        present = present * ops.max(visible, axis=1, keepdims=True)
        weight = ops.cast(present, tokens.dtype)[:, :, None]  # [b, 1, 1]
        visible = visible * present
        first = visible[:, :1] + (1.0 - present)
        # a weighted sum in place of `where`: the inputs of a missing cell are zeros, so its tokens are finite
        return tokens * weight + self.token * (1.0 - weight), ops.concatenate([first, visible[:, 1:]], axis=1)


@keras.saving.register_keras_serializable("mmkeras")
class ModalityDropout(layers.Layer):
    """In training, mask random cells, so that the model learns to answer without them.

    Call: present [b, M], 1.0 where a cell is present -> [b, M] with a share `rate` of the ones set to 0.0. A row that
    would lose all cells keeps them all. (ModDrop: Neverova et al. 2016, arXiv:1501.00102.)
    """

    def __init__(self, rate: float, seed: int | None = None, **options: Any) -> None:
        super().__init__(**{"dtype": "float32", **options})
        self.rate, self.seed = rate, seed
        self.random = keras.random.SeedGenerator(seed)

    def call(self, present: Tensor, training: bool = False) -> Tensor:
        if not training or not self.rate:
            return present
        kept = present * ops.cast(keras.random.uniform(ops.shape(present), seed=self.random) >= self.rate, "float32")
        any_kept = ops.max(kept, axis=1, keepdims=True)  # [b, 1]
        return any_kept * kept + (1.0 - any_kept) * present

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
