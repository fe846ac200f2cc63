"""What writes a text: a causal Transformer over the pieces so far, which may look at a memory (Vaswani et al. 2017).

Why not keras-hub's TransformerDecoder: its cache is one array of six dimensions that is updated in place by
`slice_update`, which neither ONNX nor LiteRT has. Here a step takes the keys and values of all pieces before as plain
4-D arrays, [b, blocks * heads, pieces, size], and gives those of its own piece alone; whoever calls it writes them into
their place. So a step costs the same however long the text is, and nothing large is copied out.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mmkeras.models.token_embedding import PieceEmbedding

FEED_FORWARD = 4  # times `width`
HIDDEN = -1e9  # added to the score of what may not be seen

Tensor = Any


def heads_of(width: int, size: int) -> int:
    """As many heads of about `size` numbers as divide the width."""
    return next(heads for heads in range(max(1, width // size), 0, -1) if width % heads == 0)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """[b, T, width] -> [b, heads, T, width / heads]."""
    b, t, width = ops.shape(x)[0], ops.shape(x)[1], x.shape[2]
    return ops.transpose(ops.reshape(x, (b, t, heads, width // heads)), (0, 2, 1, 3))


def attend(queries: Tensor, keys: Tensor, values: Tensor, hidden: Tensor) -> Tensor:
    """Equation 1 of the paper, all heads: [b, heads, Q, size] and twice [b, heads, K, size] -> [b, Q, width].

    hidden: added to the scores, [b or 1, 1, Q or 1, K].
    """
    size = queries.shape[3]
    scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) * (size**-0.5) + hidden
    found = ops.matmul(ops.softmax(scores, axis=-1), values)  # [b, heads, Q, size]
    b, n = ops.shape(queries)[0], ops.shape(queries)[2]  # of what is not transposed: tf2onnx mixes up a single head's
    return ops.reshape(ops.transpose(found, (0, 2, 1, 3)), (b, n, queries.shape[1] * size))


class DecoderBlock(layers.Layer):
    """Attention to the pieces before, to the memory where there is one, and a feed-forward part; each normalised in
    front (Xiong et al. 2020) and added to what it was given.
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
        """Keys and values of `own` pieces or of the `memory`: [b, T, width] -> twice [b, heads, T, size]."""
        keys, values = ops.split(self.keys_values[name](x), 2, axis=2)
        return split_heads(keys, self.heads), split_heads(values, self.heads)

    def own_keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of pieces, from this block's input."""
        return self.project("own", self.norms["own"](x))

    def look(self, name: str, x: Tensor, seen: tuple[Tensor, Tensor, Tensor], training: bool) -> Tensor:
        """x [b, Q, width] and what it sees of `own` pieces or of the `memory`."""
        queries = split_heads(self.queries[name](self.norms[name](x)), self.heads)
        return x + self.drop(self.joined[name](attend(queries, *seen)), training=training)

    def finish(
        self,
        x: Tensor,
        own: tuple[Tensor, Tensor, Tensor],
        memory: tuple[Tensor, Tensor, Tensor] | None,
        training: bool,
    ) -> Tensor:
        """x [b, Q, width], and keys, values and what is hidden of both sides -> the block's output."""
        x = self.look("own", x, own, training)
        if memory is not None:
            x = self.look("memory", x, memory, training)
        return x + self.drop(
            self.down(self.drop(self.up(self.norms["forward"](x)), training=training)), training=training
        )


class Decoder(layers.Layer):
    """Pieces so far, and a memory where `crossing` -> the logits of the next piece."""

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
        """length: most pieces of a text; depth: blocks; heads: of a block, a divisor of `width`."""
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

    def embed(self, pieces: Tensor, positions: Tensor) -> Tensor:
        """int32 [b, T] and [T] or [b, T] -> [b, T, width]; scaled as in section 3.4 of the paper."""
        return (self.embedding(pieces) + self.positions(positions)) * self.width**0.5

    def call(self, pieces: Tensor, memory: Tensor = None, shown: Tensor = None, training: bool = False) -> Tensor:
        """All steps at once: pieces int32 [b, T], memory [b, M, width], shown [b, M] -> logits [b, T, pieces]."""
        return self.embedding(self.vectors(pieces, memory, shown, training), reverse=True)

    def vectors(self, pieces: Tensor, memory: Tensor = None, shown: Tensor = None, training: bool = False) -> Tensor:
        """What logits are made of, [b, T, width]."""
        places = ops.arange(ops.shape(pieces)[1])
        hidden = HIDDEN * ops.cast(places[None, :] > places[:, None], "float32")[None, None]  # [1, 1, T, T]
        unseen = None if memory is None else HIDDEN * (1.0 - shown[:, None, None, :])  # [b, 1, 1, M]
        x = self.drop(self.embed(pieces, places), training=training)
        for block in self.blocks:
            own = (*block.own_keys_values(x), hidden)
            crossed = None if memory is None else (*block.project("memory", memory), unseen)
            x = block.finish(x, own, crossed, training)
        return self.norm(x)

    def attention(self, pieces: Tensor, memory: Tensor, shown: Tensor) -> Tensor:
        """What the last block looks at in the memory, mean over its heads: [b, T, M]."""
        places = ops.arange(ops.shape(pieces)[1])
        hidden = HIDDEN * ops.cast(places[None, :] > places[:, None], "float32")[None, None]
        unseen = HIDDEN * (1.0 - shown[:, None, None, :])
        x = self.embed(pieces, places)
        for block in self.blocks[:-1]:
            own = (*block.own_keys_values(x), hidden)
            x = block.finish(x, own, (*block.project("memory", memory), unseen), False)
        last = self.blocks[-1]
        x = last.look("own", x, (*last.own_keys_values(x), hidden), False)
        queries = split_heads(last.queries["memory"](last.norms["memory"](x)), self.heads)
        keys, _ = last.project("memory", memory)
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2))) * (queries.shape[3] ** -0.5) + unseen
        return ops.mean(ops.softmax(scores, axis=-1), axis=1)

    def remember(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """The memory [b, M, width] as every block sees it: keys and values, [b, blocks * heads, M, size] each."""
        both = [block.project("memory", memory) for block in self.blocks]
        return ops.concatenate([k for k, _ in both], axis=1), ops.concatenate([v for _, v in both], axis=1)

    def step(
        self,
        piece: Tensor,
        position: Tensor,
        keys: Tensor,
        values: Tensor,
        memory: tuple[Tensor, Tensor, Tensor] | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The next piece alone. piece, position: int32 [b, 1], position the number of pieces before it.

        keys, values: [b, blocks * heads, length, size], of which only `position` first are looked at.
        memory: what `remember` gave, and `shown` [b, M].
        Returns logits [b, pieces], and keys and values of this piece, [b, blocks * heads, 1, size].
        """
        places = ops.arange(self.length)[None, :]  # [1, length]
        before = ops.cast(places < position, "float32")  # [b, length]
        seen = ops.concatenate([before, ops.ones_like(before[:, :1])], axis=1)
        hidden = HIDDEN * (1.0 - seen)[:, None, None, :]  # [b, 1, 1, length + 1]
        x, new_keys, new_values = self.embed(piece, position), [], []
        for k, block in enumerate(self.blocks):
            mine = slice(k * self.heads, (k + 1) * self.heads)
            own_keys, own_values = block.own_keys_values(x)  # [b, heads, 1, size]
            all_keys = ops.concatenate([keys[:, mine], own_keys], axis=2)
            all_values = ops.concatenate([values[:, mine], own_values], axis=2)
            crossed = None
            if memory is not None:
                crossed = memory[0][:, mine], memory[1][:, mine], HIDDEN * (1.0 - memory[2][:, None, None, :])
            x = block.finish(x, (all_keys, all_values, hidden), crossed, False)
            new_keys.append(own_keys)
            new_values.append(own_values)
        return (
            self.embedding(self.norm(x)[:, 0], reverse=True),
            ops.concatenate(new_keys, axis=1),
            ops.concatenate(new_values, axis=1),
        )

    def compute_output_shape(self, pieces_shape: Any, *shapes: Any) -> Any:
        return (*pieces_shape, self.sizes["pieces"])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.sizes}


class DecoderVectors(layers.Layer):
    """A decoder without a memory, in front of its logits: pieces int32 [b, T] -> [b, T, width]."""

    def __init__(self, decoder: Decoder, **options: Any) -> None:
        super().__init__(**options)
        self.decoder = decoder

    def call(self, pieces: Tensor, training: bool = False) -> Tensor:
        return self.decoder.vectors(pieces, training=training)

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape, self.decoder.width)
