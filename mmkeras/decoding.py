"""How a text is written, a piece at a time, by any Runner of the graph `decode_step`: greedy, beam, or by chance.

NumPy alone: the same loop writes with the trained model, a SavedModel, a LiteRT or an ONNX file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.pieces import END, UNKNOWN

Arrays = dict[str, np.ndarray]
Step = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
NEVER = -1e9  # the log-probability of what may not be written


@dataclass(frozen=True)
class Choice:
    """How pieces are chosen: greedy, by a beam, or by chance."""

    beam: int = 1
    """Texts kept side by side; 1 for the most probable piece each time."""
    length_penalty: float = 1.0
    """How much longer texts are favoured by a beam (alpha of Wu et al. 2016, arXiv:1609.08144, eq. 14)."""
    temperature: float = 0.0
    """0 for the most probable piece; above, pieces are drawn, the more evenly the higher."""
    top_k: int = 0
    """Draw from so many of the most probable pieces; 0 for all."""
    top_p: float = 1.0
    """Draw from the fewest pieces whose probabilities sum to this (Holtzman et al. 2020)."""
    seed: int = 0
    """Seed of what is drawn."""
    no_repeat: int = 0
    """No run of so many pieces comes twice; 0 to allow it."""
    longest: int | None = None
    """Most pieces to write. Default: as many as the model was made for."""
    unknown: bool = False
    """Let the unknown piece be written."""

    def check(self) -> None:
        """Raise InputError for numbers outside their range, or that contradict each other."""
        for name, low, high in (
            ("beam", 1, 64),
            ("length_penalty", 0.0, 10.0),
            ("temperature", 0.0, 10.0),
            ("top_k", 0, 10**6),
            ("top_p", 1e-6, 1.0),
            ("no_repeat", 0, 100),
            ("longest", 1, 100_000),
            ("seed", 0, 2**62),
        ):
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"--{name.replace('_', '-')} {value}: expected a number between {low} and {high}.")
        if self.beam > 1 and self.temperature:
            raise InputError("--beam and --temperature contradict each other: a beam draws nothing by chance.")
        if not self.temperature and (self.top_k or self.top_p < 1):
            raise InputError("--top-k and --top-p are for drawing by chance: give a --temperature, such as 0.8.")


@dataclass(frozen=True)
class Written:
    """One text. ids: int [n], without END; log_probabilities: float [n + 1] of each and of END, as far as it came."""

    ids: list[int]
    log_probabilities: list[float]

    @property
    def score(self) -> float:
        """log P of the text."""
        return float(sum(self.log_probabilities))


class States:
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


def write(
    step: Step,
    signature: Mapping[str, Any],
    memory: Mapping[str, np.ndarray],
    choice: Choice,
    prompts: Sequence[Sequence[int]] | None = None,
    batch: int = 1,
) -> list[Written]:
    """Write a text for each of `batch` rows of the memory, or one after each prompt.

    step: a Runner of `decode_step`; signature: its contract. memory: what `encode` gave, [b, …] each; {} without.
    prompts: pieces that stand before (a language model); they are not part of what is written. One by one where
    there are several, since they differ in length.
    """
    if prompts is not None and len(prompts) != 1:
        seeds = [replace(choice, seed=choice.seed + k) for k in range(len(prompts))]
        return [write(step, signature, memory, c, [p])[0] for c, p in zip(seeds, prompts, strict=True)]
    prompt = list(prompts[0]) if prompts else []
    states = States(signature, memory, 1 if prompts is not None else batch)
    longest = signature["max_target"] if choice.longest is None else choice.longest
    if window := signature.get("window"):
        prompt = prompt[max(0, len(prompt) - window // 2) :]  # what is too long loses its beginning
    room = room_for(signature, len(prompt))
    longest = longest if room is None else min(longest, room)
    rows = len(states.arrays[next(iter(states.arrays))])
    said = states.advance(step, np.full(rows, END), 0)
    for position, piece in enumerate(prompt):
        said = states.advance(step, np.full(rows, piece), position + 1)
    begun = len(prompt) + 1
    if choice.beam > 1:
        return _beam(step, states, said, choice, begun, longest)
    return _one_by_one(step, states, said, choice, begun, longest)


def _one_by_one(
    step: Step, states: States, said: np.ndarray, choice: Choice, begun: int, longest: int
) -> list[Written]:
    """Greedy, or by chance. said: log-probabilities [b, pieces] of the first piece; begun: pieces given before it."""
    rng = np.random.default_rng(choice.seed)
    found = [Written([], []) for _ in said]
    alive = np.arange(len(said))  # rows that go on; those that have ended are no longer computed
    for k in range(longest):
        allowed = _allowed(said, [found[i].ids for i in alive], choice)
        chosen = _draw(allowed, choice, rng) if choice.temperature else allowed.argmax(1)
        for row, (i, piece) in enumerate(zip(alive, chosen, strict=True)):
            found[i].log_probabilities.append(float(said[row, piece]))
            if piece != END:
                found[i].ids.append(int(piece))
        going = np.flatnonzero(chosen != END)
        if not len(going) or k + 1 == longest:
            break
        if len(going) < len(alive):
            states.pick(going)
            alive, chosen = alive[going], chosen[going]
        said = states.advance(step, chosen, begun + k)
    return found


def _allowed(said: np.ndarray, texts: Sequence[Sequence[int]], choice: Choice) -> np.ndarray:
    """Log-probabilities where what may not be written is NEVER."""
    allowed = said.copy()
    if not choice.unknown:
        allowed[:, UNKNOWN] = NEVER
    n = choice.no_repeat
    for row, text in zip(allowed, texts, strict=True) if n else ():
        last = tuple(text[len(text) - n + 1 :])  # the n - 1 pieces before the next
        for start in range(len(text) - n + 1):
            if tuple(text[start : start + n - 1]) == last:
                row[text[start + n - 1]] = NEVER
    return allowed


def _draw(allowed: np.ndarray, choice: Choice, rng: np.random.Generator) -> np.ndarray:
    """A piece a row by chance, int [b]."""
    likest = allowed.max(1, keepdims=True)  # taken away first, in float64: a temperature may be next to nothing
    with np.errstate(over="ignore"):  # -inf is what is meant
        scaled = (allowed - likest).astype("float64") / choice.temperature
    order = np.argsort(-scaled, axis=1, kind="stable")
    ranked = np.take_along_axis(scaled, order, 1)
    weights = np.exp(ranked - ranked[:, :1])
    weights /= weights.sum(1, keepdims=True)
    if choice.top_k:
        weights[:, choice.top_k :] = 0
    weights[np.cumsum(weights, 1) - weights >= choice.top_p] = 0  # the first that passes the sum still counts
    total = np.cumsum(weights, 1)
    place = (total < rng.random((len(total), 1)) * total[:, -1:]).sum(1)
    return np.take_along_axis(order, place[:, None], 1)[:, 0]


def _beam(step: Step, states: States, said: np.ndarray, choice: Choice, begun: int, longest: int) -> list[Written]:
    """The best of `beam` texts of each row, by log P over the penalised length. Shapes: b rows, k texts of each."""
    b, k = len(said), choice.beam
    states.pick(np.repeat(np.arange(b), k))
    said = np.repeat(said, k, axis=0)  # [b, pieces] -> [b * k, pieces]
    texts: list[list[Written]] = [[Written([], []) for _ in range(k)] for _ in range(b)]
    scores = np.full((b, k), NEVER)
    scores[:, 0] = 0.0  # all k are the same at first
    ended: list[list[tuple[float, Written]]] = [[] for _ in range(b)]
    for n in range(longest):
        flat = [text.ids for row in texts for text in row]
        total = scores.reshape(-1, 1) + _allowed(said, flat, choice)  # [b * k, pieces]
        pieces = total.shape[1]
        total = total.reshape(b, k * pieces)
        best = np.argpartition(-total, 2 * k - 1, axis=1)[:, : 2 * k]  # k may end, k go on
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(total, best, 1), 1, kind="stable"), 1)
        parents, nexts = np.zeros((b, k), int), np.zeros((b, k), int)
        for row in range(b):
            kept: list[Written] = []
            for rank, place in enumerate(best[row]):
                parent, piece = divmod(int(place), pieces)
                before, chance = texts[row][parent], float(said[row * k + parent, piece])
                if piece == END:
                    if rank < k:
                        text = Written(before.ids, [*before.log_probabilities, chance])
                        ended[row].append((penalised(total[row, place], n + 1, choice), text))
                    continue
                if len(kept) < k:
                    parents[row, len(kept)], nexts[row, len(kept)] = parent, piece
                    scores[row, len(kept)] = total[row, place]
                    kept.append(Written([*before.ids, piece], [*before.log_probabilities, chance]))
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


def penalised(score: float, length: int, choice: Choice) -> float:
    """log P over ((5 + length) / 6) ** alpha (Wu et al. 2016)."""
    return float(score / ((5 + length) / 6) ** choice.length_penalty)
