"""Training under `--size-budget`: the n-grams that say most, trained again, in a table of few bits.

1. The model of all features is trained, as without a budget.
2. Features are ranked by it; sizes are measured for 2, 4 and 8 bits: how many features does each leave room for?
3. For each number a model is trained, by the same recipe; the held-out rows choose among the bits.

docs/small.md has the measurements behind it.
"""

from __future__ import annotations

import functools
import importlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.config.config import Config
from mmkeras.config.sizes import in_words, size_of
from mmkeras.errors import InputError
from mmkeras.metrics.agreement import evaluate
from mmkeras.modalities.text.quantisation import BITS, width_of
from mmkeras.models.quantised import quantised_model
from mmkeras.runs.run import HISTORY, read_json
from mmkeras.system.files import write_atomically
from mmkeras.system.progress import Log, about
from mmkeras.tasks import TASKS, Trainable
from mmkeras.tasks.prediction.evaluate import predictions_of, run
from mmkeras.tasks.prediction.material import TrainingData, write_schema
from mmkeras.tasks.prediction.training import raw_model_of
from mmkeras.training.artefact_sizes import BITS_MEASURED, FILES, SizeLine, sizes_of
from mmkeras.training.callbacks import BestCheckpoint
from mmkeras.training.kept_features import RankedFeatures, as_deployed, silent, text_columns
from mmkeras.training.loop import fit

LEAST: Final = 64  # features of the smallest model that is measured
OTHERS: Final = 6  # bytes of a feature beside its codes, as they are guessed before anything is measured
PATIENT: Final = 60.0  # seconds of the first training up to which more numbers of features are trained, for the plot
FEWER: Final = (0.5, 0.2)  # shares of the smallest number of features, for the plot
TEMPERATURES: Final = np.geomspace(0.25, 32, 22)  # factors of the logits
MARGIN: Final = 500  # bytes that a size may differ from the line
SAVED_MODEL: Final = "savedmodel"
FLOAT: Final = 32  # bits of a number that is not quantised


@dataclass(frozen=True)
class Small:
    """A model under a budget, in place of the one with all features. figures: `size` of metrics.json."""

    data: TrainingData
    trained: Trainable
    checkpoint: BestCheckpoint
    figures: dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A model with some of the features. scores: bits -> on the held-out rows: the score, and the mean log-probability
    of the true class, which decides between equal scores. history: history.csv of its training.
    """

    data: TrainingData
    trained: Trainable
    checkpoint: BestCheckpoint
    scores: dict[int, tuple[float, float]]
    history: bytes


@dataclass(frozen=True)
class Budget:
    """A training under a budget. config, data: of the model with all features. folder: of the run."""

    config: Config
    data: TrainingData
    folder: Path
    log: Log

    @functools.cached_property
    def n_bytes(self) -> int:
        """The largest size of an artefact."""
        return size_of(str(self.config.model.size_budget))

    @property
    def words(self) -> str:
        """The budget as the beginning of a line."""
        return f"size budget {in_words(self.n_bytes)}"

    def sizes(self, columns: Mapping[str, Any], formats: tuple[str, ...] = FILES) -> dict[str, int]:
        """Format -> the size of its artefact with these columns."""
        environment = read_json(self.folder / "environment.json")
        metadata = {"versions": environment["versions"], "seed": environment["seed"]}
        return sizes_of(columns, self.config, self.data, metadata, formats)

    @property
    def outputs(self) -> int:
        """Numbers of a feature in the tables: a weight for each class, and the vector of the deep part."""
        dims = [column.bag.vector_dim or 0 for column in self.data.columns.values() if column.bag is not None]
        return self.data.targets.outputs + max([self.config.text.deep, *dims])

    def line(self, ranked: RankedFeatures) -> SizeLine:
        """Sizes by number of features, from two measures. Raises InputError where the smallest model is too large."""
        few = min(LEAST, max(1, len(ranked) // 2))
        measured: dict[int, int] = {}
        for guess in (few, 0):
            a_feature = OTHERS + width_of(self.outputs, BITS_MEASURED)
            count = guess or min(len(ranked), max(2 * few, int((self.n_bytes - measured[few]) / a_feature)))
            measured[count] = max(self.sizes(ranked.columns_of(count, BITS_MEASURED)).values())
            if measured[few] > self.n_bytes:
                raise self.too_small(measured[few])
        return SizeLine.through(measured, self.outputs)

    def too_small(self, smallest: int) -> InputError:
        """The error for a budget in which there is no room for any features."""
        enough = in_words(10_000 * -(-smallest // 9_500))
        return InputError(
            f"--size-budget {self.config.model.size_budget}: the smallest possible model of this table has "
            f"{in_words(smallest)}, which the reading of texts and the labels take. Give {enough} or more."
        )

    def trial(self, data: TrainingData) -> Trial:
        """Train by the recipe, without a word; the scores on the held-out rows."""
        task = importlib.import_module(TASKS[data.targets.task])
        config = self.config.replace(resume=False, tensorboard=False)
        trained = task.build(config, data, silent)
        with tempfile.TemporaryDirectory() as scratch:
            checkpoint = fit(trained, config, Path(scratch), silent)
            history = (Path(scratch) / HISTORY).read_bytes()
        model = trained.parts.model
        models = {FLOAT: model, **{bits: quantised_model(model, bits) for bits in BITS}}
        scores = {bits: self.score(model, data) for bits, model in models.items()}
        return Trial(data, trained, checkpoint, scores, history)

    def score(self, model: Any, data: TrainingData) -> tuple[float, float]:
        """The scores of a Trial, of one model."""
        targets, truth = data.targets, data.targets.truth(data.split.validation)
        logits = run(model, data.features["validation"], data)
        figures = evaluate(targets.task, truth, predictions_of(logits, data), list(targets.labels))
        return float(figures["score"]), -least_loss(logits, truth)


def least_loss(logits: np.ndarray, truth: np.ndarray) -> float:
    """The mean cross-entropy at the temperature where it is least, of a few. logits: [n, classes]; truth: int [n]."""
    losses = []
    for factor in TEMPERATURES:
        scaled = factor * (logits - logits.max(axis=1, keepdims=True))
        losses.append(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(truth)), truth]))
    return float(min(losses))


def shrunken(config: Config, source: Any, whole: Small, seconds: float, folder: Path, log: Log) -> Small:
    """The model of the budget, made from the one with all features, `whole`; writes state and schema.json anew.

    seconds: that the training of the whole model took. Raises InputError for a budget that is too small.
    """
    budget = Budget(config, whole.data, folder, log)
    full, _ = budget.score(whole.trained.parts.model, whole.data)
    ranked = RankedFeatures.of(whole.trained.parts, whole.data)
    size = {"budget": budget.n_bytes, "of": len(ranked), "full": full}
    if 4 * len(ranked) * whole.data.targets.outputs <= budget.n_bytes:
        sizes = budget.sizes(whole.data.columns)
        if max(sizes.values()) <= budget.n_bytes:
            log(f"{budget.words}: the model fits with all its features and float32 numbers, as it is")
            return replace(
                whole, figures={**size, "bits": FLOAT, "features": len(ranked), "bytes": sizes, "score": full}
            )
    log(f"{budget.words}: measuring for how many of {len(ranked):,} features it has room")
    line = budget.line(ranked)
    trials, bits, count, sizes = chosen_of(budget, ranked, line, seconds)
    chosen = trials[count]
    data = as_deployed(chosen.data, bits, folder)
    for column in data.columns.values():
        column.save(folder / "state")
    write_schema(folder, source.table, data.columns, data.targets)
    raw = functools.partial(raw_model_of, chosen.trained.parts, data, config)
    figures = {
        **size,
        "bits": bits,
        "features": sum(column.state.vocabulary.size for column in text_columns(data).values()),
        "bytes": sizes,
        "score": chosen.scores[bits][0],
        "points": points_of(trials, line),
    }
    write_atomically(folder / HISTORY, chosen.history.decode())
    return Small(data, replace(chosen.trained, raw=raw), chosen.checkpoint, figures)


def chosen_of(
    budget: Budget, ranked: RankedFeatures, line: SizeLine, seconds: float
) -> tuple[dict[int, Trial], int, int, dict[str, int]]:
    """Train with the largest numbers of features that fit; the held-out rows choose the bits.

    Returns all trials, the bits and the number of features of the best one, and the sizes of its artefacts.
    """
    most = {bits: line.most(budget.n_bytes - MARGIN, bits, len(ranked)) for bits in BITS}
    numbers = sorted({*most.values()}, reverse=True)
    if seconds <= PATIENT:
        numbers += [n for share in FEWER if (n := int(share * numbers[-1])) > LEAST]
    each = f"{about(seconds)} or less each" if seconds >= 1 else "a second or less each"
    budget.log(f"{budget.words}: training with {', '.join(f'{n:,}' for n in numbers)} features, {each}")
    trials = {}
    for count in numbers:
        trials[count] = budget.trial(ranked.fewer(count))
        scores = trials[count].scores
        words = ", ".join(f"{scores[bits][0]:.4f} {in_bits(bits)}" for bits in (FLOAT, *reversed(BITS)))
        budget.log(f"  {count:,} features: {words}")
    bits = max(BITS, key=lambda bits: trials[most[bits]].scores[bits])
    count = most[bits]
    while True:
        sizes = budget.sizes(ranked.columns_of(count, bits), (*FILES, SAVED_MODEL))
        over = max(sizes[name] for name in FILES) - budget.n_bytes
        if over <= 0 or count == 1:
            return trials, bits, count, sizes
        count = max(1, count - int(over / line.slope(bits)) - 1 - count // 100)
        budget.log(f"  {in_words(over)} too large: training with {count:,} features")
        trials[count] = budget.trial(ranked.fewer(count))


def points_of(trials: Mapping[int, Trial], line: SizeLine) -> list[dict[str, Any]]:
    """The points of the plot; their sizes are reckoned from those that were measured."""
    return [
        {"features": count, "bits": bits, "score": score, "bytes": line(count, bits)}
        for count, trial in sorted(trials.items())
        for bits, (score, _) in trial.scores.items()
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
