"""The task `language_model`: the graphs `decode_step`, for one token, and `score`, for a whole text."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers, ops

from mmkeras.data.targets.target_tokenizer import EOS
from mmkeras.graph import Graph, Input
from mmkeras.modalities.any_length import CutTokens
from mmkeras.models.decoder import Decoder, DecoderVectors
from mmkeras.models.recurrent import RecurrentParts
from mmkeras.tasks.text_generation.graphs import array, described_array, step_graph

Tensor = Any


class RecurrentStep(layers.Layer):
    """token int32 [b, 1], states [b, n_states, width] -> log-probabilities [b, vocabulary] of the next, states."""

    def __init__(self, parts: RecurrentParts, **options: Any) -> None:
        super().__init__(**options)
        self.parts = parts
        self.kept = [parts.embedding, *parts.cells]  # Keras finds a layer's weights in lists, not in objects

    def call(self, token: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        x, states = self.parts.step(self.parts.embedding(token)[:, 0], states)
        return ops.log_softmax(self.parts.logits(x), axis=-1), states


class RecurrentVectors(layers.Layer):
    """All steps by a loop that every format has: tokens int32 [b, T] -> the last layer's outputs [b, T, width].

    Keras' own loop keeps its outputs in a list of tensors, which LiteRT has only for a fixed batch.
    """

    def __init__(self, parts: RecurrentParts, **options: Any) -> None:
        super().__init__(**options)
        self.parts = parts
        self.kept = [parts.embedding, *parts.cells]

    def call(self, tokens: Tensor) -> Tensor:
        vectors = self.parts.embedding(tokens)  # [b, T, width]
        length = tf.shape(vectors)[1]
        positions = tf.range(length)

        def body(t: Tensor, states: Tensor, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            x, states = self.parts.step(tf.gather(vectors, t, axis=1), states)
            at_t = tf.cast(tf.equal(positions, t), "float32")[:, None]  # [T, 1]
            return t + 1, states, outputs + at_t * x[:, None]

        zeros = ops.zeros_like(vectors)
        states = ops.zeros_like(zeros[:, :1]) + ops.zeros((1, self.parts.n_states, 1))  # [b, n_states, width]
        return tf.while_loop(lambda t, *_: t < length, body, (tf.constant(0), states, zeros))[2]

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape, self.parts.width)


class Before(layers.Layer):
    """Tokens int32 [b, T] -> the token before each: EOS, then all tokens but the last."""

    def call(self, tokens: Tensor) -> Tensor:
        return ops.concatenate([ops.zeros_like(tokens[:, :1]) + EOS, tokens[:, :-1]], axis=1)


class LogProbabilities(layers.Layer):
    """Vectors [b, T, width], the next tokens int32 [b, T] -> log P of each token, float32 [b, T].

    A token's logit is the product with its row of the matrix, so that nothing is gathered from [b, T, vocabulary].
    """

    def __init__(self, embedding: Any, **options: Any) -> None:
        super().__init__(**options)
        self.embedding = embedding

    def call(self, vectors: Tensor, tokens: Tensor) -> Tensor:
        log_total = ops.logsumexp(self.embedding(vectors, reverse=True), axis=-1)
        matrix, bias = self.embedding.logit_weights()
        rows = ops.take(matrix, tokens, axis=0)  # [b, T, width]
        return ops.sum(rows * vectors, axis=-1) + ops.take(bias, tokens, axis=0) - log_total

    def compute_output_shape(self, vectors_shape: Any, tokens_shape: Any) -> Any:
        return tokens_shape


def recurrent_step_graph(parts: RecurrentParts, metadata: dict[str, Any]) -> Graph:
    """A token and the states -> log-probabilities of the next token, and the new states."""
    inputs = [
        array("piece", (1,), "piece", "int32"),
        array("states", (parts.n_states, parts.width), "state", renewed_from="new_states"),
    ]
    raw = {i.name: keras.Input(i.sizes()[1:], dtype=i.dtype, name=i.name) for i in inputs}
    tensors = RecurrentStep(parts, name="step")(*raw.values())
    outputs = dict(zip(("log_probabilities", "new_states"), tensors, strict=True))
    described = tuple(described_array(name, tensor) for name, tensor in outputs.items())
    return Graph("decode_step", keras.Model(raw, outputs, name="decode_step"), tuple(inputs), described, (), metadata)


def score_graph(vectors_of: layers.Layer, embedding: Any, metadata: dict[str, Any]) -> Graph:
    """A text's tokens and EOS -> log P of each given the tokens before it: the terms of the chain rule.

    Of a text longer than a Transformer's window the first tokens are scored; a text without tokens is an EOS.
    """
    window = metadata.get("window")
    read = f"the first {window} are scored" if window else "all are scored"
    any_length = {"any_length": f"{read}; no piece counts as the end of a text, 0"}
    input_spec = Input("pieces", "", "pieces", "int32", ("n_pieces",), any_length)
    raw = keras.Input((None,), dtype="int32", name="pieces")
    tokens = CutTokens(window, EOS, name="cut")(raw)
    vectors = vectors_of(Before(name="before")(tokens))
    outputs = {"log_probabilities": LogProbabilities(embedding, name="log_probabilities_of")(vectors, tokens)}
    described = ({"name": "log_probabilities", "dtype": "float32", "shape": ["batch", "n_pieces"]},)
    return Graph("score", keras.Model({"pieces": raw}, outputs, name="score"), (input_spec,), described, (), metadata)


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
