"""Numbers outside their range, and flags that contradict each other: said before anything is read or written."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.config.fusions import FUSIONS
from mmkeras.config.tasks import task_names
from mmkeras.config.unused_flags import check_unused_flags
from mmkeras.errors import InputError

LONGEST_RUN = 8  # of characters that may be a feature
WIDTH_STEP = {"language_model": 1}
"""Task -> what the width is a multiple of; 16 for all others. A recurrent cell has no heads to share it."""


def check_config(config: Config) -> None:
    """Raise InputError for a number outside its range, or flags that contradict each other."""
    _check_choices(config)
    _check_names(config)
    if not config.output.resume:  # else the flags must be those of the run, whatever they are
        check_unused_flags(config)
    ranges: dict[str, tuple[float, float]] = {
        "epochs": (1, 100_000),
        "deep": (0, 1024),
        "batch_size": (1, 1_000_000),
        "ngrams": (1, 2),
        "char_ngrams": (0, LONGEST_RUN),
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
    flags = config.flat()
    for key, (low, high) in ranges.items():
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
        found = "is a folder" if Path(config.text.word_vectors).is_dir() else "there is no such file"
        raise InputError(f"--word-vectors {config.text.word_vectors}: {found}; expected a GloVe or word2vec file.")
    check_encoders(config)
    if config.text.freeze_word_vectors and not config.text.word_vectors:
        raise InputError("--freeze-word-vectors: there are none to freeze. Name a file with --word-vectors.")
    if config.training.tensorboard and not importlib.util.find_spec("tensorboard"):
        raise InputError("--tensorboard: the package tensorboard is not installed. Run: pip install tensorboard")
    if config.output.overwrite and config.output.resume:
        raise InputError("--overwrite and --resume contradict each other: replace the run, or go on with it?")


def check_encoders(config: Config) -> None:
    """Raise InputError for an encoder that is none, or a width that its heads cannot share."""
    flags = config.flat()
    for flag, known in (("text_encoder", ("average", "transformer", "gru")), ("image_encoder", ("cnn",))):
        value = flags[flag]
        if value not in known and not (value.startswith("preset:") and len(value) > len("preset:")):
            raise InputError(
                f"--{flag.replace('_', '-')} {value}: expected {', '.join(known)}, or preset: with a name or folder."
            )
    wrong = [name for name in config.image.image_augment if name not in ("flip", "crop", "colour", "none")]
    if wrong:
        raise InputError(f"--image-augment {wrong[0]}: expected any of flip, crop, colour, or none.")
    _check_char_ngrams(config)
    step = WIDTH_STEP.get(config.model.task, 16)
    if config.model.width and config.model.width % step:
        raise InputError(
            f"--width {config.model.width}: expected a multiple of {step}, which the heads of a Transformer share."
        )


def _check_char_ngrams(config: Config) -> None:
    """Raise InputError for a length that is none, or a model that reads no runs of characters."""
    if config.text.char_ngrams == 1:
        raise InputError(f"--char-ngrams 1: expected 0, or 2 to {LONGEST_RUN}, the longest run of characters.")
    if not config.text.char_ngrams:
        return
    reason = ""
    if config.model.model == "mlp":
        reason = "--model mlp reads words alone"
    elif config.text.text_encoder != "average":
        reason = f"--text-encoder {config.text.text_encoder} reads tokens in their order"
    if reason:
        raise InputError(f"--char-ngrams: {reason}. Leave it out.")


def _check_choices(config: Config) -> None:
    """Raise InputError for a task or a fusion that is none."""
    for flag, value, known in (
        ("--task", config.model.task, ["auto", *task_names()]),
        ("--fusion", config.model.fusion, [*FUSIONS]),
    ):
        if value is not None and value not in known:
            raise InputError(f"{flag} {value}: expected {', '.join(known[:-1])} or {known[-1]}.")


def _check_names(config: Config) -> None:
    """Raise InputError when a flag that takes several columns has taken the file, too."""
    columns = {key: value for key, value in vars(config.data).items() if isinstance(value, tuple)}
    for key, names in columns.items():
        for name in names:
            if config.data.csv == DEFAULTS["csv"] and name.endswith((".csv", ".tsv", ".csv.gz", ".parquet", ".pq")):
                raise InputError(
                    f"--{key} {name}: expected names of columns, and this looks like a file. Put the file before the "
                    f"flags: mmkeras train {name} --{key} …"
                )
