"""A recurrent language model: pieces so far, and states -> the logits of the next; SimpleRNN, LSTM or GRU.

Sizes and training of the small model of Zaremba, Sutskever & Vinyals 2014 (arXiv:1409.2329): an embedding and two
layers of 200. What came since and is cheap: the embedding is the output's matrix too (Press & Wolf 2017), and dropout
drops the same numbers at every step of a row (Gal & Ghahramani 2016).
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from mmkeras.config.config import Config
from mmkeras.models.lstm import LSTM
from mmkeras.models.token_embedding import PieceEmbedding

CELLS = {"rnn": layers.SimpleRNN, "lstm": LSTM, "gru": layers.GRU}
WIDTH = 200
RANGE = 0.1  # of the embedding's first weights

Tensor = Any


class RecurrentParts:
    """The layers, which training, scoring and steps share. states: [b, n_states, width], all layers' in a row."""

    def __init__(self, config: Config, pieces: int) -> None:
        width, seed = config.model.width or WIDTH, config.training.seed
        self.width = width
        start = keras.initializers.RandomUniform(-RANGE, RANGE, seed=seed)
        self.embedding = PieceEmbedding(
            pieces, width, tie_weights=config.generation.tie, embeddings_initializer=start, name="embedding"
        )
        kind = CELLS[config.generation.cell]
        self.cells = [
            kind(width, return_sequences=True, return_state=True, name=f"layer_{k}") for k in range(config.model.depth)
        ]
        self.states_of_layer = 2 if config.generation.cell == "lstm" else 1
        self.drops = [
            layers.Dropout(config.model.dropout, noise_shape=(None, 1, None), seed=seed + k, name=f"dropout_{k}")
            for k in range(config.model.depth + 1)
        ]

    @property
    def n_states(self) -> int:
        """Vectors of state in all layers."""
        return len(self.cells) * self.states_of_layer

    def of_layer(self, states: Tensor, k: int) -> list[Tensor]:
        """Layer k's states, [b, width] each."""
        n = self.states_of_layer
        return [states[:, k * n + j] for j in range(n)]

    def build(self) -> tuple[keras.Model, keras.Model]:
        """The core: pieces int32 [b, T], states [b, n_states, width] -> logits [b, T, pieces], states behind them.

        And the same that ends in front of the logits, with vectors [b, T, width], for `TokenLoss`.
        """
        given = keras.Input((None,), dtype="int32", name="pieces")
        states = keras.Input((self.n_states, self.width), name="states")
        x, new = self.drops[0](self.embedding(given)), []
        for k, cell in enumerate(self.cells):
            x, *own = cell(x, initial_state=self.of_layer(states, k))  # [b, T, width]
            x = self.drops[k + 1](x)
            new += own
        behind = ops.stack(new, axis=1)
        core = keras.Model([given, states], [self.logits(x), behind], name="core")
        return core, keras.Model([given, states], [x, behind], name="trunk")

    def logits(self, vectors: Tensor) -> Tensor:
        """Outputs of the last layer [..., width] -> logits [..., pieces]."""
        return self.embedding(vectors, reverse=True)

    def step(self, vectors: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        """One piece's vectors [b, width], states -> the last layer's output [b, width], states."""
        x, new = vectors, list[Tensor]()
        for k, layer in enumerate(self.cells):
            x, own = layer.cell(x, self.of_layer(states, k))
            new += own if isinstance(own, list | tuple) else [own]
        return x, ops.stack(new, axis=1)


class Carried(layers.Layer):
    """A core, or trunk, with the states of the batch before: pieces int32 [b, T] -> its first output.

    Gradients end at the batch's start (truncated back-propagation through time), for a variable has none.
    """

    def __init__(self, core: keras.Model, batch: int, **options: Any) -> None:
        super().__init__(**options)
        self.core = core
        self.states = self.add_weight(
            shape=(batch, *core.input[1].shape[1:]), initializer="zeros", trainable=False, name="states"
        )

    def call(self, pieces: Tensor, training: bool = False) -> Tensor:
        found, states = self.core([pieces, self.states], training=training)
        self.states.assign(states)
        return found

    def forget(self) -> None:
        """Begin anew: all zeros."""
        self.states.assign(ops.zeros_like(self.states))
