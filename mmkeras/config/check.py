"""Refuses numbers outside their range and flags that contradict each other, before anything is read or written."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Final

from mmkeras.config.config import DEFAULTS, Config, Model, Text
from mmkeras.config.data import Data
from mmkeras.config.fusions import FUSIONS, is_own
from mmkeras.config.presets import is_preset, preset_of
from mmkeras.config.sizes import size_of
from mmkeras.config.tasks import generates_text, task_names
from mmkeras.config.unused_flags import check_unused_flags
from mmkeras.errors import InputError
from mmkeras.system.packages import pip_install
from mmkeras.system.program import call

LONGEST_CHAR_NGRAM = 8
WIDTH_STEP = {"language_model": 1}
"""Task -> the step of the width; 16 for all others. A recurrent cell has no heads that share the width."""

RANGES: Final[dict[str, tuple[float, float]]] = {
    "epochs": (1, 100_000),
    "deep": (0, 1024),
    "batch_size": (1, 1_000_000),
    "ngrams": (1, 2),
    "char_ngrams": (0, LONGEST_CHAR_NGRAM),
    "max_bytes": (16, 4096),
    "width": (16, 1024),
    "vocabulary": (16, 1_000_000),
    "max_target": (1, 1024),
    "steps": (2, 1024),
    "depth": (1, 48),
    "dropout": (0.0, 0.9),
    "modality_dropout": (0.0, 0.9),
    "max_tokens": (3, 2048),
    "image_size": (16, 512),
    "audio_rate": (1000, 96_000),
    "seconds": (0.03, 120.0),
    "mels": (8, 128),
    "coefficients": (1, 128),
    "disturb": (0.0, 2.0),
    "max_features": (1, 230_000),
    "min_rows": (1, 1_000_000),
    "patience": (1, 100_000),
    "label_smoothing": (0.0, 0.99),
    "max_bad_rows": (0, 1.0),
    "seed": (0, 2**31 - 1),
    "random_state": (0, 2**32 - 1),
}
"""Flag -> its least and greatest value."""


def check_config(config: Config) -> None:
    """Raise InputError for a number outside its range, or flags that contradict each other."""
    check_choices(config.model)
    _check_names(config.data)
    if not (config.output.resume or config.training.continue_from):  # else the flags are compared with the run's
        check_unused_flags(config)
    flags = config.flat()
    for key, (low, high) in RANGES.items():
        value = flags[key]
        if value is not None and not low <= value <= high:
            kind = "number" if isinstance(high, float) else "whole number"
            raise InputError(f"--{key.replace('_', '-')} {value}: expected a {kind} between {low} and {high}.")
    if not 0 < config.data.test_size < 1:
        raise InputError(f"--test-size {config.data.test_size}: expected a share above 0 and below 1, such as 0.2.")
    if config.training.learning_rate is not None and not 0 < config.training.learning_rate < math.inf:
        raise InputError(f"--learning-rate {config.training.learning_rate}: expected a number above 0.")
    if config.text.word_vectors and config.text.tokens == "byte":
        raise InputError("--word-vectors: with --tokens byte there are no words to give vectors to.")
    if config.text.word_vectors and not Path(config.text.word_vectors).is_file():
        reason = "is a folder" if Path(config.text.word_vectors).is_dir() else "there is no such file"
        raise InputError(f"--word-vectors {config.text.word_vectors}: {reason}; expected a GloVe or word2vec file.")
    if config.model.size_budget is not None:
        size_of(config.model.size_budget)
    check_encoders(config)
    if config.text.freeze_word_vectors and not config.text.word_vectors:
        raise InputError("--freeze-word-vectors: there are none to freeze. Name a file with --word-vectors.")
    if config.training.baseline == "svm" and generates_text(config.model.task):
        raise InputError(f"--baseline svm: it predicts rows; --task {config.model.task} writes texts. Leave it out.")
    if config.training.tensorboard and not importlib.util.find_spec("tensorboard"):
        raise InputError(f"--tensorboard: the package tensorboard is not installed. Run: {pip_install('tensorboard')}")
    if config.output.overwrite and config.output.resume:
        raise InputError("--overwrite and --resume contradict each other: replace the run, or go on with it?")


def check_encoders(config: Config) -> None:
    """Raise InputError for an unknown encoder, or a width that its heads cannot share."""
    flags = config.flat()
    for flag, names in (("text_encoder", ("average", "transformer", "gru")), ("image_encoder", ("cnn",))):
        value = flags[flag]
        if value not in names and not (is_preset(value) and preset_of(value)):
            raise InputError(
                f"--{flag.replace('_', '-')} {value}: expected {', '.join(names)}, or preset: with a name or folder."
            )
    unknown = [name for name in config.image.image_augment if name not in ("flip", "crop", "colour", "none")]
    if unknown:
        raise InputError(f"--image-augment {unknown[0]}: expected any of flip, crop, colour, or none.")
    _check_char_ngrams(config.text, config.model)
    step = WIDTH_STEP.get(config.model.task, 16)
    if config.model.width and config.model.width % step:
        raise InputError(
            f"--width {config.model.width}: expected a multiple of {step}, which the heads of a Transformer share."
        )


def _check_char_ngrams(text: Text, model: Model) -> None:
    """Raise InputError for a length of 1, or a model without features of character n-grams."""
    if text.char_ngrams == 1:
        raise InputError(
            f"--char-ngrams 1: expected 0, or 2 to {LONGEST_CHAR_NGRAM}, the longest n-gram of characters."
        )
    if not text.char_ngrams:
        return
    reason = ""
    if model.model == "mlp":
        reason = "--model mlp reads words alone"
    elif is_preset(text.text_encoder) and model.model in ("auto", "wide_deep"):
        reason = ""  # n-grams beside the preset's vector; `training.resolve` knows the table
    elif text.text_encoder != "average":
        reason = f"--text-encoder {text.text_encoder} reads tokens in their order"
    if reason:
        raise InputError(f"--char-ngrams: {reason}. Leave it out.")


def check_choices(model: Model) -> None:
    """Raise InputError for an unknown task or fusion."""
    for flag, value, names in (
        ("--task", model.task, ["auto", *task_names()]),
        ("--fusion", None if is_own(model.fusion) else model.fusion, [*FUSIONS]),
    ):
        if value is not None and value not in names:
            raise InputError(f"{flag} {value}: expected {', '.join(names[:-1])} or {names[-1]}.")


_TABLES: Final = (".csv", ".tsv", ".jsonl", ".parquet", ".pq", ".gz", ".bz2", ".xz", ".zst", ".zip")
"""Ends of files' names that no column's name has."""


def _check_names(data: Data) -> None:
    """Raise InputError when a flag that takes several columns has taken the file as well."""
    columns = {key: value for key, value in vars(data).items() if isinstance(value, tuple)}
    for key, names in columns.items():
        for name in names:
            if data.csv == DEFAULTS["csv"] and name.endswith(_TABLES):
                raise InputError(
                    f"--{key} {name}: expected names of columns, and this looks like a file. Put the file before the "
                    f"flags: {call('train', name, f'--{key}')} …"
                )
