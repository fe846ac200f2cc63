"""An exported folder or a run -> a TextGenerator: its graphs behind Runners, and its tokenizer.

An exported folder never needs Keras: only the runtime of the requested format is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmkeras.data.targets.target_tokenizer import EOS, TABLE, TargetTokenizer
from mmkeras.errors import InputError
from mmkeras.generation.decoding import Decoded, DecoderState, decode, not_nan
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import InputSpec, Signature, internal_outputs
from mmkeras.runtime import exported
from mmkeras.runtime.exported import ENCODE, SCORE, STEP
from mmkeras.runtime.feeds import Values, columns_of, to_arrays, trim
from mmkeras.runtime.runners import Runner
from mmkeras.system.program import call

BATCH = 16
AT_ONCE = 512  # tokens in one call of a recurrent model's `score`, whose memory grows with their number


@dataclass(frozen=True)
class TextGenerator:
    """The graphs of a model that generates text.

    graphs: name -> Runner. signature: the folder's; None for the trained model itself.
    """

    graphs: Mapping[str, Runner]
    tokenizer: TargetTokenizer
    signature: Signature | None = None

    @property
    def step(self) -> Runner:
        """The graph `decode_step`."""
        return self.graphs[STEP]

    @property
    def inputs(self) -> list[InputSpec]:
        """The inputs of `encode`; none for a language model."""
        return list(self.graphs[ENCODE].signature["inputs"]) if ENCODE in self.graphs else []

    def encode(self, values: Values, index: Sequence[int], hidden: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """The outputs of `encode` for the rows of an index: memory, token ids. hidden: inputs that count as missing."""
        return self.graphs[ENCODE](to_arrays(values, self.inputs, index, hidden))

    def token_ids(self, values: Values, count: int, batch: int = BATCH) -> dict[str, list[list[list[int]]]]:
        """`<input>_ids` -> token ids of each row, int [orders, tokens]; {} for a model without such outputs."""
        names = internal_outputs(self.graphs[ENCODE].signature["outputs"])
        token_ids: dict[str, list[list[list[int]]]] = {name: [] for name in names}
        for start in range(0, count, batch) if names else ():
            encoded = self.encode(values, range(start, min(start + batch, count)))
            for name in names:
                token_ids[name] += [trim(row).tolist() for row in encoded[name]]
        return token_ids

    def decode_rows(
        self,
        values: Values,
        count: int,
        options: GenerationOptions,
        batch: int = BATCH,
        hidden: Sequence[str] = (),
        reference: Sequence[Sequence[int]] | None = None,
    ) -> list[Decoded]:
        """A text for each row. values: a value a row, by input, see `feeds.read_values`. reference: see `decode`."""
        decoded: list[Decoded] = []
        memory_names = [spec["name"] for spec in self.step.signature["inputs"] if spec["kind"] == "memory"]
        for start in range(0, count, batch):
            index = range(start, min(start + batch, count))
            encoded = self.encode(values, index, hidden)
            memory = {name: encoded[name] for name in memory_names}
            seeded = replace(options, seed=options.seed + start)  # else every batch would draw the same
            batch_reference = None if reference is None else [reference[i] for i in index]
            decoded += decode(
                self.step, self.step.signature, memory, seeded, batch=len(index), reference=batch_reference
            )
        return decoded

    def continue_text(self, prompts: Sequence[str], options: GenerationOptions) -> list[Decoded]:
        """A language model's continuation of each prompt."""
        ids = [self.tokenizer.encode(prompt) for prompt in prompts]
        return decode(self.step, self.step.signature, {}, options, ids)

    def score(self, text: str) -> tuple[list[int], np.ndarray]:
        """A text's token ids and EOS, and log P of each given the tokens before it (the chain rule)."""
        return self.score_tokens([*self.tokenizer.encode(text), EOS])

    def score_tokens(self, ids: Sequence[int]) -> tuple[list[int], np.ndarray]:
        """log P of each token. A Transformer's window moves by half, so that each token has half a window before it."""
        runner = self.graphs[SCORE]
        if "window" not in runner.signature and len(ids) > AT_ONCE:
            return list(ids), self.score_by_steps(ids)
        window = runner.signature.get("window") or max(1, len(ids))
        hop = max(1, window // 2)
        log_probs = []
        for start in range(0, max(1, len(ids) - window + hop), hop):
            tokens = np.array([ids[start : start + window]], "int32")  # [1, n]
            terms = not_nan(np.asarray(runner({"pieces": tokens})["log_probabilities"]), runner)[0]
            log_probs.append(terms if start == 0 else terms[window - hop :])  # the others were counted before
        return list(ids), np.concatenate(log_probs)

    def score_by_steps(self, ids: Sequence[int]) -> np.ndarray:
        """log P of each token of a long text by a recurrent model, token by token: the memory of one step."""
        state, log_probs = DecoderState(self.step.signature, {}, 1), []
        for position, (previous, token) in enumerate(zip([EOS, *ids[:-1]], ids, strict=True)):
            log_probs.append(state.step(self.step, np.array([previous]), position)[0, token])
        return np.array(log_probs)


def open_generator(folder: str | Path, format_name: str | None = None, threads: int | None = None) -> TextGenerator:
    """Open an exported folder by one of its artefacts (None: the present one whose runtime starts fastest).

    Raises InputError for a folder that `export` did not write, or a format that the folder does not have.
    """
    folder = Path(folder)
    signature = exported.read_signature(folder)
    if signature.answers != "texts":
        raise InputError(
            f"{folder}: this model predicts rows, it does not generate text. Use: {call('predict', folder, 'your.csv')}"
        )
    generator = TextGenerator(exported.open(folder, format_name, threads), TargetTokenizer.load(folder), signature)
    check_vocabulary(generator, folder)
    return generator


def check_vocabulary(generator: TextGenerator, folder: Path) -> None:
    """Raise InputError where pieces.json has not a token for each of the model's outputs, or a graph is absent."""
    if STEP not in generator.graphs or not {ENCODE, SCORE} & generator.graphs.keys():
        raise InputError(f"{folder}: the graphs {', '.join(generator.graphs)} do not generate text. Export again.")
    outputs = {spec["name"]: spec["shape"] for spec in generator.step.signature["outputs"]}
    size = outputs.get("log_probabilities", [0])[-1]
    if size != len(generator.tokenizer):
        raise InputError(
            f"{folder / TABLE}: it has {len(generator.tokenizer)} tokens, and the model answers with {size}. "
            "Export again."
        )


def columns_needed(generator: TextGenerator) -> list[InputSpec]:
    """The inputs that are columns of a CSV."""
    return columns_of(generator.inputs)
