"""The perplexity of a text by a trained language model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tensorflow as tf

LARGEST = 700.0  # nats; e^709 is the last float


def perplexity(core: Any, stream: np.ndarray, steps: int = 500) -> dict[str, Any]:
    """exp of the mean of -log P of each token given all tokens before it. stream: int32 [n], read as a single row."""

    @tf.function(reduce_retracing=True)
    def losses(tokens: Any, targets: Any, states: Any) -> Any:
        logits, states = core([tokens, states], training=False)
        return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)), states

    if not isinstance(core.input, list):
        return windowed_perplexity(core, stream)
    previous = np.concatenate([[0], stream[:-1]]).astype("int32")[None]  # [1, n]
    states, total = tf.zeros((1, *core.input[1].shape[1:])), 0.0
    for start in range(0, len(stream), steps):
        cut = slice(start, start + steps)
        loss, states = losses(tf.constant(previous[:, cut]), tf.constant(stream[None, cut]), states)
        total += float(loss)
    return {"perplexity": exp(total / len(stream)), "nats_a_piece": total / len(stream), "pieces": len(stream)}


def exp(nats: float) -> float:
    """e to the power of `nats`; infinite if that is too large for a float."""
    return math.exp(nats) if nats < LARGEST else math.inf


def windowed_perplexity(core: Any, stream: np.ndarray) -> dict[str, Any]:
    """For a Transformer: a window moves by half its length, so that each token has at least half a window before it."""
    window = core.get_layer("decoder").length
    hop = max(1, window // 2)
    tokens = np.concatenate([[0], stream]).astype("int32")
    call = tf.function(lambda inputs: core(inputs, training=False), reduce_retracing=True)
    total, counted = 0.0, 0
    starts = range(0, max(1, len(stream) - window + hop), hop)
    for group in (starts[k : k + 16] for k in range(0, len(starts), 16)):
        rows = [tokens[s : s + window + 1] for s in group]
        for length in sorted({len(row) for row in rows}):
            batch = np.stack([row for row in rows if len(row) == length])
            first = np.array(
                [0 if s == 0 else window - hop for s, row in zip(group, rows, strict=True) if len(row) == length]
            )
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(batch[:, 1:], call(batch[:, :-1])).numpy()
            fresh = np.arange(length - 1) >= first[:, None]  # the other tokens were counted in the window before
            total, counted = total + float(losses[fresh].sum()), counted + int(fresh.sum())
    return {"perplexity": exp(total / counted), "nats_a_piece": total / counted, "pieces": counted}
