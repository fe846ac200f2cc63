"""The text decoder: a causal Transformer over tokens, with cross-attention to a memory (Vaswani et al. 2017).

Why not keras-hub's TransformerDecoder: its cache is one array of six dimensions that is updated in place by
`slice_update`, which neither ONNX nor LiteRT has. Here a step takes the keys and values of all previous tokens as plain
4-D arrays, [b, blocks * heads, tokens, size], and returns the keys and values of the new token alone; the caller writes
them into the arrays. So a step costs the same however long the text is, and nothing large is copied out.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mmkeras.models.token_embedding import PieceEmbedding

FEED_FORWARD = 4  # times `width`
MASKED = -1e9  # added to the attention score of a masked position

Tensor = Any


def heads_of(width: int, size: int) -> int:
    """The number of heads: the largest divisor of `width` that gives each head `size` numbers or more."""
    return next(heads for heads in range(max(1, width // size), 0, -1) if width % heads == 0)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[b, T, width] -> [b, heads, T, width / heads]."""
    b, t, width = ops.shape(x)[0], ops.shape(x)[1], x.shape[2]
    return ops.transpose(ops.reshape(x, (b, t, heads, width // heads)), (0, 2, 1, 3))


def attend(queries: Tensor, keys: Tensor, values: Tensor, masked: Tensor) -> Tensor:
    """Equation 1 of the paper, all heads: [b, heads, Q, size] and twice [b, heads, K, size] -> [b, Q, width].

    masked: added to the scores, [b or 1, 1, Q or 1, K]; MASKED where a query may not attend to a key, else 0.
    """
    size = queries.shape[3]
    scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) * (size**-0.5) + masked
    attended = ops.matmul(ops.softmax(scores, axis=-1), values)  # [b, heads, Q, size]
    b, n = ops.shape(queries)[0], ops.shape(queries)[2]  # untransposed: tf2onnx mixes up a single head's
    return ops.reshape(ops.transpose(attended, (0, 2, 1, 3)), (b, n, queries.shape[1] * size))


class DecoderBlock(layers.Layer):
    """Self-attention, cross-attention to the memory if `crossing`, and a feed-forward part. Each has its layer
    normalisation in front (Xiong et al. 2020) and its input added to its output.
    """

    def __init__(self, width: int, heads: int, dropout: float, crossing: bool, **options: Any) -> None:
        super().__init__(**options)
        self.width, self.heads, self.crossing, self.rate = width, heads, crossing, dropout
        names = ["own", "memory"] if crossing else ["own"]
        self.norms = {
            name: layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm") for name in [*names, "forward"]
        }
        self.queries = {name: layers.Dense(width, name=f"{name}_queries") for name in names}
        self.keys_values = {name: layers.Dense(2 * width, name=f"{name}_keys_values") for name in names}
        self.joined = {name: layers.Dense(width, name=f"{name}_joined") for name in names}
        self.up = layers.Dense(FEED_FORWARD * width, activation="relu", name="up")
        self.down = layers.Dense(width, name="down")
        self.drop = layers.Dropout(dropout)

    def build(self, shape: Any) -> None:
        for name, norm in self.norms.items():
            norm.build(shape)
            if name in self.queries:
                for dense in (self.queries[name], self.keys_values[name], self.joined[name]):
                    dense.build((None, None, self.width))
        self.up.build(shape)
        self.down.build((None, None, FEED_FORWARD * self.width))

    def project(self, name: str, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of self-attention (`own`) or of the `memory`: [b, T, width] -> twice [b, heads, T, size]."""
        keys, values = ops.split(self.keys_values[name](x), 2, axis=2)
        return split_heads(keys, self.heads), split_heads(values, self.heads)

    def self_keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of self-attention, from the block's input [b, T, width]."""
        return self.project("own", self.norms["own"](x))

    def attend_to(self, name: str, x: Tensor, context: tuple[Tensor, Tensor, Tensor], training: bool) -> Tensor:
        """x [b, Q, width] plus attention to `own` tokens or to the `memory`. context: keys, values and their mask."""
        queries = split_heads(self.queries[name](self.norms[name](x)), self.heads)
        return x + self.drop(self.joined[name](attend(queries, *context)), training=training)

    def finish(
        self,
        x: Tensor,
        tokens: tuple[Tensor, Tensor, Tensor],
        memory: tuple[Tensor, Tensor, Tensor] | None,
        training: bool,
    ) -> Tensor:
        """x [b, Q, width] -> the block's output. tokens, memory: keys, values and mask, as `attend` takes them."""
        x = self.attend_to("own", x, tokens, training)
        if memory is not None:
            x = self.attend_to("memory", x, memory, training)
        return x + self.drop(
            self.down(self.drop(self.up(self.norms["forward"](x)), training=training)), training=training
        )


@keras.saving.register_keras_serializable("mmkeras")
class Decoder(layers.Layer):
    """The tokens so far, and a memory if `crossing` -> the logits of the next token."""

    def __init__(
        self,
        pieces: int,
        length: int,
        width: int,
        depth: int,
        heads: int,
        dropout: float,
        crossing: bool = True,
        tie: bool = True,
        **options: Any,
    ) -> None:
        """pieces: the size of the vocabulary; length: the longest text in tokens; depth: the number of blocks; heads:
        of a block, a divisor of `width`. The arguments are the keys of `get_config`.
        """
        super().__init__(**options)
        self.sizes: dict[str, Any] = {
            "pieces": pieces,
            "length": length,
            "width": width,
            "depth": depth,
            "heads": heads,
        }
        self.sizes |= {"dropout": dropout, "crossing": crossing, "tie": tie}
        self.length, self.width, self.depth, self.heads = length, width, depth, heads
        start = keras.initializers.RandomNormal(stddev=width**-0.5)
        self.embedding = PieceEmbedding(pieces, width, tie_weights=tie, embeddings_initializer=start, name="embedding")
        self.positions = layers.Embedding(length, width, embeddings_initializer=start, name="positions")
        self.blocks = [DecoderBlock(width, heads, dropout, crossing, name=f"block_{k}") for k in range(depth)]
        self.norm = layers.LayerNormalization(epsilon=1e-5, name="norm")
        self.drop = layers.Dropout(dropout)

    def build(self, *shapes: Any) -> None:
        self.embedding.build()
        self.positions.build()
        for block in self.blocks:
            block.build((None, None, self.width))
        self.norm.build((None, None, self.width))

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """int32 [b, T] and [T] or [b, T] -> [b, T, width]; scaled as in section 3.4 of the paper."""
        return (self.embedding(tokens) + self.positions(positions)) * self.width**0.5

    def call(self, tokens: Tensor, memory: Tensor = None, visible: Tensor = None, training: bool = False) -> Tensor:
        """All steps at once: tokens int32 [b, T], memory [b, M, width] -> logits [b, T, vocabulary].

        visible: float32 [b, M], 1.0 at the memory's tokens, 0.0 at its padding.
        """
        return self.embedding(self.vectors(tokens, memory, visible, training), reverse=True)

    def vectors(self, tokens: Tensor, memory: Tensor = None, visible: Tensor = None, training: bool = False) -> Tensor:
        """The last block's normalised output, the input of the output projection: [b, T, width]."""
        positions = ops.arange(ops.shape(tokens)[1])
        future = MASKED * ops.cast(positions[None, :] > positions[:, None], "float32")[None, None]  # [1, 1, T, T]
        padding = None if memory is None else MASKED * (1.0 - visible[:, None, None, :])  # [b, 1, 1, M]
        x = self.drop(self.embed(tokens, positions), training=training)
        for block in self.blocks:
            context = (*block.self_keys_values(x), future)
            memory_context = None if memory is None else (*block.project("memory", memory), padding)
            x = block.finish(x, context, memory_context, training)
        return self.norm(x)

    def attention(self, tokens: Tensor, memory: Tensor, visible: Tensor) -> Tensor:
        """The last block's attention weights over the memory, mean over its heads: [b, T, M]."""
        positions = ops.arange(ops.shape(tokens)[1])
        future = MASKED * ops.cast(positions[None, :] > positions[:, None], "float32")[None, None]
        padding = MASKED * (1.0 - visible[:, None, None, :])
        x = self.embed(tokens, positions)
        for block in self.blocks[:-1]:
            context = (*block.self_keys_values(x), future)
            x = block.finish(x, context, (*block.project("memory", memory), padding), False)
        last = self.blocks[-1]
        x = last.attend_to("own", x, (*last.self_keys_values(x), future), False)
        queries = split_heads(last.queries["memory"](last.norms["memory"](x)), self.heads)
        keys, _ = last.project("memory", memory)
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) * (queries.shape[3] ** -0.5) + padding
        return ops.mean(ops.softmax(scores, axis=-1), axis=1)

    def cross_keys_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the memory [b, M, width] in all blocks: [b, blocks * heads, M, size] each."""
        pairs = [block.project("memory", memory) for block in self.blocks]
        return ops.concatenate([k for k, _ in pairs], axis=1), ops.concatenate([v for _, v in pairs], axis=1)

    def step(
        self,
        token: Tensor,
        position: Tensor,
        keys: Tensor,
        values: Tensor,
        memory: tuple[Tensor, Tensor, Tensor] | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One token. token, position: int32 [b, 1], position the number of tokens before it.

        keys, values: [b, blocks * heads, length, size]; all but the first `position` are masked.
        memory: the result of `cross_keys_values`, and the mask `visible` [b, M].
        Returns logits [b, vocabulary], and keys and values of this token, [b, blocks * heads, 1, size].
        """
        positions = ops.arange(self.length)[None, :]  # [1, length]
        before = ops.cast(positions < position, "float32")  # [b, length]
        visible = ops.concatenate([before, ops.ones_like(before[:, :1])], axis=1)
        masked = MASKED * (1.0 - visible)[:, None, None, :]  # [b, 1, 1, length + 1]
        x, new_keys, new_values = self.embed(token, position), [], []
        for k, block in enumerate(self.blocks):
            rows = slice(k * self.heads, (k + 1) * self.heads)
            token_keys, token_values = block.self_keys_values(x)  # [b, heads, 1, size]
            all_keys = ops.concatenate([keys[:, rows], token_keys], axis=2)
            all_values = ops.concatenate([values[:, rows], token_values], axis=2)
            context = None
            if memory is not None:
                context = memory[0][:, rows], memory[1][:, rows], MASKED * (1.0 - memory[2][:, None, None, :])
            x = block.finish(x, (all_keys, all_values, masked), context, False)
            new_keys.append(token_keys)
            new_values.append(token_values)
        return (
            self.embedding(self.norm(x)[:, 0], reverse=True),
            ops.concatenate(new_keys, axis=1),
            ops.concatenate(new_values, axis=1),
        )

    def compute_output_shape(self, tokens_shape: Any, *shapes: Any) -> Any:
        return (*tokens_shape, self.sizes["pieces"])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.sizes}


class DecoderVectors(layers.Layer):
    """A decoder without a memory, up to the input of the output projection: tokens int32 [b, T] -> [b, T, width]."""

    def __init__(self, decoder: Decoder, **options: Any) -> None:
        super().__init__(**options)
        self.decoder = decoder

    def call(self, tokens: Tensor, training: bool = False) -> Tensor:
        return self.decoder.vectors(tokens, training=training)

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape, self.decoder.width)
