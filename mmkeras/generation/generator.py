"""An exported folder or a run -> something that writes: its graphs behind Runners, and its pieces.

Never Keras for an exported folder: only the runtime of the format that is asked for is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmkeras.data.target_tokenizer import EOS, TargetTokenizer
from mmkeras.errors import InputError
from mmkeras.generation.decoding import Decoded, DecoderState, decode
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import InputSpec, Signature
from mmkeras.runtime import exported
from mmkeras.runtime.exported import ENCODE, SCORE, STEP
from mmkeras.runtime.feeds import Values, columns_of, to_arrays, trim
from mmkeras.runtime.runners import Runner

BATCH = 16
AT_ONCE = 512  # pieces that `score` is given of a recurrent model, whose memory grows by their number


@dataclass(frozen=True)
class TextGenerator:
    """graphs: name -> Runner. signature: that of the folder; None for the trained model itself."""

    graphs: Mapping[str, Runner]
    pieces: TargetTokenizer
    signature: Signature | None = None

    @property
    def step(self) -> Runner:
        """The graph `decode_step`."""
        return self.graphs[STEP]

    @property
    def inputs(self) -> list[InputSpec]:
        """What `encode` takes; none for a language model."""
        return list(self.graphs[ENCODE].signature["inputs"]) if ENCODE in self.graphs else []

    def encode(self, values: Values, index: Sequence[int], hidden: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Some rows' memory, and the ids that were recognised in them."""
        return self.graphs[ENCODE](to_arrays(values, self.inputs, index, hidden))

    def token_ids(self, values: Values, count: int, batch: int = BATCH) -> dict[str, list[list[list[int]]]]:
        """`<input>_ids` -> of each row what is recognised in it, int [orders, tokens]; {} where nothing is."""
        names = [entry["name"] for entry in self.graphs[ENCODE].signature["outputs"] if entry["name"].endswith("_ids")]
        found: dict[str, list[list[list[int]]]] = {name: [] for name in names}
        for start in range(0, count, batch) if names else ():
            encoded = self.encode(values, range(start, min(start + batch, count)))
            for name in names:
                found[name] += [trim(row).tolist() for row in encoded[name]]
        return found

    def decode_rows(
        self,
        values: Values,
        count: int,
        choice: GenerationOptions,
        batch: int = BATCH,
        hidden: Sequence[str] = (),
        follow: Sequence[Sequence[int]] | None = None,
    ) -> list[Decoded]:
        """A text for each row. values: a value a row, by input, see `raw.read_values`. follow: see `decode`."""
        found: list[Decoded] = []
        memories = [entry["name"] for entry in self.step.signature["inputs"] if entry["kind"] == "memory"]
        for start in range(0, count, batch):
            index = range(start, min(start + batch, count))
            encoded = self.encode(values, index, hidden)
            memory = {name: encoded[name] for name in memories}
            own = replace(choice, seed=choice.seed + start)  # else every batch would draw the same
            others = None if follow is None else [follow[i] for i in index]
            found += decode(self.step, self.step.signature, memory, own, batch=len(index), follow=others)
        return found

    def continue_text(self, prompts: Sequence[str], choice: GenerationOptions) -> list[Decoded]:
        """What a language model writes behind each prompt."""
        return decode(self.step, self.step.signature, {}, choice, [self.pieces.encode(prompt) for prompt in prompts])

    def score(self, text: str) -> tuple[list[int], np.ndarray]:
        """A text's pieces with END behind them, and log P of each given those before (the chain rule)."""
        return self.score_pieces([*self.pieces.encode(text), EOS])

    def score_pieces(self, ids: Sequence[int]) -> tuple[list[int], np.ndarray]:
        """log P of each piece. A Transformer's window moves on by half, so each sees half of it at least."""
        runner = self.graphs[SCORE]
        if "window" not in runner.signature and len(ids) > AT_ONCE:
            return list(ids), self.score_by_steps(ids)
        window = runner.signature.get("window") or max(1, len(ids))
        hop = max(1, window // 2)
        found = []
        for start in range(0, max(1, len(ids) - window + hop), hop):
            part = np.array([ids[start : start + window]], "int32")
            terms = np.asarray(runner({"pieces": part})["log_probabilities"])[0]
            found.append(terms if start == 0 else terms[window - hop :])  # the others were counted before
        return list(ids), np.concatenate(found)

    def score_by_steps(self, ids: Sequence[int]) -> np.ndarray:
        """log P of each piece of a long text, by a recurrent model a piece at a time: no larger than one step."""
        states, found = DecoderState(self.step.signature, {}, 1), []
        for position, (before, number) in enumerate(zip([EOS, *ids[:-1]], ids, strict=True)):
            found.append(states.advance(self.step, np.array([before]), position)[0, number])
        return np.array(found)


def open_generator(folder: str | Path, form: str | None = None, threads: int | None = None) -> TextGenerator:
    """Open an exported folder by one of its formats (None: the first that is there).

    Raises InputError for a folder that is none, or a format it does not have.
    """
    folder = Path(folder)
    signature = exported.read_signature(folder)
    if signature.answers != "texts":
        raise InputError(f"{folder}: this model answers, it does not write. Use: mmkeras predict")
    return TextGenerator(exported.open(folder, form, threads), TargetTokenizer.load(folder), signature)


def columns_needed(writer: TextGenerator) -> list[InputSpec]:
    """The inputs that are columns of a CSV."""
    return columns_of(writer.inputs)
