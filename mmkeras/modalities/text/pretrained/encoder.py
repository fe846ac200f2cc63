"""A pretrained text encoder (BERT and its variants, from keras-hub): one vector a token, or one a text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from mmkeras.modalities.encoded import Encoded, MaskedMean
from mmkeras.modalities.text.cells import pad
from mmkeras.modalities.text.exact import Tensor
from mmkeras.modalities.text.features import BATCH_BYTES, length_batches
from mmkeras.modalities.text.pretrained.preset import Preset, check_length, keras_hub, load_backbone, uses_exact_gelu
from mmkeras.modalities.text.wordpiece.layer import WordPiece

GELU_AT = -1.5
EXACT, TANH = -0.1002108, -0.1004284  # the exact and the tanh GELU of GELU_AT
BATCH_TOKENS = 2**12  # padded tokens of a batch to encode


def wordpiece(preset: Preset, max_tokens: int, **options: Any) -> WordPiece:
    """The preset's tokenizer as a layer. Raises InputError if the encoder has fewer positions than `max_tokens`."""
    check_length(preset, max_tokens)
    return WordPiece(preset.vocabulary, max_tokens, preset.lowercase, **options)


def encoder_of(preset: str | Preset, trainable: bool = False, name: str = "text") -> PretrainedEncoder:
    """The preset's backbone as a layer.

    preset: a name or a folder, for the preset's weights; or a Preset, for random weights, before those of a run are
    loaded. trainable: fine-tune the weights.
    """
    if isinstance(preset, str):
        backbone, exact = load_backbone(preset), uses_exact_gelu(preset)
    else:
        keras_hub()  # registers its classes
        backbone, exact = keras.saving.deserialize_keras_object(preset.backbone), preset.exact_gelu
    return PretrainedEncoder(backbone, exact, trainable=trainable, name=f"{name}_pretrained")


def encode_pretrained(
    ids: Tensor, mask: Tensor, width: int, preset: str | Preset, trainable: bool = False, name: str = "text"
) -> Encoded:
    """int32 [b, T] ids and mask, of `WordPiece` or `tokenize_externally` -> tokens [b, T, width], float32 mask [b, T].

    preset, trainable: as for `encoder_of`; the projection to `width` is always trained.
    """
    tokens = encoder_of(preset, trainable, name)(ids, mask)
    return Encoded(keras.layers.Dense(width, name=f"{name}_projection")(tokens), ops.cast(mask, "float32"))


@keras.saving.register_keras_serializable("mmkeras")
class PretrainedEncoder(keras.layers.Layer):
    """A keras-hub backbone as one layer: int32 ids [b, T], mask [b, T] -> float32 [b, T, hidden].

    exact_gelu: replace keras-hub's GELU, a tanh approximation (differences up to 4e-4 in an embedding), by the exact
    one. A frozen backbone (`trainable` false) has no dropout, even in training.
    """

    def __init__(self, backbone: keras.Model, exact_gelu: bool = False, trainable: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.backbone, self.exact_gelu = backbone, exact_gelu
        for layer in backbone._flatten_layers():
            if callable(getattr(layer, "activation", None)):
                layer.activation = exportable(layer.activation, exact_gelu)
        self.trainable = trainable  # of the backbone too

    @property
    def hidden(self) -> int:
        """The size of a token's vector."""
        return int(_tokens(self.backbone.output).shape[-1])

    def call(self, ids: Tensor, used: Tensor, training: bool = False) -> Tensor:
        available = {"token_ids": ids, "padding_mask": used, "segment_ids": ops.zeros_like(ids)}
        inputs = {name: available[name] for name in self.backbone.input}
        return _tokens(self.backbone(inputs, training=training and self.trainable))

    def get_config(self) -> dict[str, Any]:
        backbone = keras.saving.serialize_keras_object(self.backbone)
        return {
            **super().get_config(),
            "backbone": backbone,
            "exact_gelu": self.exact_gelu,
            "trainable": self.trainable,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PretrainedEncoder:
        keras_hub()  # registers its classes
        return cls(**{**config, "backbone": keras.saving.deserialize_keras_object(config["backbone"])})


def _tokens(output: Any) -> Tensor:
    """A backbone's output -> float32 [b, T, hidden]."""
    return output["sequence_output"] if isinstance(output, dict) else output


def exact_gelu(x: Tensor) -> Tensor:
    """x * P(X <= x) for a standard normal X (Hendrycks and Gimpel 2016).

    `keras.activations.gelu(x, approximate=False)` is the same, but becomes TensorFlow's Erfc, which ONNX lacks.
    """
    return 0.5 * x * (1.0 + ops.erf(x * (1.0 / math.sqrt(2.0))))


def exportable(activation: Any, exact: bool) -> Any:
    """`exact_gelu` for an exact GELU, and for a tanh GELU if `exact`; else the activation itself.

    A GELU is recognised by its value at GELU_AT, since names vary.
    """
    value = float(activation(ops.convert_to_tensor(GELU_AT)))
    is_exact, is_tanh = abs(value - EXACT) < 1e-5, abs(value - TANH) < 1e-5
    return exact_gelu if is_exact or (exact and is_tanh) else activation


@keras.saving.register_keras_serializable("mmkeras")
class SentenceEmbedding(keras.layers.Layer):
    """One vector a text by a frozen encoder: the mean over its tokens (Reimers and Gurevych 2019, arXiv:1908.10084).

    Call: int32 ids [b, T], mask [b, T] -> float32 [b, hidden], each of length sqrt(hidden): components are about 1, as
    the next layer expects, and cosines do not change.
    """

    def __init__(self, encoder: PretrainedEncoder, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.encoder, self.mean = encoder, MaskedMean()

    def build(self, *shapes: Any) -> None:
        self.encoder.built = self.mean.built = True  # the backbone is built, the others have no weights

    def call(self, ids: Tensor, used: Tensor) -> Tensor:
        vector = self.mean(self.encoder(ids, used, training=False), used)  # [b, hidden]
        return vector / ops.sqrt(ops.mean(ops.square(vector), axis=1, keepdims=True) + 1e-12)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "encoder": keras.saving.serialize_keras_object(self.encoder)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SentenceEmbedding:
        return cls(**{**config, "encoder": keras.saving.deserialize_keras_object(config["encoder"])})


def wordpiece_ids(layer: WordPiece, texts: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    """Texts in UTF-8 -> ids int32 [n, T] and mask int32 [n, T], by the graph's layer; T: tokens of the longest text."""
    call = tf.function(layer, input_signature=[tf.TensorSpec((None, None), "uint8")])
    shape = (len(texts), layer.max_tokens)
    ids, mask = np.full(shape, layer.tables.pad, "int32"), np.zeros(shape, "int32")
    for batch in length_batches(np.array([len(text) for text in texts])) if texts else ():
        batch_ids, batch_mask = (x.numpy() for x in call(pad([texts[i] for i in batch])))
        ids[batch, : batch_ids.shape[1]], mask[batch, : batch_ids.shape[1]] = batch_ids, batch_mask
    width = max(1, int(mask.sum(axis=1).max(initial=0)))
    return ids[:, :width], mask[:, :width]


def embed(
    layer: SentenceEmbedding,
    ids: np.ndarray,
    mask: np.ndarray,
    out: np.ndarray | None = None,
    advance: Callable[[int], None] = lambda count: None,
) -> np.ndarray:
    """int32 ids [n, T] and mask [n, T] -> float32 [n, hidden], by the graph's layer, in batches of similar length.

    out: the array to write to, such as a memory-mapped file; default: a new one. advance: called with the number of
    texts after each batch.
    """
    call = tf.function(layer, input_signature=[tf.TensorSpec((None, None), "int32")] * 2)
    if out is None:
        out = np.empty((len(ids), layer.encoder.hidden), "float32")
    lengths = mask.sum(axis=1)
    for batch in length_batches(lengths * (BATCH_BYTES // BATCH_TOKENS)) if len(ids) else ():
        width = int(lengths[batch].max())
        out[batch] = call(ids[batch, :width], mask[batch, :width])
        advance(len(batch))
    return out
