"""Decoding, token by token, with any Runner of the graph `decode_step`: greedy, beam search or sampling.

NumPy alone: the same loop decodes with the trained model, a SavedModel, a LiteRT or an ONNX file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmkeras.data.targets.target_tokenizer import EOS
from mmkeras.errors import InputError
from mmkeras.generation.options import GenerationOptions
from mmkeras.generation.sampling import NEVER, draw, mask_log_probs

Arrays = dict[str, np.ndarray]
Step = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
TIE = 5e-5  # between two log-probabilities: each is exact to 2e-5, by the order in which float32 is summed


@dataclass(frozen=True)
class Decoded:
    """One text.

    ids: int [n], without EOS. log_probabilities: float [n + 1], of each token and of EOS; [n] if the text was cut.
    """

    ids: list[int]
    log_probabilities: list[float]

    @property
    def score(self) -> float:
        """log P of the text."""
        return float(sum(self.log_probabilities))


class DecoderState:
    """The inputs of `decode_step` beside the token: states, which each step renews or fills, and constant memory."""

    def __init__(self, signature: Mapping[str, Any], memory: Mapping[str, np.ndarray], batch: int) -> None:
        self.input_specs = {spec["name"]: spec for spec in signature["inputs"] if spec["kind"] == "state"}
        self.memory = dict(memory)
        self.takes_position = any(spec["kind"] == "position" for spec in signature["inputs"])
        self.arrays: Arrays = {
            name: np.zeros((batch, *spec["shape"][1:]), spec["dtype"]) for name, spec in self.input_specs.items()
        }

    def step(self, decode_step: Step, tokens: np.ndarray, position: int) -> np.ndarray:
        """Feed tokens int [b] at a position, update the states. Returns the next token's log_probs [b, vocabulary]."""
        inputs = {"piece": tokens.astype("int32")[:, None], **self.arrays, **self.memory}
        if self.takes_position:
            inputs["position"] = np.full((len(tokens), 1), position, "int32")
        outputs = decode_step(inputs)
        for name, spec in self.input_specs.items():
            if "filled_from" in spec:
                self.arrays[name][:, :, position : position + 1] = outputs[spec["filled_from"]]
            else:
                self.arrays[name] = np.asarray(outputs[spec["renewed_from"]])
        return not_nan(np.array(outputs["log_probabilities"]), decode_step)

    def reorder(self, rows: np.ndarray, memory: bool = True) -> None:
        """Keep these rows, in this order; a row may be repeated. memory: False where the rows' memory is the same."""
        self.arrays = {name: array[rows] for name, array in self.arrays.items()}
        if memory:
            self.memory = {name: array[rows] for name, array in self.memory.items()}


def not_nan(log_probs: np.ndarray, graph: Any) -> np.ndarray:
    """The log-probabilities of a graph's Runner. Raises InputError where one is NaN: a token would be taken anyway."""
    if np.isnan(log_probs).any():
        path = getattr(graph, "path", "the trained model")
        raise InputError(f"{path}: its log-probabilities are NaN, its weights are damaged. Export or train again.")
    return log_probs


def max_new_tokens(signature: Mapping[str, Any], n_prompt: int) -> int | None:
    """Most tokens that can be decoded after a prompt of `n_prompt` tokens; None for a recurrent model: no limit."""
    cache_lengths = [
        spec["shape"][2] for spec in signature["inputs"] if spec["kind"] == "state" and "filled_from" in spec
    ]
    if window := signature.get("window"):
        n_prompt = min(n_prompt, window // 2)
    return min(length - 1 - n_prompt for length in cache_lengths) if cache_lengths else None


def decode(
    decode_step: Step,
    signature: Mapping[str, Any],
    memory: Mapping[str, np.ndarray],
    options: GenerationOptions,
    prompts: Sequence[Sequence[int]] | None = None,
    batch: int = 1,
    reference: Sequence[Sequence[int]] | None = None,
) -> list[Decoded]:
    """Decode a text for each of `batch` rows of the memory, or one after each prompt.

    decode_step: a Runner of the graph `decode_step`; signature: its contract. memory: the outputs of `encode`, [b, …]
    each; {} for a language model. prompts: token ids before the text (a language model); they are not part of the
    result. Several prompts are decoded one by one, since their lengths differ. reference: token ids of each row by
    another model, which decide ties of greedy decoding; see `break_ties`.
    """
    if reference is not None and (options.beam > 1 or options.temperature):
        raise ValueError("a reference decides ties of greedy decoding alone, not of beam search or sampling")
    if prompts is not None and len(prompts) != 1:
        decoded = []
        for k, prompt in enumerate(prompts):
            seeded = replace(options, seed=options.seed + k)
            row_reference = None if reference is None else [reference[k]]
            decoded += decode(decode_step, signature, memory, seeded, [prompt], reference=row_reference)
        return decoded
    prompt = whole_prompt = list(prompts[0]) if prompts else []
    state = DecoderState(signature, memory, 1 if prompts is not None else batch)
    longest = signature["max_target"] if options.longest is None else options.longest
    if window := signature.get("window"):
        prompt = prompt[max(0, len(prompt) - window // 2) :]  # too long a prompt loses its beginning
    limit = max_new_tokens(signature, len(prompt))
    longest = longest if limit is None else min(longest, limit)
    n_rows = len(state.arrays[next(iter(state.arrays))])
    log_probs = state.step(decode_step, np.full(n_rows, EOS), 0)
    for position, token in enumerate(prompt):
        log_probs = state.step(decode_step, np.full(n_rows, token), position + 1)
    start = len(prompt) + 1
    if options.beam > 1:
        return _beam_search(decode_step, state, log_probs, options, start, longest, whole_prompt)
    return _one_by_one(decode_step, state, log_probs, options, start, longest, whole_prompt, reference)


def _one_by_one(
    decode_step: Step,
    state: DecoderState,
    log_probs: np.ndarray,
    options: GenerationOptions,
    start: int,
    longest: int,
    prompt: list[int],
    reference: Sequence[Sequence[int]] | None = None,
) -> list[Decoded]:
    """Greedy decoding, or sampling.

    log_probs: of the first new token, [b, vocabulary]. start: number of tokens fed before it. prompt: the whole prompt,
    also the part that a window has no room for: `no_repeat` counts its n-grams.
    """
    rng = np.random.default_rng(options.seed)
    decoded = [Decoded([], []) for _ in log_probs]
    alive = np.arange(len(log_probs))  # rows without EOS yet; finished rows are no longer computed
    for k in range(longest):
        masked = mask_log_probs(log_probs, [prompt + decoded[i].ids for i in alive], options)
        tokens = draw(masked, options, rng) if options.temperature else masked.argmax(1)
        if reference is not None:
            tokens = break_ties(masked, tokens, [(decoded[i].ids, reference[int(i)]) for i in alive])
        for row, (i, token) in enumerate(zip(alive, tokens, strict=True)):
            decoded[i].log_probabilities.append(float(log_probs[row, token]))
            if token != EOS:
                decoded[i].ids.append(int(token))
        unfinished = np.flatnonzero(tokens != EOS)
        if not len(unfinished) or k + 1 == longest:
            break
        if len(unfinished) < len(alive):
            state.reorder(unfinished)
            alive, tokens = alive[unfinished], tokens[unfinished]
        log_probs = state.step(decode_step, tokens, start + k)
    return decoded


def break_ties(
    masked: np.ndarray, tokens: np.ndarray, texts: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> np.ndarray:
    """The tokens int [b]; in place of one that ties with the reference's next token, within TIE, the reference's.

    masked: log-probabilities [b, vocabulary]. texts: of each row the token ids so far and the reference's token ids. A
    row whose text has parted from its reference keeps its token.
    """
    resolved = tokens.copy()
    for row, (ids, reference) in enumerate(texts):
        if list(ids) == list(reference[: len(ids)]):
            token = reference[len(ids)] if len(ids) < len(reference) else EOS
            if token < masked.shape[1] and masked[row, token] >= masked[row, tokens[row]] - TIE:
                resolved[row] = token
    return resolved


def _beam_search(
    decode_step: Step,
    state: DecoderState,
    log_probs: np.ndarray,
    options: GenerationOptions,
    start: int,
    longest: int,
    prompt: list[int],
) -> list[Decoded]:
    """The best of `beam` texts of each row, by log P over the length penalty. Shapes: b rows, k texts of each."""
    b, k = len(log_probs), options.beam
    state.reorder(np.repeat(np.arange(b), k))
    log_probs = np.repeat(log_probs, k, axis=0)  # [b, vocabulary] -> [b * k, vocabulary]
    beams: list[list[Decoded]] = [[Decoded([], []) for _ in range(k)] for _ in range(b)]
    scores = np.full((b, k), NEVER)
    scores[:, 0] = 0.0  # all k are the same at first
    finished: list[list[tuple[float, Decoded]]] = [[] for _ in range(b)]
    for n in range(longest):
        prefixes = [prompt + text.ids for beam in beams for text in beam]
        total = scores.reshape(-1, 1) + mask_log_probs(log_probs, prefixes, options)  # [b * k, vocabulary]
        vocabulary_size = total.shape[1]
        total = total.reshape(b, k * vocabulary_size)
        best = np.argpartition(-total, 2 * k - 1, axis=1)[:, : 2 * k]  # k may end, k continue
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(total, best, 1), 1, kind="stable"), 1)
        parents, tokens = np.zeros((b, k), int), np.zeros((b, k), int)
        for row in range(b):
            beam: list[Decoded] = []
            for rank, index in enumerate(best[row]):
                parent, token = divmod(int(index), vocabulary_size)
                prefix, log_prob = beams[row][parent], float(log_probs[row * k + parent, token])
                if token == EOS:
                    if rank < k:
                        text = Decoded(prefix.ids, [*prefix.log_probabilities, log_prob])
                        finished[row].append((penalised(total[row, index], n + 1, options), text))
                    continue
                if len(beam) < k:
                    parents[row, len(beam)], tokens[row, len(beam)] = parent, token
                    scores[row, len(beam)] = total[row, index]
                    beam.append(Decoded([*prefix.ids, token], [*prefix.log_probabilities, log_prob]))
            beams[row] = beam
        done = all(
            len(texts) >= k and max(score for score, _ in texts) >= penalised(scores[row, 0], longest, options)
            for row, texts in enumerate(finished)
        )
        if done or n + 1 == longest:
            break
        state.reorder((np.arange(b)[:, None] * k + parents).ravel(), memory=False)  # of the same row
        log_probs = state.step(decode_step, tokens.ravel(), start + n)
    for row in range(b):  # a cut text is taken where none has finished
        if not finished[row]:
            finished[row] = [(penalised(scores[row, 0], longest, options), beams[row][0])]
    return [max(texts, key=lambda scored: scored[0])[1] for texts in finished]


def penalised(score: float, length: int, options: GenerationOptions) -> float:
    """log P over ((5 + length) / 6) ** alpha (Wu et al. 2016)."""
    return float(score / ((5 + length) / 6) ** options.length_penalty)
