"""Notes for the user: texts of unknown words alone, texts longer than the model reads, limits on generated tokens."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmkeras.data.targets.target_tokenizer import UNK
from mmkeras.generation.decoding import max_new_tokens
from mmkeras.generation.generator import BATCH, TextGenerator
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import InputSpec, internal_outputs
from mmkeras.modalities.text.cells import truncate
from mmkeras.runtime.feeds import Arrays, Values, columns_of, is_present
from mmkeras.runtime.runners import Runner
from mmkeras.system.progress import Log

UNKNOWN_IDS = 64  # the first ids are those of unknown words, `UNKNOWN_BUCKETS` of models that read tokens in order


def warn_of_prompt(generator: TextGenerator, prompt: str, options: GenerationOptions, log: Log) -> None:
    """Log a note for a prompt of unknown words alone, one that is cut, and one that leaves too few new tokens."""
    ids = generator.tokenizer.encode(prompt)
    if ids and all(token == UNK for token in ids):
        log(f"note: no word of {prompt!r} is known to the model")
    window = generator.step.signature.get("window")
    if window and len(ids) > window // 2:
        log(f"note: the prompt has {len(ids)} tokens; the model sees the last {window // 2} of them")
    limit = max_new_tokens(generator.step.signature, len(ids))
    if options.longest is not None and limit is not None and options.longest > limit:
        log(f"note: at most {limit} tokens are generated; the model was trained with --steps {window}")


def warn_of_length(generator: TextGenerator, options: GenerationOptions, log: Log) -> None:
    """Log a note where a model that reads columns cannot generate texts as long as the options allow."""
    limit = max_new_tokens(generator.step.signature, 0)
    if options.longest is not None and limit is not None and options.longest > limit:
        log(f"note: at most {limit} tokens are generated; the model was trained with --max-target {limit}")


class TokenIdRecorder:
    """The graph `encode`, which keeps the token ids of every row that it encodes. ids: output -> int32 [n] of a row."""

    def __init__(self, runner: Runner) -> None:
        self.runner, self.signature = runner, runner.signature
        self.ids: dict[str, list[np.ndarray]] = defaultdict(list)

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        outputs = self.runner(inputs, output_names)
        for name in [name for name in internal_outputs(self.signature["outputs"]) if name in outputs]:
            self.ids[name] += [np.asarray(row).ravel() for row in outputs[name]]
        return outputs


@dataclass
class TextNotes:
    """Counts of texts by column. present: texts that are not empty; unknown: of unknown words alone; longer: cut.

    limits: how much of the cut texts is read. Tokens of a pretrained encoder are not counted: special tokens are among
    them. Nor are those of a slim artefact, which has no output of them.
    """

    present: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    longer: Counter[str] = field(default_factory=Counter)
    limits: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def count(
        self,
        generator: TextGenerator,
        values: Values,
        cells: Mapping[str, Sequence[str]],
        ids: Mapping[str, list[np.ndarray]],
    ) -> None:
        """Count rows.

        values: of each input; cells: of each column that is present; ids: see `TokenIdRecorder`.
        """
        for input_spec in columns_of(generator.inputs):
            column, texts = str(input_spec["column"]), values[input_spec["name"]]
            if input_spec["kind"] != "text" or column not in cells:
                continue
            rows = [row for row, text in enumerate(texts) if is_present(text)]
            self.present[column] += len(rows)
            max_bytes, cut_rows = input_spec.get("max_bytes"), dict[int, int]()
            token_ids = ids.get(f"{input_spec['name']}_ids", [])
            if token_ids and "preset" not in input_spec:
                self.unknown[column] += sum(not (token_ids[row] > UNKNOWN_IDS).any() for row in rows)
                full = {row: texts[row] for row in rows if (token_ids[row] > 0).all()}
                cut_rows = longer_than_read(generator, input_spec, full)
            for row in rows:
                if row in cut_rows:
                    self._count_longer(column, f"{cut_rows[row]} tokens (--max-tokens)")
                elif max_bytes and len(cells[column][row].encode("utf-8", "replace")) > max_bytes:
                    self._count_longer(column, f"{max_bytes} bytes (--max-bytes)")

    def _count_longer(self, column: str, limit: str) -> None:
        self.longer[column] += 1
        self.limits[column][limit] = None

    def lines(self) -> Iterator[str]:
        """A note for each column with texts of unknown words alone, and one for each column with cut texts."""
        for column, count in self.present.items():
            if number := self.unknown[column]:
                yield f"note: no word of {share_of(number, count)} in {column!r} is known to the model"
            if number := self.longer[column]:
                verb = "is" if number == 1 else "are"
                limits = " or ".join(self.limits[column])
                yield f"note: {share_of(number, count)} in {column!r} {verb} longer than the model reads: {limits}"


def share_of(number: int, count: int) -> str:
    """`number` of `count` texts, in words."""
    return "the text" if count == 1 else f"{number:,} of {count:,} texts"


def longer_than_read(generator: TextGenerator, input_spec: InputSpec, texts: Mapping[int, bytes]) -> dict[int, int]:
    """Texts with more tokens than the model reads: row -> number of tokens that it reads.

    No signature gives this limit. But where fewer tokens are read of a text than of its two halves, the text was cut.
    """
    parts = [part for text in texts.values() for part in (text, *halves(text))]
    hidden = [other["name"] for other in columns_of(generator.inputs) if other is not input_spec]
    counts: list[int] = []
    for start in range(0, len(parts), BATCH):
        index = range(start, min(start + BATCH, len(parts)))
        encoded: dict[str, Any] = generator.encode({input_spec["name"]: parts}, index, hidden)
        counts += [int((row > 0).sum()) for row in encoded[f"{input_spec['name']}_ids"]]
    whole, first, second = counts[::3], counts[1::3], counts[2::3]
    rows = zip(texts, whole, first, second, strict=True)
    return {row: read for row, read, *of_halves in rows if sum(of_halves) > read}


def halves(text: bytes) -> tuple[bytes, bytes]:
    """A text in two, so that no token is split: at a space near the middle; without a space, between two characters."""
    middle = len(text) // 2
    space = text.find(b" ", middle)
    if space < 0:
        space = text.rfind(b" ", 0, middle)
    first = truncate(text, space if space >= 0 else middle)
    return first, text[len(first) :]
