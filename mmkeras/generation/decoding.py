"""How a text is written, a piece at a time, by any Runner of the graph `decode_step`: greedy, beam, or by chance.

NumPy alone: the same loop writes with the trained model, a SavedModel, a LiteRT or an ONNX file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmkeras.data.target_tokenizer import EOS
from mmkeras.generation.sampling import NEVER, GenerationOptions, allowed_of, draw

Arrays = dict[str, np.ndarray]
Step = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
TIE = 5e-5  # of two log-probabilities: each is known to 2e-5, by the order in which float32 is summed


@dataclass(frozen=True)
class Decoded:
    """One text. ids: int [n], without END; log_probabilities: float [n + 1] of each and of END, as far as it came."""

    ids: list[int]
    log_probabilities: list[float]

    @property
    def score(self) -> float:
        """log P of the text."""
        return float(sum(self.log_probabilities))


class DecoderState:
    """What `decode_step` is given beside the piece: states that it renews or fills, and the memory, which stays."""

    def __init__(self, signature: Mapping[str, Any], memory: Mapping[str, np.ndarray], batch: int) -> None:
        self.entries = {e["name"]: e for e in signature["inputs"] if e["kind"] == "state"}
        self.memory = dict(memory)
        self.takes_position = any(e["kind"] == "position" for e in signature["inputs"])
        self.arrays: Arrays = {name: np.zeros((batch, *e["shape"][1:]), e["dtype"]) for name, e in self.entries.items()}

    def advance(self, step: Step, pieces: np.ndarray, position: int) -> np.ndarray:
        """Give pieces int [b] at a position; keep what is new. Returns log-probabilities [b, pieces] of the next."""
        given = {"piece": pieces.astype("int32")[:, None], **self.arrays, **self.memory}
        if self.takes_position:
            given["position"] = np.full((len(pieces), 1), position, "int32")
        found = step(given)
        for name, entry in self.entries.items():
            if "filled_from" in entry:
                self.arrays[name][:, :, position : position + 1] = found[entry["filled_from"]]
            else:
                self.arrays[name] = np.asarray(found[entry["renewed_from"]])
        return np.array(found["log_probabilities"])

    def pick(self, rows: np.ndarray, memory: bool = True) -> None:
        """Go on with these rows, in this order, perhaps several times. memory: False where theirs is the same."""
        self.arrays = {name: array[rows] for name, array in self.arrays.items()}
        if memory:
            self.memory = {name: array[rows] for name, array in self.memory.items()}


def room_for(signature: Mapping[str, Any], prompt: int) -> int | None:
    """Most pieces that can be written behind so many of a prompt; None where nothing ends it: a recurrent model."""
    caches = [e["shape"][2] for e in signature["inputs"] if e["kind"] == "state" and "filled_from" in e]
    if window := signature.get("window"):
        prompt = min(prompt, window // 2)
    return min(cache - 1 - prompt for cache in caches) if caches else None


def decode(
    step: Step,
    signature: Mapping[str, Any],
    memory: Mapping[str, np.ndarray],
    choice: GenerationOptions,
    prompts: Sequence[Sequence[int]] | None = None,
    batch: int = 1,
    follow: Sequence[Sequence[int]] | None = None,
) -> list[Decoded]:
    """Write a text for each of `batch` rows of the memory, or one after each prompt.

    step: a Runner of `decode_step`; signature: its contract. memory: what `encode` gave, [b, …] each; {} without.
    prompts: pieces that stand before (a language model); they are not part of what is written. One by one where
    there are several, since they differ in length. follow: each row's text by another, for greedy; see `settled`.
    """
    if follow is not None and (choice.beam > 1 or choice.temperature):
        raise ValueError("a text is followed by the most probable pieces alone, not by a beam or by chance")
    if prompts is not None and len(prompts) != 1:
        found = []
        for k, prompt in enumerate(prompts):
            own = replace(choice, seed=choice.seed + k)
            found += decode(step, signature, memory, own, [prompt], follow=None if follow is None else [follow[k]])
        return found
    prompt = whole = list(prompts[0]) if prompts else []
    states = DecoderState(signature, memory, 1 if prompts is not None else batch)
    longest = signature["max_target"] if choice.longest is None else choice.longest
    if window := signature.get("window"):
        prompt = prompt[max(0, len(prompt) - window // 2) :]  # what is too long loses its beginning
    room = room_for(signature, len(prompt))
    longest = longest if room is None else min(longest, room)
    rows = len(states.arrays[next(iter(states.arrays))])
    said = states.advance(step, np.full(rows, EOS), 0)
    for position, piece in enumerate(prompt):
        said = states.advance(step, np.full(rows, piece), position + 1)
    begun = len(prompt) + 1
    if choice.beam > 1:
        return _beam(step, states, said, choice, begun, longest, whole)
    return _one_by_one(step, states, said, choice, begun, longest, whole, follow)


def _one_by_one(
    step: Step,
    states: DecoderState,
    said: np.ndarray,
    choice: GenerationOptions,
    begun: int,
    longest: int,
    prompt: list[int],
    follow: Sequence[Sequence[int]] | None = None,
) -> list[Decoded]:
    """Greedy, or by chance. said: log-probabilities [b, pieces] of the first piece; begun: pieces given before it.

    prompt: what stands in front and is not to be repeated, all of it, even what a window has no room for.
    """
    rng = np.random.default_rng(choice.seed)
    found = [Decoded([], []) for _ in said]
    alive = np.arange(len(said))  # rows that go on; those that have ended are no longer computed
    for k in range(longest):
        allowed = allowed_of(said, [prompt + found[i].ids for i in alive], choice)
        chosen = draw(allowed, choice, rng) if choice.temperature else allowed.argmax(1)
        if follow is not None:
            chosen = settled(allowed, chosen, [(found[i].ids, follow[int(i)]) for i in alive])
        for row, (i, piece) in enumerate(zip(alive, chosen, strict=True)):
            found[i].log_probabilities.append(float(said[row, piece]))
            if piece != EOS:
                found[i].ids.append(int(piece))
        going = np.flatnonzero(chosen != EOS)
        if not len(going) or k + 1 == longest:
            break
        if len(going) < len(alive):
            states.pick(going)
            alive, chosen = alive[going], chosen[going]
        said = states.advance(step, chosen, begun + k)
    return found


def settled(
    allowed: np.ndarray, chosen: np.ndarray, texts: Sequence[tuple[Sequence[int], Sequence[int]]]
) -> np.ndarray:
    """The pieces chosen, int [b]; but where another's text goes on with one as likely, to TIE, that one.

    allowed: log-probabilities [b, pieces]. texts: of each row what is written so far, and the other's whole text.
    """
    found = chosen.copy()
    for row, (text, other) in enumerate(texts):
        if list(text) == list(other[: len(text)]):
            piece = other[len(text)] if len(text) < len(other) else EOS
            if piece < allowed.shape[1] and allowed[row, piece] >= allowed[row, chosen[row]] - TIE:
                found[row] = piece
    return found


def _beam(
    step: Step,
    states: DecoderState,
    said: np.ndarray,
    choice: GenerationOptions,
    begun: int,
    longest: int,
    prompt: list[int],
) -> list[Decoded]:
    """The best of `beam` texts of each row, by log P over the penalised length. Shapes: b rows, k texts of each."""
    b, k = len(said), choice.beam
    states.pick(np.repeat(np.arange(b), k))
    said = np.repeat(said, k, axis=0)  # [b, pieces] -> [b * k, pieces]
    texts: list[list[Decoded]] = [[Decoded([], []) for _ in range(k)] for _ in range(b)]
    scores = np.full((b, k), NEVER)
    scores[:, 0] = 0.0  # all k are the same at first
    ended: list[list[tuple[float, Decoded]]] = [[] for _ in range(b)]
    for n in range(longest):
        flat = [prompt + text.ids for row in texts for text in row]
        total = scores.reshape(-1, 1) + allowed_of(said, flat, choice)  # [b * k, pieces]
        pieces = total.shape[1]
        total = total.reshape(b, k * pieces)
        best = np.argpartition(-total, 2 * k - 1, axis=1)[:, : 2 * k]  # k may end, k go on
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(total, best, 1), 1, kind="stable"), 1)
        parents, nexts = np.zeros((b, k), int), np.zeros((b, k), int)
        for row in range(b):
            kept: list[Decoded] = []
            for rank, place in enumerate(best[row]):
                parent, piece = divmod(int(place), pieces)
                before, chance = texts[row][parent], float(said[row * k + parent, piece])
                if piece == EOS:
                    if rank < k:
                        text = Decoded(before.ids, [*before.log_probabilities, chance])
                        ended[row].append((penalised(total[row, place], n + 1, choice), text))
                    continue
                if len(kept) < k:
                    parents[row, len(kept)], nexts[row, len(kept)] = parent, piece
                    scores[row, len(kept)] = total[row, place]
                    kept.append(Decoded([*before.ids, piece], [*before.log_probabilities, chance]))
            texts[row] = kept
        done = all(
            len(some) >= k and max(s for s, _ in some) >= penalised(scores[row, 0], longest, choice)
            for row, some in enumerate(ended)
        )
        if done or n + 1 == longest:
            break
        states.pick((np.arange(b)[:, None] * k + parents).ravel(), memory=False)  # of the same row
        said = states.advance(step, nexts.ravel(), begun + n)
    for row in range(b):  # a text that was cut is taken where none has ended
        if not ended[row]:
            ended[row] = [(penalised(scores[row, 0], longest, choice), texts[row][0])]
    return [max(some, key=lambda found: found[0])[1] for some in ended]


def penalised(score: float, length: int, choice: GenerationOptions) -> float:
    """log P over ((5 + length) / 6) ** alpha (Wu et al. 2016)."""
    return float(score / ((5 + length) / 6) ** choice.length_penalty)
