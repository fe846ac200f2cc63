"""Many columns, each encoded -> one answer. Four ways, a function each; `config.fusions.FUSIONS` names them.

All take `encoded` (name -> Encoded), `present` [b, M] in the order of the names, the number of outputs and a Shape, and
return a Fused. Three of them can also give a memory, tokens that a decoder looks at.
Layers' names have a dot, which no column's has: encoders may call theirs what they like.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from keras import layers, ops

from mmkeras.config.fusions import FUSIONS
from mmkeras.modalities.encoded import Encoded, MaskedMean, Sizes

Tensor = Any


@dataclass(frozen=True)
class Fused:
    """logits: [b, outputs]. parts: column -> [b, outputs], what it says by itself, where the fusion can tell."""

    logits: Tensor
    parts: dict[str, Tensor]


class Marked(layers.Layer):
    """Tokens [b, T, width] plus a learned vector that says which column they come from."""

    def build(self, shape: Any) -> None:
        self.vector = self.add_weight(shape=(shape[-1],), initializer="random_normal", name="vector")

    def call(self, tokens: Tensor) -> Tensor:
        return tokens + self.vector


class Prepend(layers.Layer):
    """A learned token in front, where the answer is read: tokens [b, T, width], mask [b, T] -> [b, T + 1, …]."""

    def build(self, tokens_shape: Any, shown_shape: Any) -> None:
        self.token = self.add_weight(shape=(1, 1, tokens_shape[-1]), initializer="random_normal", name="token")

    def call(self, tokens: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
        first = ops.zeros_like(tokens[:, :1]) + self.token  # [b, 1, width]
        ones = ops.ones_like(shown[:, :1])
        return ops.concatenate([first, tokens], axis=1), ops.concatenate([ones, shown], axis=1)


class Vote(layers.Layer):
    """The columns' answers averaged with learned weights, among those that are there.

    Call: answers [b, M, outputs], present [b, M] -> [b, outputs]. Without any present column all count alike.
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


def concat(encoded: dict[str, Encoded], present: Tensor, outputs: int, shape: Sizes) -> Fused:
    """Feature level: the columns' vectors side by side, then an MLP."""
    vectors = [pooled(name, e) for name, e in encoded.items()]
    x = vectors[0] if len(vectors) == 1 else layers.Concatenate(name="fusion.joined")(vectors)  # [b, M * width]
    x = layers.Dense(shape.width, activation="relu", name="fusion.hidden")(x)
    x = layers.Dropout(shape.dropout, name="fusion.dropout")(x)
    return Fused(layers.Dense(outputs, name="head")(x), {})


def add(encoded: dict[str, Encoded], present: Tensor, outputs: int, shape: Sizes) -> Fused:
    """z = W_t x_t + W_i x_i + W_a x_a, then a linear head: so what each column adds to the logits is exactly known."""
    head = layers.Dense(outputs, use_bias=False, name="head")
    parts = {}
    for name, e in encoded.items():
        x = layers.Dropout(shape.dropout, name=f"fusion.{name}_dropout")(pooled(name, e))
        parts[name] = head(layers.Dense(shape.width, name=f"fusion.{name}_projection")(x))
    logits = next(iter(parts.values())) if len(parts) == 1 else layers.Add(name="sum")(list(parts.values()))
    return Fused(logits, parts)


def joined_tokens(encoded: dict[str, Encoded]) -> Encoded:
    """All columns' tokens in a row, each marked with its column."""
    tokens = [Marked(name=f"fusion.{name}_mark")(e.tokens) for name, e in encoded.items()]
    masks = [e.mask for e in encoded.values()]
    if len(tokens) == 1:
        return Encoded(tokens[0], masks[0])
    # [b, sum of T, width], [b, sum of T]
    return Encoded(layers.Concatenate(axis=1, name="tokens")(tokens), layers.Concatenate(axis=1, name="mask")(masks))


def transformed(x: Tensor, mask: Tensor, shape: Sizes) -> Tensor:
    """`depth` blocks over tokens [b, T, width] and mask [b, T]."""
    from keras_hub.layers import TransformerEncoder  # late: a second, and only for this fusion

    for k in range(shape.depth):
        block = TransformerEncoder(
            4 * shape.width, shape.heads, dropout=shape.dropout, normalize_first=True, name=f"fusion.block_{k}"
        )
        x = block(x, padding_mask=mask)
    return x


def attention(encoded: dict[str, Encoded], present: Tensor, outputs: int, shape: Sizes) -> Fused:
    """One Transformer over all tokens of all columns (Vaswani et al. 2017), read at a token of its own."""
    joined = joined_tokens(encoded)
    x, mask = Prepend(name="answer")(joined.tokens, joined.mask)
    x = transformed(x, mask, shape)
    x = layers.LayerNormalization(name="fusion.norm")(x[:, 0])  # [b, width]
    return Fused(layers.Dense(outputs, name="head")(x), {})


def decision(encoded: dict[str, Encoded], present: Tensor, outputs: int, shape: Sizes) -> Fused:
    """Decision level: each column answers by itself, and the answers are averaged with learned weights.

    Logits are averaged, which multiplies probabilities (the product rule: Kittler et al. 1998, section 3). The sum
    rule, the mean of the probabilities, learns badly in one training: the heads that are right first take all the
    gradient.
    """
    parts = {}
    for name, e in encoded.items():
        x = layers.Dense(shape.width, activation="relu", name=f"fusion.{name}_hidden")(pooled(name, e))
        x = layers.Dropout(shape.dropout, name=f"fusion.{name}_dropout")(x)
        parts[name] = layers.Dense(outputs, name=f"fusion.{name}_head")(x)
    answers = ops.stack(list(parts.values()), axis=1)  # [b, M, outputs]
    return Fused(Vote(name="vote")(answers, present), parts)


def attention_memory(encoded: dict[str, Encoded], present: Tensor, shape: Sizes) -> Encoded:
    """One Transformer over all tokens of all columns."""
    joined = joined_tokens(encoded)
    x = transformed(joined.tokens, joined.mask, shape)
    return Encoded(layers.LayerNormalization(name="fusion.norm")(x), joined.mask)


def concat_memory(encoded: dict[str, Encoded], present: Tensor, shape: Sizes) -> Encoded:
    """The columns' tokens one behind the other: the decoder alone brings them together."""
    return joined_tokens(encoded)


def sum_memory(encoded: dict[str, Encoded], present: Tensor, shape: Sizes) -> Encoded:
    """z = W_t x_t + W_i x_i + W_a x_a as the only token."""
    parts = [layers.Dense(shape.width, name=f"fusion.{n}_projection")(pooled(n, e)) for n, e in encoded.items()]
    z = parts[0] if len(parts) == 1 else layers.Add(name="sum")(parts)
    token = layers.Reshape((1, shape.width), name="fusion.token")(z)  # [b, width] -> [b, 1, width]
    return Encoded(token, ops.ones_like(token[:, :, 0]))


def fusion(name: str) -> Callable[..., Fused]:
    """The function of a fusion: encoded, present, outputs, shape -> Fused."""
    return cast(Callable[..., Fused], _function(FUSIONS[name].answer))


def memory(name: str) -> Callable[..., Encoded]:
    """The function of a fusion that keeps tokens: encoded, present, shape -> what a decoder looks at."""
    return cast(Callable[..., Encoded], _function(FUSIONS[name].memory or ""))


def _function(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)
