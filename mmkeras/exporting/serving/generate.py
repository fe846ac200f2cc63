"""`serving_default` of a model that writes texts: strings to strings.

TF Serving's client gives what stands in the CSV and gets the text: the loop over pieces is inside the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from mmkeras.data.target_tokenizer import EOS, UNK, TargetTokenizer
from mmkeras.exporting.graph_module import GraphModule
from mmkeras.exporting.serving.prompts import Bytes, Subwords, Words, prompts_of
from mmkeras.graph import OUTER_SPACE, Graph
from mmkeras.tasks.assets import Assets

Tensor = Any
NEVER = -1e9


class GreedyLoop(tf.Module):
    """`decode_step` again and again inside a graph, each row at its own place, until all rows have ended."""

    def __init__(self, graph: Graph, pieces: TargetTokenizer) -> None:
        super().__init__()
        self.graph = graph
        self.longest = int(graph.metadata["max_target"])
        self.window = int(graph.metadata.get("window", 0))
        self.table = tf.constant(list(pieces.table))
        self.states = [i for i in graph.inputs if i.kind == "state"]
        self.takes_position = any(i.kind == "position" for i in graph.inputs)

    def begin(self, batch: Tensor) -> list[Tensor]:
        """States of texts of which nothing is written."""
        return [tf.zeros((batch, *i.shape), i.dtype) for i in self.states]

    def advance(
        self, piece: Tensor, position: Tensor, states: Sequence[Tensor], memory: Mapping[str, Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """piece, position: int32 [b] -> log-probabilities [b, pieces] of the next, and the states behind it."""
        given = {"piece": piece[:, None], **dict(zip((i.name for i in self.states), states, strict=True)), **memory}
        if self.takes_position:
            given["position"] = position[:, None]
        found = self.graph.model(given, training=False)
        new = []
        for entry, state in zip(self.states, states, strict=True):
            if "renewed_from" in entry.metadata:
                new.append(found[entry.metadata["renewed_from"]])
                continue
            here = tf.equal(tf.range(entry.shape[1]), position[:, None])[:, None, :, None]  # [b, 1, length, 1]
            new.append(tf.where(here, found[entry.metadata["filled_from"]], state))
        return found["log_probabilities"], new

    def read(self, prompt: Tensor, lengths: Tensor, memory: Mapping[str, Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Prompts int32 [b, n], of which `lengths` [b] count, behind an END -> what is said of the next, and states."""
        batch = tf.shape(prompt)[0]
        said, states = self.advance(tf.fill([batch], EOS), tf.zeros([batch], tf.int32), self.begin(batch), memory)

        def body(t: Tensor, said: Tensor, *states: Tensor) -> Any:
            new_said, new = self.advance(prompt[:, t], tf.fill([batch], t + 1), list(states), memory)
            on = t < lengths
            kept = [
                tf.where(tf.reshape(on, [-1] + [1] * (len(old.shape) - 1)), now, old)
                for now, old in zip(new, states, strict=True)
            ]
            return (t + 1, tf.where(on[:, None], new_said, said), *kept)

        start = (tf.constant(0), said, *states)
        shapes = (tf.TensorShape([]), said.shape, *(tf.TensorShape([None, *i.shape]) for i in self.states))
        _, said, *states = tf.while_loop(lambda t, *_: t < tf.shape(prompt)[1], body, start, shape_invariants=shapes)
        return said, states

    def write(
        self, said: Tensor, states: list[Tensor], begun: Tensor, memory: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Greedy texts: `text` string [b], its `pieces` int32 [b, longest], END behind them, and `log_probability` [b].

        begun: int32 [b], pieces before them, END among these.
        """
        batch = tf.shape(said)[0]
        longest = tf.fill([batch], self.longest)
        if self.window:
            longest = tf.minimum(longest, self.window - begun)
        unwritable = tf.one_hot([UNK], said.shape[1] or tf.shape(said)[1], on_value=NEVER, off_value=0.0)  # [1, V]

        def choose(n: Tensor, said: Tensor, alive: Tensor, ids: Tensor, total: Tensor) -> Any:
            piece = tf.argmax(said + unwritable, axis=1, output_type=tf.int32)
            chance = tf.gather(said, piece, axis=1, batch_dims=1)
            total += tf.where(alive, chance, 0.0)
            here = tf.equal(tf.range(self.longest), n)[None] & alive[:, None]  # [b, longest]
            ids = tf.where(here, piece[:, None], ids)
            return piece, alive & tf.not_equal(piece, EOS) & (n + 1 < longest), ids, total

        def body(n: Tensor, said: Tensor, alive: Tensor, ids: Tensor, total: Tensor, *states: Tensor) -> Any:
            piece, alive, ids, total = choose(n, said, alive, ids, total)
            last = self.window - 1 if self.window else self.longest  # of rows that have ended, which go along
            said, new = self.advance(piece, tf.minimum(begun + n, last), list(states), memory)
            return (n + 1, said, alive, ids, total, *new)

        ids = tf.fill([batch, self.longest], EOS)
        start = (tf.constant(0), said, longest > 0, ids, tf.zeros([batch]), *states)
        shapes = tuple(tf.TensorShape([None, *x.shape[1:]]) if len(x.shape) else x.shape for x in start)
        _, _, _, ids, total, *_ = tf.while_loop(lambda n, _, alive, *__: tf.reduce_any(alive), body, start, shapes)
        ended = tf.cumsum(tf.cast(tf.equal(ids, EOS), tf.int32), axis=1) > 0
        texts = tf.where(ended, "", tf.gather(self.table, ids))
        text = tf.strings.regex_replace(tf.strings.reduce_join(texts, axis=1), OUTER_SPACE, "")
        return {"text": text, "pieces": ids, "log_probability": total}


def generate_function(encode: Graph, loop: GreedyLoop) -> Any:
    """What a web client has, by column: strings, files, numbers -> what `GreedyLoop.write` gives."""
    served = [(i, i.serving) for i in encode.inputs if i.serving]
    memory_names = [i.name for i in loop.graph.inputs if i.kind == "memory"]

    def call(**given: Tensor) -> dict[str, Tensor]:
        raw = {}
        for i, serving in served:
            raw[i.name], raw[f"{i.name}_present"] = serving.read(given[serving.name])
        found = encode.model(raw, training=False)
        memory = {name: found[name] for name in memory_names}
        batch = tf.shape(memory[memory_names[0]])[0]
        said, states = loop.read(tf.zeros([batch, 0], tf.int32), tf.zeros([batch], tf.int32), memory)
        return loop.write(said, states, tf.ones([batch], tf.int32), memory)

    return tf.function(call).get_concrete_function(
        **{s.name: tf.TensorSpec((None, *s.shape), s.dtype, s.name) for _, s in served}
    )


def continue_function(loop: GreedyLoop, prompts: Words | Bytes | Subwords) -> Any:
    """A language model's: `prompt` -> the `text` behind it. What is too long for a window loses its beginning."""

    def call(prompt: Tensor) -> dict[str, Tensor]:
        pieces, lengths = prompts.read(prompt)
        if loop.window:
            gone = tf.maximum(lengths - loop.window // 2, 0)
            places = tf.range(tf.minimum(tf.shape(pieces)[1], loop.window // 2))[None] + gone[:, None]
            pieces = tf.gather(pieces, tf.minimum(places, tf.shape(pieces)[1] - 1), axis=1, batch_dims=1)
            lengths -= gone
        said, states = loop.read(pieces, lengths, {})
        return loop.write(said, states, lengths + 1, {})

    return tf.function(call).get_concrete_function(prompt=tf.TensorSpec((None,), tf.string, "prompt"))


def functions(modules: Mapping[str, GraphModule], assets: Assets) -> tuple[dict[str, Any], list[Any]]:
    """What clients can call, by name, and what the SavedModel must track for it.

    modules: `decode_step`, and `encode` or `score`.
    """
    assert assets.tokenizer is not None  # of a model that writes texts
    loop = GreedyLoop(modules["decode_step"].graph, assets.tokenizer)
    tracked: list[Any] = [loop]
    found = {name: module.function() for name, module in modules.items()}
    if "encode" in modules:
        found["serving_default"] = generate_function(modules["encode"].graph, loop)
    else:
        tracked.append(prompts_of(assets.tokenizer))
        found["serving_default"] = continue_function(loop, tracked[-1])
    return {**found, "generate": found["serving_default"]}, tracked  # by the name of what it does, too
