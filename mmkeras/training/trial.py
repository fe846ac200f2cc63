"""A training on the side: the recipe on other features, without a word, and its scores at several numbers of bits."""

from __future__ import annotations

import functools
import importlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mmkeras.config.config import Config
from mmkeras.metrics.agreement import evaluate
from mmkeras.metrics.calibration import row_losses
from mmkeras.modalities.text.quantisation import BITS
from mmkeras.models.core import build_core
from mmkeras.models.quantised import quantised_model
from mmkeras.models.wide_deep import BATCH_SIZE
from mmkeras.runs.run import HISTORY
from mmkeras.system.progress import silent
from mmkeras.tasks import TASKS, Trainable
from mmkeras.tasks.prediction.distil import distil
from mmkeras.tasks.prediction.evaluate import predictions_of, run
from mmkeras.tasks.prediction.heads import is_cheap, is_linear, retrain
from mmkeras.tasks.prediction.material import TrainingData
from mmkeras.training.callbacks import BestCheckpoint
from mmkeras.training.loop import fit

FLOAT: Final = 32  # bits of a number that is not quantised

Score = tuple[float, float]
"""The score on the held-out rows, and their mean log-probability, which decides between equal scores."""


@dataclass(frozen=True)
class Trained:
    """A trained model with what it was trained on. history: history.csv of its training, '' where it has none of its
    own: its learning curves are those of the model with all features."""

    data: TrainingData
    trained: Trainable
    checkpoint: BestCheckpoint
    history: str = ""

    @functools.cached_property
    def logits(self) -> np.ndarray:
        """What the model says of the training rows, float32 [n, classes]."""
        return run(self.trained.parts.model, self.data.features["train"], self.data, split_name="train")


def is_distilled(config: Config, whole: Trained) -> bool:
    """Do smaller models learn what a model says of the training rows? Linear ones of large tables do."""
    return is_linear(whole.trained.parts) and not is_cheap(whole.trained.parts, whole.data, config)


def trial(config: Config, data: TrainingData, whole: Trained) -> Trained:
    """Build and fit by the recipe; where it tries several rates side by side, by the one that `whole` has kept.

    A linear model of a large table learns what `whole` says of the training rows, in place of their labels.

    whole: the model with all features.
    """
    kept = whole.trained.settle
    if is_distilled(config, whole):
        core = build_core(data.columns, data.targets.outputs, config)
        distil(core, whole.logits, data, config)
        return Trained(data, replace(whole.trained, model=core.model, saved=core.model, parts=core), whole.checkpoint)
    if kept is not None:
        core = build_core(data.columns, data.targets.outputs, config)
        training = config.training
        batches = data.batches("train", training.batch_size or BATCH_SIZE, training, training.seed)
        retrain(core, kept.head, batches, config)
        trained = replace(whole.trained, model=core.model, saved=core.model, parts=core)
        return Trained(data, trained, whole.checkpoint)
    task = importlib.import_module(TASKS[data.targets.task])
    config = config.replace(resume=False, tensorboard=False)
    trained = task.build(config, data, silent)
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = fit(trained, config, Path(scratch), silent)
        return Trained(data, trained, checkpoint, (Path(scratch) / HISTORY).read_text(encoding="utf-8"))


def scores_of(done: Trained) -> dict[int, Score]:
    """Bits -> the scores on the held-out rows with a table of so many bits a number."""
    model = done.trained.parts.model
    models = {FLOAT: model, **{bits: quantised_model(model, bits) for bits in BITS}}
    return {bits: score_of(model, done.data) for bits, model in models.items()}


def score_of(model: Any, data: TrainingData) -> Score:
    """The scores of one model."""
    targets, truth = data.targets, data.targets.truth(data.split.validation)
    logits = run(model, data.features["validation"], data)
    figures = evaluate(targets.task, truth, predictions_of(logits, data), list(targets.labels))
    return float(figures["score"]), -float(row_losses(logits, truth).mean())
