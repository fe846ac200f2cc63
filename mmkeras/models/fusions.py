"""The encoded columns -> logits. Four fusions, a function each; `config.fusions.FUSIONS` names them.

All take `encoded` (name -> Encoded), `present` [b, M] in the order of the names, the number of outputs and Sizes, and
return a Fused. Three fusions also have a function that returns a memory, the tokens that a decoder attends to.
A fusion's layer for one column is named `fusion.<column>_…`: no column's name has a dot, so no layer of an encoder has
that name. Layers for all columns have fixed names, such as `head`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import keras
from keras import layers, ops

from mmkeras.config.fusions import FUSIONS
from mmkeras.modalities.encoded import Encoded, MaskedMean, Sizes

Tensor = Any


@dataclass(frozen=True)
class Fused:
    """logits: [b, outputs]. parts: column -> [b, outputs], the column's own logits; {} if the fusion has none."""

    logits: Tensor
    parts: dict[str, Tensor]


@keras.saving.register_keras_serializable("mmkeras")
class Marked(layers.Layer):
    """Tokens [b, T, width] plus a learned vector for their column."""

    def build(self, shape: Any) -> None:
        self.vector = self.add_weight(shape=(shape[-1],), initializer="random_normal", name="vector")

    def call(self, tokens: Tensor) -> Tensor:
        return tokens + self.vector


@keras.saving.register_keras_serializable("mmkeras")
class Prepend(layers.Layer):
    """A learned token in front, whose output the head reads: tokens [b, T, width], mask [b, T] -> [b, T + 1, …]."""

    def build(self, tokens_shape: Any, visible_shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, tokens_shape[-1]), initializer="random_normal", name="token")

    def call(self, tokens: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:  # an argument `mask` would be Keras' own
        first = ops.zeros_like(tokens[:, :1]) + self.token  # [b, 1, width]
        ones = ops.ones_like(visible[:, :1])
        return ops.concatenate([first, tokens], axis=1), ops.concatenate([ones, visible], axis=1)


@keras.saving.register_keras_serializable("mmkeras")
class Vote(layers.Layer):
    """The mean of the present columns' logits, with learned weights.

    Call: answers [b, M, outputs], present [b, M] -> [b, outputs]. If no column is present, all columns count.
    """

    def build(self, answers_shape: Any, present_shape: Any) -> None:
        self.weights_of = self.add_weight(shape=(answers_shape[1],), initializer="zeros", name="weights")

    def call(self, answers: Tensor, present: Tensor) -> Tensor:
        weights = ops.exp(self.weights_of) * (present + 1e-6)  # [b, M]
        weights = weights / ops.sum(weights, axis=1, keepdims=True)
        return ops.squeeze(ops.matmul(ops.expand_dims(weights, 1), answers), 1)  # [b, 1, M] x [b, M, outputs]


def pooled(name: str, encoded: Encoded) -> Tensor:
    """One vector a column, [b, width]."""
    return MaskedMean(name=f"fusion.{name}_mean")(encoded.tokens, encoded.mask)


def concat(encoded: dict[str, Encoded], present: Tensor, outputs: int, sizes: Sizes) -> Fused:
    """Feature level: the columns' vectors side by side, then an MLP."""
    vectors = [pooled(name, e) for name, e in encoded.items()]
    x = vectors[0] if len(vectors) == 1 else layers.Concatenate(name="fusion.joined")(vectors)  # [b, M * width]
    x = layers.Dense(sizes.width, activation="relu", name="fusion.hidden")(x)
    x = layers.Dropout(sizes.dropout, name="fusion.dropout")(x)
    return Fused(layers.Dense(outputs, name="head")(x), {})


def add(encoded: dict[str, Encoded], present: Tensor, outputs: int, sizes: Sizes) -> Fused:
    """logits = sum over columns c of V W_c x_c, for pooled vectors x_c and a shared head V without bias.

    Dropout is applied to each x_c in training; the logits are exactly the sum of the columns' parts.
    """
    head = layers.Dense(outputs, use_bias=False, name="head")
    parts = {}
    for name, e in encoded.items():
        x = layers.Dropout(sizes.dropout, name=f"fusion.{name}_dropout")(pooled(name, e))
        parts[name] = head(layers.Dense(sizes.width, name=f"fusion.{name}_projection")(x))
    logits = next(iter(parts.values())) if len(parts) == 1 else layers.Add(name="sum")(list(parts.values()))
    return Fused(logits, parts)


def joined_tokens(encoded: dict[str, Encoded]) -> Encoded:
    """The tokens of all columns in one sequence, each with its column's vector added."""
    tokens = [Marked(name=f"fusion.{name}_mark")(e.tokens) for name, e in encoded.items()]
    masks = [e.mask for e in encoded.values()]
    if len(tokens) == 1:
        return Encoded(tokens[0], masks[0])
    # [b, sum of T, width], [b, sum of T]
    return Encoded(layers.Concatenate(axis=1, name="tokens")(tokens), layers.Concatenate(axis=1, name="mask")(masks))


def transformed(x: Tensor, mask: Tensor, sizes: Sizes) -> Tensor:
    """`depth` blocks over tokens [b, T, width] and mask [b, T]."""
    from keras_hub.layers import TransformerEncoder  # late: the import takes a second, and only this fusion needs it

    for k in range(sizes.depth):
        block = TransformerEncoder(
            4 * sizes.width, sizes.heads, dropout=sizes.dropout, normalize_first=True, name=f"fusion.block_{k}"
        )
        x = block(x, padding_mask=mask)
    return x


def attention(encoded: dict[str, Encoded], present: Tensor, outputs: int, sizes: Sizes) -> Fused:
    """One Transformer over all tokens of all columns (Vaswani et al. 2017); the head reads one added token."""
    joined = joined_tokens(encoded)
    x, mask = Prepend(name="answer")(joined.tokens, joined.mask)
    x = transformed(x, mask, sizes)
    x = layers.LayerNormalization(name="fusion.norm")(x[:, 0])  # [b, width]
    return Fused(layers.Dense(outputs, name="head")(x), {})


def decision(encoded: dict[str, Encoded], present: Tensor, outputs: int, sizes: Sizes) -> Fused:
    """Decision level: each column has its head, and the heads' logits are averaged with learned weights.

    The mean of logits multiplies probabilities (the product rule: Kittler et al. 1998, section 3). The sum rule, the
    mean of the probabilities, trains badly: the heads that are right first take all the gradient.
    """
    parts = {}
    for name, e in encoded.items():
        x = layers.Dense(sizes.width, activation="relu", name=f"fusion.{name}_hidden")(pooled(name, e))
        x = layers.Dropout(sizes.dropout, name=f"fusion.{name}_dropout")(x)
        parts[name] = layers.Dense(outputs, name=f"fusion.{name}_head")(x)
    answers = ops.stack(list(parts.values()), axis=1)  # [b, M, outputs]
    return Fused(Vote(name="vote")(answers, present), parts)


def attention_memory(encoded: dict[str, Encoded], present: Tensor, sizes: Sizes) -> Encoded:
    """One Transformer over all tokens of all columns."""
    joined = joined_tokens(encoded)
    x = transformed(joined.tokens, joined.mask, sizes)
    return Encoded(layers.LayerNormalization(name="fusion.norm")(x), joined.mask)


def concat_memory(encoded: dict[str, Encoded], present: Tensor, sizes: Sizes) -> Encoded:
    """The tokens of all columns in one sequence; the decoder's attention alone joins them."""
    return joined_tokens(encoded)


def sum_memory(encoded: dict[str, Encoded], present: Tensor, sizes: Sizes) -> Encoded:
    """One token, the sum over columns c of W_c x_c, for pooled vectors x_c."""
    parts = [layers.Dense(sizes.width, name=f"fusion.{n}_projection")(pooled(n, e)) for n, e in encoded.items()]
    z = parts[0] if len(parts) == 1 else layers.Add(name="sum")(parts)
    token = layers.Reshape((1, sizes.width), name="fusion.token")(z)  # [b, width] -> [b, 1, width]
    return Encoded(token, ops.ones_like(token[:, :, 0]))


def fusion(name: str) -> Callable[..., Fused]:
    """The function of a fusion: encoded, present, outputs, sizes -> Fused."""
    return cast(Callable[..., Fused], _function(FUSIONS[name].answer))


def memory(name: str) -> Callable[..., Encoded]:
    """The function of a fusion that keeps tokens: encoded, present, sizes -> the memory of a decoder."""
    return cast(Callable[..., Encoded], _function(FUSIONS[name].memory or ""))


def _function(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
