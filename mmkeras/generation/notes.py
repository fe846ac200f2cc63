"""What is said where a model that writes knows nothing of a text, does not see all of it, or has no room to write."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mmkeras.data.target_tokenizer import UNK
from mmkeras.generation.decoding import room_for
from mmkeras.generation.generator import BATCH, TextGenerator
from mmkeras.generation.options import GenerationOptions
from mmkeras.graph import InputSpec
from mmkeras.modalities.text.cells import cut
from mmkeras.runtime.feeds import Arrays, Values, columns_of, is_present
from mmkeras.runtime.runners import Runner
from mmkeras.system.progress import Log

UNKNOWN_IDS = 64  # the first ids are those of unknown words, `UNKNOWN_BUCKETS` of models that read tokens in order


def warn_of(writer: TextGenerator, prompt: str, choice: GenerationOptions, log: Log) -> None:
    """Say it where nothing of a prompt is known, its beginning will not be seen, or there is no room to write."""
    ids = writer.pieces.encode(prompt)
    if ids and all(number == UNK for number in ids):
        log(f"note: no word of {prompt!r} is known to the model")
    window = writer.step.signature.get("window")
    if window and len(ids) > window // 2:
        log(f"note: the prompt has {len(ids)} pieces; the model sees the last {window // 2} of them")
    room = room_for(writer.step.signature, len(ids))
    if choice.longest is not None and room is not None and choice.longest > room:
        log(f"note: at most {room} pieces are written; the model was trained with --steps {window}")


def warn_of_room(writer: TextGenerator, choice: GenerationOptions, log: Log) -> None:
    """Say it where longer texts are asked for than a model that reads columns can write."""
    room = room_for(writer.step.signature, 0)
    if choice.longest is not None and room is not None and choice.longest > room:
        log(f"note: at most {room} pieces are written; the model was trained with --max-target {room}")


class Watched:
    """The graph `encode`, and what it has recognised in each row so far. ids: output -> int32 [tokens] a row."""

    def __init__(self, runner: Runner) -> None:
        self.runner, self.signature = runner, runner.signature
        self.ids: dict[str, list[np.ndarray]] = defaultdict(list)

    def __call__(self, inputs: Arrays, wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        found = self.runner(inputs, wanted)
        for name in found:
            if name.endswith("_ids"):
                self.ids[name] += [np.asarray(row).ravel() for row in found[name]]
        return found


@dataclass
class TextNotes:
    """Counts of texts, by column: all that are there, those of which no word is known, those that are not read whole.

    limits: what of those is read. A pretrained encoder's tokens are not counted: it has marks of its own among them.
    """

    there: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    longer: Counter[str] = field(default_factory=Counter)
    limits: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def count(
        self,
        writer: TextGenerator,
        values: Values,
        cells: Mapping[str, Sequence[str]],
        ids: Mapping[str, list[np.ndarray]],
    ) -> None:
        """Count some rows. values, cells: of each input, and of each column that is there; ids: see `Watched`."""
        for entry in columns_of(writer.inputs):
            column, texts = str(entry["column"]), values[entry["name"]]
            if entry["kind"] != "text" or column not in cells:
                continue
            rows = [row for row, text in enumerate(texts) if is_present(text)]
            self.there[column] += len(rows)
            bytes_read, full = entry.get("max_bytes"), dict[int, int]()
            if "preset" not in entry:
                seen = ids[f"{entry['name']}_ids"]
                self.unknown[column] += sum(not (seen[row] > UNKNOWN_IDS).any() for row in rows)
                full = longer_than_read(writer, entry, {row: texts[row] for row in rows if (seen[row] > 0).all()})
            for row in rows:
                if row in full:
                    self._longer(column, f"{full[row]} tokens (--max-tokens)")
                elif bytes_read and len(cells[column][row].encode("utf-8", "replace")) > bytes_read:
                    self._longer(column, f"{bytes_read} bytes (--max-bytes)")

    def _longer(self, column: str, limit: str) -> None:
        self.longer[column] += 1
        self.limits[column][limit] = None

    def lines(self) -> Iterator[str]:
        """A note of each kind for each column that calls for it."""
        for column, count in self.there.items():
            if number := self.unknown[column]:
                yield f"note: no word of {some(number, count)} in {column!r} is known to the model"
            if number := self.longer[column]:
                are = "is" if number == 1 else "are"
                limits = " or ".join(self.limits[column])
                yield f"note: {some(number, count)} in {column!r} {are} longer than the model reads: {limits}"


def some(number: int, count: int) -> str:
    """So many of all texts, in words."""
    return "the text" if count == 1 else f"{number:,} of {count:,} texts"


def longer_than_read(writer: TextGenerator, entry: InputSpec, texts: Mapping[int, bytes]) -> dict[int, int]:
    """Of some rows' texts, those with more tokens than are read: row -> how many are.

    Which number that is no signature says. But where less is read of a text than of its halves, something was cut.
    """
    parts = [part for text in texts.values() for part in (text, *halves(text))]
    others = [other["name"] for other in columns_of(writer.inputs) if other is not entry]
    counts: list[int] = []
    for start in range(0, len(parts), BATCH):
        index = range(start, min(start + BATCH, len(parts)))
        found: dict[str, Any] = writer.encode({entry["name"]: parts}, index, others)
        counts += [int((row > 0).sum()) for row in found[f"{entry['name']}_ids"]]
    whole, first, second = counts[::3], counts[1::3], counts[2::3]
    rows = zip(texts, whole, first, second, strict=True)
    return {row: read for row, read, *of_halves in rows if sum(of_halves) > read}


def halves(text: bytes) -> tuple[bytes, bytes]:
    """A text in two, where no token goes across: at a space near its middle; without one, between two characters."""
    middle = len(text) // 2
    place = text.find(b" ", middle)
    if place < 0:
        place = text.rfind(b" ", 0, middle)
    first = cut(text, place if place >= 0 else middle)
    return first, text[len(first) :]
