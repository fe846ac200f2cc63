"""The task `language_model`: the graphs `decode_step`, a piece at a time, and `score`, a whole text at once."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from mmkeras.data.target_tokenizer import EOS
from mmkeras.graph import Graph, Input
from mmkeras.models.decoder import Decoder, DecoderVectors
from mmkeras.models.recurrent import RecurrentParts
from mmkeras.tasks.text_generation.graphs import array, described_array, step_graph

Tensor = Any


class RecurrentStep(layers.Layer):
    """piece int32 [b, 1], states [b, n_states, width] -> log-probabilities [b, pieces] of the next, states."""

    def __init__(self, parts: RecurrentParts, **options: Any) -> None:
        super().__init__(**options)
        self.parts = parts
        self.kept = [parts.embedding, *parts.cells]  # Keras finds a layer's weights in lists, not in objects

    def call(self, piece: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        x, states = self.parts.step(self.parts.embedding(piece)[:, 0], states)
        return ops.log_softmax(self.parts.logits(x), axis=-1), states


class RecurrentVectors(layers.Layer):
    """All steps by a loop that every format has: pieces int32 [b, T] -> the last layer's outputs [b, T, width].

    Keras' own loop keeps its outputs in a list of tensors, which LiteRT has only for a fixed batch.
    """

    def __init__(self, parts: RecurrentParts, **options: Any) -> None:
        super().__init__(**options)
        self.parts = parts
        self.kept = [parts.embedding, *parts.cells]

    def call(self, pieces: Tensor) -> Tensor:
        vectors = self.parts.embedding(pieces)  # [b, T, width]
        length = tf.shape(vectors)[1]
        places = tf.range(length)

        def body(t: Tensor, states: Tensor, found: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            x, states = self.parts.step(tf.gather(vectors, t, axis=1), states)
            here = tf.cast(tf.equal(places, t), "float32")[:, None]  # [T, 1]
            return t + 1, states, found + here * x[:, None]

        nothing = ops.zeros_like(vectors)
        states = ops.zeros_like(nothing[:, :1]) + ops.zeros((1, self.parts.n_states, 1))  # [b, n_states, width]
        return tf.while_loop(lambda t, *_: t < length, body, (tf.constant(0), states, nothing))[2]

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape, self.parts.width)


class Before(layers.Layer):
    """Pieces int32 [b, T] -> what stands before each: EOS, and all but the last."""

    def call(self, pieces: Tensor) -> Tensor:
        return ops.concatenate([ops.zeros_like(pieces[:, :1]) + EOS, pieces[:, :-1]], axis=1)


class LogProbabilities(layers.Layer):
    """Vectors [b, T, width], the pieces behind int32 [b, T] -> log P of each, float32 [b, T].

    A piece's logit is the product with its own row of the matrix: nothing is picked out of [b, T, pieces].
    """

    def __init__(self, embedding: Any, **options: Any) -> None:
        super().__init__(**options)
        self.embedding = embedding

    def call(self, vectors: Tensor, pieces: Tensor) -> Tensor:
        whole = ops.logsumexp(self.embedding(vectors, reverse=True), axis=-1)
        matrix, bias = self.embedding.logit_weights()
        rows = ops.take(matrix, pieces, axis=0)  # [b, T, width]
        return ops.sum(rows * vectors, axis=-1) + ops.take(bias, pieces, axis=0) - whole

    def compute_output_shape(self, vectors_shape: Any, pieces_shape: Any) -> Any:
        return pieces_shape


def recurrent_step_graph(parts: RecurrentParts, metadata: dict[str, Any]) -> Graph:
    """A piece and the states -> log-probabilities of the next, and the states behind it."""
    inputs = [
        array("piece", (1,), "piece", "int32"),
        array("states", (parts.n_states, parts.width), "state", renewed_from="new_states"),
    ]
    raw = {i.name: keras.Input(i.sizes()[1:], dtype=i.dtype, name=i.name) for i in inputs}
    found = RecurrentStep(parts, name="step")(*raw.values())
    outputs = dict(zip(("log_probabilities", "new_states"), found, strict=True))
    described = tuple(described_array(name, tensor) for name, tensor in outputs.items())
    return Graph("decode_step", keras.Model(raw, outputs, name="decode_step"), tuple(inputs), described, (), metadata)


def score_graph(vectors_of: layers.Layer, embedding: Any, metadata: dict[str, Any]) -> Graph:
    """A text's pieces, END behind them -> log P of each, given those before: the chain rule, term by term."""
    entry = Input("pieces", "", "pieces", "int32", ("n_pieces",))
    pieces = keras.Input((None,), dtype="int32", name="pieces")
    vectors = vectors_of(Before(name="before")(pieces))
    found = {"log_probabilities": LogProbabilities(embedding, name="log_probabilities_of")(vectors, pieces)}
    described = ({"name": "log_probabilities", "dtype": "float32", "shape": ["batch", "n_pieces"]},)
    return Graph("score", keras.Model({"pieces": pieces}, found, name="score"), (entry,), described, (), metadata)


def graphs_of(model: RecurrentParts | Decoder, metadata: dict[str, Any]) -> list[Graph]:
    """Both graphs of a language model."""
    if isinstance(model, Decoder):
        step = step_graph(model, 0, {**metadata, "window": model.length})
        return [
            step,
            score_graph(DecoderVectors(model, name="vectors"), model.embedding, {**metadata, "window": model.length}),
        ]
    step = recurrent_step_graph(model, metadata)
    return [step, score_graph(RecurrentVectors(model, name="vectors"), model.embedding, metadata)]
