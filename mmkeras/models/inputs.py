"""The inputs and the last layer of every core."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from mmkeras.config.config import Text

Bag = tuple[Any, Any]


def bag_inputs(names: list[str]) -> tuple[dict[str, Any], dict[str, Bag]]:
    """Keras inputs: int32 rows [b, F] and float32 weights [b, F] of each text column, by input name and as pairs."""
    inputs: dict[str, Any] = {}
    bags: dict[str, Bag] = {}
    for name in names:
        rows = keras.Input((None,), dtype="int32", name=f"{name}_rows")
        weights = keras.Input((None,), dtype="float32", name=f"{name}_weights")
        inputs |= {f"{name}_rows": rows, f"{name}_weights": weights}
        bags[name] = rows, weights
    return inputs, bags


@keras.saving.register_keras_serializable("mmkeras")
class Temperature(layers.Layer):
    """Logits times one number that is fitted on the validation rows after training (Guo et al. 2017)."""

    def build(self, *shapes: Any) -> None:
        self.inverse = self.add_weight(shape=(), initializer="ones", trainable=False, name="inverse")

    def call(self, logits: Any) -> Any:
        return logits * self.inverse


def finish(inputs: dict[str, Any], logits: Any) -> keras.Model:
    """The core: logits are float32 in every precision, and the temperature is the last layer."""
    return keras.Model(inputs, Temperature(name="temperature", dtype="float32")(logits), name="core")


def text_spec_values(text: Text) -> dict[str, Any]:
    """The fields of a TextSpec that are the same for every model."""
    return {
        "mode": text.tokens,
        "max_bytes": text.max_bytes,
        "max_features": text.max_features,
        "min_rows": text.rows_of_feature,
        "char_ngrams": text.char_ngrams,
        "version": 2,
        "punctuation": text.punctuation,
    }
