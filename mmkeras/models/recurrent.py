"""A recurrent language model: tokens and states -> the logits of the next token; SimpleRNN, LSTM or GRU.

Sizes and training of the small model of Zaremba, Sutskever & Vinyals 2014 (arXiv:1409.2329): an embedding and two
layers of 200. Two later, cheap additions: the embedding tied to the output projection (Press & Wolf 2017), and the same
dropout mask at every step of a row (Gal & Ghahramani 2016).
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
RANGE = 0.1  # of the embedding's initial weights

Tensor = Any


class RecurrentParts:
    """The layers, which training, scoring and decoding share. states: [b, n_states, width], those of all layers."""

    def __init__(self, config: Config, vocabulary_size: int) -> None:
        width, seed = config.model.width or WIDTH, config.training.seed
        self.width = width
        start = keras.initializers.RandomUniform(-RANGE, RANGE, seed=seed)
        self.embedding = PieceEmbedding(
            vocabulary_size, width, tie_weights=config.generation.tie, embeddings_initializer=start, name="embedding"
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

    def states_of(self, states: Tensor, k: int) -> list[Tensor]:
        """Layer k's states, [b, width] each."""
        n = self.states_of_layer
        return [states[:, k * n + j] for j in range(n)]

    def build(self) -> tuple[keras.Model, keras.Model]:
        """The core: tokens int32 [b, T], states [b, n_states, width] -> logits [b, T, vocabulary], the last states.

        And the trunk, which returns the input of the output projection [b, T, width], for `TokenLoss`.
        """
        tokens = keras.Input((None,), dtype="int32", name="pieces")
        states = keras.Input((self.n_states, self.width), name="states")
        x, new = self.drops[0](self.embedding(tokens)), []
        for k, cell in enumerate(self.cells):
            x, *cell_states = cell(x, initial_state=self.states_of(states, k))  # [b, T, width]
            x = self.drops[k + 1](x)
            new += cell_states
        last_states = ops.stack(new, axis=1)
        core = keras.Model([tokens, states], [self.logits(x), last_states], name="core")
        return core, keras.Model([tokens, states], [x, last_states], name="trunk")

    def logits(self, vectors: Tensor) -> Tensor:
        """Outputs of the last layer [..., width] -> logits [..., vocabulary]."""
        return self.embedding(vectors, reverse=True)

    def step(self, vectors: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        """The vectors of one token [b, width], states -> the last layer's output [b, width], states."""
        x, new = vectors, list[Tensor]()
        for k, layer in enumerate(self.cells):
            x, cell_states = layer.cell(x, self.states_of(states, k))
            new += cell_states if isinstance(cell_states, list | tuple) else [cell_states]
        return x, ops.stack(new, axis=1)


@keras.saving.register_keras_serializable("mmkeras")
class ZeroStates(layers.Layer):
    """Tokens [b, T] -> zeros [b, n_states, width], the states before a text."""

    def __init__(self, n_states: int, width: int, **options: Any) -> None:
        super().__init__(**{**options, "trainable": False})
        self.n_states, self.width = n_states, width

    def call(self, tokens: Tensor) -> Tensor:
        return ops.zeros((ops.shape(tokens)[0], self.n_states, self.width))

    def compute_output_spec(self, tokens: Tensor) -> Tensor:
        return keras.KerasTensor((tokens.shape[0], self.n_states, self.width), "float32")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n_states": self.n_states, "width": self.width}


class Carried(layers.Layer):
    """A core or trunk that carries its states from batch to batch: tokens int32 [b, T] -> its first output.

    Gradients end at the batch's start (truncated back-propagation through time): the states are a variable.
    """

    def __init__(self, core: keras.Model, batch: int, **options: Any) -> None:
        super().__init__(**options)
        self.core = core
        self.states = self.add_weight(
            shape=(batch, *core.input[1].shape[1:]), initializer="zeros", trainable=False, name="states"
        )

    def call(self, tokens: Tensor, training: bool = False) -> Tensor:
        outputs, states = self.core([tokens, self.states], training=training)
        self.states.assign(states)
        return outputs

    def reset(self) -> None:
        """Set all states to zero."""
        self.states.assign(ops.zeros_like(self.states))
