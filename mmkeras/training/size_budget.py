"""Training under `--size-budget`: the n-grams that say most, trained again, in a table of few bits.

1. The model of all features is trained, as without a budget.
2. Features are ranked by it; sizes are measured for 2, 4 and 8 bits: how many features does each leave room for?
3. For each number a model is trained, by the same recipe, or on many rows to answer as the first model does; the
   held-out rows choose among the bits.

docs/small.md has the measurements behind it.
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import Config
from mmkeras.config.sizes import in_words, size_of
from mmkeras.errors import InputError
from mmkeras.modalities.text.quantisation import BITS, width_of
from mmkeras.runs.run import HISTORY, read_json
from mmkeras.system.files import write_atomically
from mmkeras.system.progress import Log, about
from mmkeras.tasks.prediction.material import TrainingData, write_schema
from mmkeras.tasks.prediction.training import raw_model_of
from mmkeras.training.artefact_sizes import BITS_MEASURED, FILES, SizeLine, sizes_of
from mmkeras.training.kept_features import (
    RankedFeatures,
    as_deployed,
    first_features,
    replace_bits,
    text_columns,
    with_row_lengths,
)
from mmkeras.training.trial import FLOAT, Score, Trained, is_distilled, score_of, scores_of, trial

LEAST: Final = 64  # features of the smallest model that is measured
OTHERS: Final = 6  # bytes of a feature beside its codes, as they are guessed before anything is measured
PATIENT: Final = 60.0  # seconds of the first training up to which more numbers of features are trained, for the plot
FEWER: Final = (0.5, 0.2)  # shares of the smallest number of features, for the plot
MARGIN: Final = 2000
"""Bytes by which the file of an export may be larger than a measured one: its tensors have other names."""
SAVED_MODEL: Final = "savedmodel"


@dataclass(frozen=True)
class Choice:
    """Among models under a budget. bits, count: of the chosen one, which is `done`. sizes: of its artefacts.

    scores: number of features -> bits -> the scores.
    """

    bits: int
    count: int
    done: Trained
    scores: dict[int, dict[int, Score]]
    sizes: dict[str, int]


@dataclass(frozen=True)
class Budget:
    """A training under a budget. config, data: of the model with all features. folder: of the run."""

    config: Config
    data: TrainingData
    folder: Path
    log: Log

    @classmethod
    def of(cls, config: Config, data: TrainingData, folder: Path, log: Log) -> Budget:
        """The budget of a training that begins. Raises InputError for one that is too small."""
        budget = cls(config, with_row_lengths(data, size_of(str(config.model.size_budget))), folder, log)
        budget.smallest  # noqa: B018 - measured now, used later
        return budget

    @functools.cached_property
    def n_bytes(self) -> int:
        """The largest size of an artefact."""
        return size_of(str(self.config.model.size_budget))

    @property
    def words(self) -> str:
        """The budget as the beginning of a line."""
        return f"size budget {in_words(self.n_bytes)}"

    @property
    def bags(self) -> Path:
        """The folder of the bags with fewer features."""
        return self.folder / "features" / "fewer"

    @property
    def outputs(self) -> int:
        """Numbers of a feature in the tables: a weight for each class, and the vector of the deep part."""
        dims = [column.bag.vector_dim or 0 for column in self.data.columns.values() if column.bag is not None]
        return self.data.targets.outputs + max([self.config.text.deep, *dims])

    def sizes(self, columns: Mapping[str, Any], formats: tuple[str, ...] = FILES) -> dict[str, int]:
        """Format -> the size of its artefact with these columns."""
        environment = read_json(self.folder / "environment.json")
        metadata = {"versions": environment["versions"], "seed": environment["seed"]}
        return sizes_of(columns, self.config, self.data, metadata, formats)

    @functools.cached_property
    def smallest(self) -> tuple[int, int]:
        """The number of features and the size of the smallest model that is measured.

        Raises InputError where it is larger than the budget.
        """
        columns = first_features(self.data, LEAST, BITS_MEASURED)
        n_bytes = max(self.sizes(columns).values())
        if n_bytes > self.n_bytes:
            enough = in_words(10_000 * -(-(n_bytes + 2 * MARGIN) // 9_500))
            raise InputError(
                f"--size-budget {self.config.model.size_budget}: the smallest possible model of this table has "
                f"{in_words(n_bytes)}, which the reading of texts and the labels take. Give {enough} or more."
            )
        return sum(column.state.vocabulary.size for column in columns.values()), n_bytes

    def line(self, ranked: RankedFeatures) -> SizeLine:
        """Sizes by number of features, from two measures."""
        few, n_bytes = self.smallest
        a_feature = OTHERS + width_of(self.outputs, BITS_MEASURED)
        many = min(len(ranked), max(2 * few, int((self.n_bytes - n_bytes) / a_feature)))
        if many <= few:  # a table with hardly any features
            return SizeLine(n_bytes, a_feature, self.outputs)
        measured = {few: n_bytes, many: max(self.sizes(ranked.columns_of(many, BITS_MEASURED)).values())}
        return SizeLine.through(measured, self.outputs)

    def clear(self) -> None:
        """Delete the bags with fewer features: the model is trained."""
        shutil.rmtree(self.bags, ignore_errors=True)

    def shrunken(self, table: Any, whole: Trained, seconds: float) -> tuple[Trained, dict[str, Any]]:
        """The model of the budget, made from the one with all features, and `size` of metrics.json.

        Writes state, schema.json and history.csv anew. seconds: that the training of the whole model took.
        """
        full, _ = score_of(whole.trained.parts.model, whole.data)
        ranked = RankedFeatures.of(whole.trained.parts, self.data)
        size = {"budget": self.n_bytes, "of": len(ranked), "full": full}
        if 4 * len(ranked) * self.outputs <= self.n_bytes:
            sizes = self.sizes(whole.data.columns, (*FILES, SAVED_MODEL))
            if max(sizes[name] for name in FILES) <= self.n_bytes:
                self.log(f"{self.words}: the model fits with all its features in float32, as it is")
                return whole, {**size, "bits": FLOAT, "features": len(ranked), "bytes": sizes, "score": full}
        self.log(f"{self.words}: measuring for how many of {len(ranked):,} features it has room")
        line = self.line(ranked)
        choice = choose(self, ranked, line, whole, seconds)
        data = as_deployed(choice.done.data, choice.bits, self.folder)
        for column in data.columns.values():
            column.save(self.folder / "state")
        write_schema(self.folder, table, data.columns, data.targets)
        if choice.done.history:
            write_atomically(self.folder / HISTORY, choice.done.history)
        raw = functools.partial(raw_model_of, choice.done.trained.parts, data, self.config)
        figures = {
            **size,
            "bits": choice.bits,
            "features": sum(column.state.vocabulary.size for column in text_columns(data).values()),
            "bytes": choice.sizes,
            "score": choice.scores[choice.count][choice.bits][0],
            "points": points_of(choice.scores, line),
        }
        return replace(choice.done, data=data, trained=replace(choice.done.trained, raw=raw)), figures


def choose(budget: Budget, ranked: RankedFeatures, line: SizeLine, whole: Trained, seconds: float) -> Choice:
    """Train with the largest numbers of features that fit; the held-out rows choose the bits.

    A model of more features with fewer bits is against one of fewer features with more bits: which is better depends on
    the table. For the plot fewer features are tried too, unless a training takes long.
    """
    most = {bits: line.most(budget.n_bytes - 2 * MARGIN, bits, len(ranked)) for bits in BITS}
    numbers = sorted({*most.values()}, reverse=True)
    if seconds <= PATIENT:
        numbers += [n for share in FEWER if (n := int(share * numbers[-1])) > LEAST]
    each = f"{about(seconds)} or less each" if seconds >= 1 else "a second or less each"
    budget.log(f"{budget.words}: training with {', '.join(f'{n:,}' for n in numbers)} features, {each}")
    if is_distilled(budget.config, whole):
        budget.log(
            "  of a large table: these models learn what the one of all features says of the rows, not their labels"
        )
    scores: dict[int, dict[int, Score]] = {}
    best: tuple[Score, int, int, Trained] | None = None
    for count in numbers:
        done = trial(budget.config, ranked.fewer(count, budget.bags / str(count)), whole)
        scores[count] = scores_of(done)
        words = ", ".join(f"{scores[count][bits][0]:.4f} {in_bits(bits)}" for bits in (FLOAT, *reversed(BITS)))
        budget.log(f"  {count:,} features: {words}")
        for bits in (bits for bits in BITS if most[bits] == count):
            if best is None or scores[count][bits] > best[0]:
                best = scores[count][bits], bits, count, done
    if best is None:
        raise ValueError("no number of bits has been tried")
    _, bits, count, done = best
    while True:
        sizes = budget.sizes(text_columns(replace_bits(done.data, bits)), (*FILES, SAVED_MODEL))
        over = max(sizes[name] for name in FILES) + MARGIN - budget.n_bytes
        if over <= 0 or count == 1:
            return Choice(bits, count, done, scores, sizes)
        count = max(1, count - int(over / line.slope(bits)) - 1 - count // 100)
        budget.log(f"  {in_words(over)} too large: training with {count:,} features")
        done = trial(budget.config, ranked.fewer(count, budget.bags / str(count)), whole)
        scores[count] = scores_of(done)


def points_of(scores: Mapping[int, Mapping[int, Score]], line: SizeLine) -> list[dict[str, Any]]:
    """The points of the plot; their sizes are reckoned from those that were measured."""
    return [
        {"features": count, "bits": bits, "score": score, "bytes": line(count, bits)}
        for count, by_bits in sorted(scores.items())
        for bits, (score, _) in by_bits.items()
    ]


def in_bits(bits: int) -> str:
    """`int4`, `float32`."""
    return "float32" if bits == FLOAT else f"int{bits}"


def price(figures: Mapping[str, Any], rows: int) -> str:
    """What the budget cost, in a line. figures: `size` of metrics.json; rows: held-out ones."""
    files = {"tflite": "predict.tflite", "onnx": "predict.onnx", "savedmodel": "savedmodel"}
    sizes = ", ".join(f"{files[name]} {in_words(n_bytes)}" for name, n_bytes in figures["bytes"].items())
    return (
        f"size budget {in_words(figures['budget'])}: {figures['features']:,} of {figures['of']:,} features, "
        f"{in_bits(figures['bits'])}: {sizes}; accuracy on {rows:,} held-out rows "
        f"{100 * figures['full']:.2f} % -> {100 * figures['score']:.2f} %"
    )
