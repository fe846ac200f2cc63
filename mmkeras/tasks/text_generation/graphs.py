"""The task `generate`: raw inputs -> a text, by the graphs `encode`, once, and `decode_step`, once a token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from mmkeras.data.columns.column import Column
from mmkeras.graph import Graph, Input
from mmkeras.modalities import Modality
from mmkeras.models.seq2seq import Seq2Seq
from mmkeras.tasks.graph_inputs import graph_inputs

Tensor = Any


class Padded(layers.Layer):
    """[b, n, …] -> [b, length, …], padded with zeros at the end of `axis`."""

    def __init__(self, length: int, axis: int, **options: Any) -> None:
        super().__init__(**options)
        self.length, self.axis = length, axis

    def call(self, x: Tensor) -> Tensor:
        padding = ops.zeros_like(ops.take(x, [0] * self.length, axis=self.axis))
        padded = ops.concatenate([x, padding], axis=self.axis)
        return padded[:, : self.length] if self.axis == 1 else padded[:, :, : self.length]

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[: self.axis], self.length, *shape[self.axis + 1 :])


class Remember(layers.Layer):
    """`Decoder.cross_keys_values` as a layer: memory [b, M, width] -> keys, values [b, blocks * heads, M, size]."""

    def __init__(self, decoder: Any, **options: Any) -> None:
        super().__init__(**options)
        self.decoder = decoder

    def call(self, memory: Tensor) -> Any:
        return self.decoder.cross_keys_values(memory)


class Step(layers.Layer):
    """The decoder's `step` as a layer, with log-probabilities in place of logits."""

    def __init__(self, decoder: Any, **options: Any) -> None:
        super().__init__(**options)
        self.decoder = decoder

    def call(self, token: Tensor, position: Tensor, keys: Tensor, values: Tensor, *memory: Tensor) -> Any:
        logits, new_keys, new_values = self.decoder.step(token, position, keys, values, memory or None)
        return ops.log_softmax(logits, axis=-1), new_keys, new_values


def encode_graph(
    seq2seq: Seq2Seq, columns: dict[str, Modality], table: dict[str, Column], metadata: dict[str, Any]
) -> Graph:
    """Raw inputs and presence of each column -> the decoder's memory (keys, values, mask), and token ids.

    table: input -> its column of the table.
    """
    front = graph_inputs(columns, table, takes_presence=True)
    outputs = memory_of(seq2seq, seq2seq.encoder({key: front.features[key] for key in seq2seq.encoder.input}))
    described = [described_array(name, tensor) for name, tensor in outputs.items()]
    model = keras.Model(front.raw, outputs | front.ids, name="encode")
    return Graph("encode", model, tuple(front.inputs), (*described, *front.described_ids()), (), metadata)


def memory_of(seq2seq: Seq2Seq, encoded: Sequence[Tensor]) -> dict[str, Tensor]:
    """The encoder's tokens and mask -> the memory that `decode_step` takes, padded to `memory_length`."""
    memory, mask = encoded
    keys, values = Remember(seq2seq.decoder, name="remember")(memory)
    return {
        "memory_keys": Padded(seq2seq.memory_length, 2, name="padded_keys")(keys),
        "memory_values": Padded(seq2seq.memory_length, 2, name="padded_values")(values),
        "memory_shown": Padded(seq2seq.memory_length, 1, name="padded_shown")(mask),
    }


def described_array(name: str, tensor: Tensor) -> dict[str, Any]:
    """An output's part of signature.json."""
    return {"name": name, "dtype": "float32", "shape": ["batch", *tensor.shape[1:]]}


def array(name: str, shape: tuple[int, ...], kind: str, dtype: str = "float32", **metadata: Any) -> Input:
    """An input of `decode_step` that is no column of the CSV: a token, a position, a state or the memory."""
    return Input(name, "", kind, dtype, shape, metadata)


def step_graph(decoder: Any, memory_length: int, metadata: dict[str, Any]) -> Graph:
    """A token and the keys and values of those before -> log-probabilities of the next token, new keys and values.

    memory_length: 0 for a decoder without memory.
    """
    heads, size = decoder.depth * decoder.heads, decoder.width // decoder.heads
    cache = (heads, decoder.length, size)
    inputs = [
        array("piece", (1,), "piece", "int32"),
        array("position", (1,), "position", "int32", meaning="how many pieces stand before"),
        array("keys", cache, "state", filled_from="new_keys", axis=2),
        array("values", cache, "state", filled_from="new_values", axis=2),
    ]
    if memory_length:
        inputs += [
            array("memory_keys", (heads, memory_length, size), "memory"),
            array("memory_values", (heads, memory_length, size), "memory"),
            array("memory_shown", (memory_length,), "memory"),
        ]
    raw = {i.name: keras.Input(i.sizes()[1:], dtype=i.dtype, name=i.name) for i in inputs}
    tensors = Step(decoder, name="step")(*raw.values())
    outputs = dict(zip(("log_probabilities", "new_keys", "new_values"), tensors, strict=True))
    described = [described_array(name, tensor) for name, tensor in outputs.items()]
    return Graph(
        "decode_step", keras.Model(raw, outputs, name="decode_step"), tuple(inputs), tuple(described), (), metadata
    )
