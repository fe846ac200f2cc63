"""`serving_default` of a model that generates text: strings to strings.

TF Serving's client sends the cells of a CSV and gets the text: the loop over tokens is inside the graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from mmkeras.data.targets.target_tokenizer import EOS, UNK, TargetTokenizer
from mmkeras.exporting.graph_module import GraphModule
from mmkeras.exporting.serving.prompts import Bytes, Subwords, Words, prompt_encoder
from mmkeras.exporting.serving.request import read_request
from mmkeras.graph import OUTER_SPACE, Graph
from mmkeras.tasks.assets import Assets

Tensor = Any
NEVER = -1e9


class GreedyLoop(tf.Module):
    """Greedy decoding inside a graph: `decode_step` in a loop, each row at its own position, until all rows end."""

    def __init__(self, graph: Graph, tokenizer: TargetTokenizer) -> None:
        super().__init__()
        self.graph = graph
        self.longest = int(graph.metadata["max_target"])
        self.window = int(graph.metadata.get("window", 0))
        self.table = tf.constant(list(tokenizer.table))
        self.states = [i for i in graph.inputs if i.kind == "state"]
        self.takes_position = any(i.kind == "position" for i in graph.inputs)

    def initial_states(self, batch: Tensor) -> list[Tensor]:
        """States before the first token."""
        return [tf.zeros((batch, *i.shape), i.dtype) for i in self.states]

    def step(
        self, token: Tensor, position: Tensor, states: Sequence[Tensor], memory: Mapping[str, Tensor]
    ) -> tuple[Tensor, list[Tensor]]:
        """token, position: int32 [b] -> log-probabilities [b, vocabulary] of the next token, and the updated states."""
        inputs = {"piece": token[:, None], **dict(zip((i.name for i in self.states), states, strict=True)), **memory}
        if self.takes_position:
            inputs["position"] = position[:, None]
        outputs = self.graph.model(inputs, training=False)
        updated = []
        for state_input, state in zip(self.states, states, strict=True):
            if "renewed_from" in state_input.metadata:
                updated.append(outputs[state_input.metadata["renewed_from"]])
                continue
            here = tf.equal(tf.range(state_input.shape[1]), position[:, None])[:, None, :, None]  # [b, 1, length, 1]
            updated.append(tf.where(here, outputs[state_input.metadata["filled_from"]], state))
        return outputs["log_probabilities"], updated

    def prefill(self, prompt: Tensor, lengths: Tensor, memory: Mapping[str, Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Feed EOS and then the prompts int32 [b, n], the first `lengths` [b] tokens of each.

        Returns the log-probabilities [b, vocabulary] of the next token, and the states.
        """
        batch = tf.shape(prompt)[0]
        first = tf.fill([batch], EOS), tf.zeros([batch], tf.int32)
        log_probs, states = self.step(*first, self.initial_states(batch), memory)

        def body(t: Tensor, log_probs: Tensor, *states: Tensor) -> Any:
            new_log_probs, new_states = self.step(prompt[:, t], tf.fill([batch], t + 1), list(states), memory)
            inside = t < lengths
            kept = [
                tf.where(tf.reshape(inside, [-1] + [1] * (len(old.shape) - 1)), new, old)
                for new, old in zip(new_states, states, strict=True)
            ]
            return (t + 1, tf.where(inside[:, None], new_log_probs, log_probs), *kept)

        start = (tf.constant(0), log_probs, *states)
        shapes = (tf.TensorShape([]), log_probs.shape, *(tf.TensorShape([None, *i.shape]) for i in self.states))
        _, log_probs, *states = tf.while_loop(
            lambda t, *_: t < tf.shape(prompt)[1], body, start, shape_invariants=shapes
        )
        return log_probs, states

    def decode(
        self, log_probs: Tensor, states: list[Tensor], n_before: Tensor, memory: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Greedy texts: `text` string [b], token ids `pieces` int32 [b, longest] with EOS, `log_probability` [b].

        log_probs: of the first token, [b, vocabulary]. n_before: int32 [b], tokens fed before it, EOS among them.
        """
        batch = tf.shape(log_probs)[0]
        longest = tf.fill([batch], self.longest)
        if self.window:
            longest = tf.minimum(longest, self.window - n_before)
        vocabulary_size = log_probs.shape[1] or tf.shape(log_probs)[1]
        forbidden = tf.one_hot([UNK], vocabulary_size, on_value=NEVER, off_value=0.0)  # [1, vocabulary]

        def choose(n: Tensor, log_probs: Tensor, alive: Tensor, ids: Tensor, total: Tensor) -> Any:
            token = tf.argmax(log_probs + forbidden, axis=1, output_type=tf.int32)
            log_prob = tf.gather(log_probs, token, axis=1, batch_dims=1)
            total += tf.where(alive, log_prob, 0.0)
            here = tf.equal(tf.range(self.longest), n)[None] & alive[:, None]  # [b, longest]
            ids = tf.where(here, token[:, None], ids)
            return token, alive & tf.not_equal(token, EOS) & (n + 1 < longest), ids, total

        def body(n: Tensor, log_probs: Tensor, alive: Tensor, ids: Tensor, total: Tensor, *states: Tensor) -> Any:
            token, alive, ids, total = choose(n, log_probs, alive, ids, total)
            last = self.window - 1 if self.window else self.longest  # position of finished rows, computed along
            log_probs, new_states = self.step(token, tf.minimum(n_before + n, last), list(states), memory)
            return (n + 1, log_probs, alive, ids, total, *new_states)

        ids = tf.fill([batch, self.longest], EOS)
        start = (tf.constant(0), log_probs, longest > 0, ids, tf.zeros([batch]), *states)
        shapes = tuple(tf.TensorShape([None, *x.shape[1:]]) if len(x.shape) else x.shape for x in start)
        _, _, _, ids, total, *_ = tf.while_loop(lambda n, _, alive, *__: tf.reduce_any(alive), body, start, shapes)
        ended = tf.cumsum(tf.cast(tf.equal(ids, EOS), tf.int32), axis=1) > 0
        texts = tf.where(ended, "", tf.gather(self.table, ids))
        text = tf.strings.regex_replace(tf.strings.reduce_join(texts, axis=1), OUTER_SPACE, "")
        return {"text": text, "pieces": ids, "log_probability": total}


def generate_function(encode: Graph, loop: GreedyLoop) -> Any:
    """The function of a client's request: strings, files, numbers by column -> the outputs of `GreedyLoop.decode`."""
    columns = [(i, i.serving) for i in encode.inputs if i.serving]
    memory_names = [i.name for i in loop.graph.inputs if i.kind == "memory"]

    def call(**request: Tensor) -> dict[str, Tensor]:
        raw = {}
        for i, serving in columns:
            raw[i.name], raw[f"{i.name}_present"] = read_request(i, request[serving.name])
        encoded = encode.model(raw, training=False)
        memory = {name: encoded[name] for name in memory_names}
        batch = tf.shape(memory[memory_names[0]])[0]
        log_probs, states = loop.prefill(tf.zeros([batch, 0], tf.int32), tf.zeros([batch], tf.int32), memory)
        return loop.decode(log_probs, states, tf.ones([batch], tf.int32), memory)

    return tf.function(call).get_concrete_function(
        **{s.name: tf.TensorSpec((None, *s.shape), s.dtype, s.name) for _, s in columns}
    )


def continue_function(loop: GreedyLoop, prompts: Words | Bytes | Subwords) -> Any:
    """A language model's function: `prompt` -> its continuation `text`. Too long a prompt loses its beginning."""

    def call(prompt: Tensor) -> dict[str, Tensor]:
        tokens, lengths = prompts.encode(prompt)
        if loop.window:
            n_cut = tf.maximum(lengths - loop.window // 2, 0)
            places = tf.range(tf.minimum(tf.shape(tokens)[1], loop.window // 2))[None] + n_cut[:, None]
            tokens = tf.gather(tokens, tf.minimum(places, tf.shape(tokens)[1] - 1), axis=1, batch_dims=1)
            lengths -= n_cut
        log_probs, states = loop.prefill(tokens, lengths, {})
        return loop.decode(log_probs, states, lengths + 1, {})

    return tf.function(call).get_concrete_function(prompt=tf.TensorSpec((None,), tf.string, "prompt"))


def functions(modules: Mapping[str, GraphModule], assets: Assets) -> tuple[dict[str, Any], list[Any]]:
    """The functions that clients can call, by name, and the objects that the SavedModel must track for them.

    modules: `decode_step`, and `encode` or `score`.
    """
    assert assets.tokenizer is not None  # every model that generates text has one
    loop = GreedyLoop(modules["decode_step"].graph, assets.tokenizer)
    tracked: list[Any] = [loop]
    callables = {name: module.function() for name, module in modules.items()}
    if "encode" in modules:
        callables["serving_default"] = generate_function(modules["encode"].graph, loop)
    else:
        tracked.append(prompt_encoder(assets.tokenizer))
        callables["serving_default"] = continue_function(loop, tracked[-1])
    return {**callables, "generate": callables["serving_default"]}, tracked  # under a descriptive name, too
