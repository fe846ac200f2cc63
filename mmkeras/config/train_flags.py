"""The flags of `mmkeras.train` with their types, for editors and type checkers. A test compares them with Config."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    import pandas as pd

File = str | Path
Table: TypeAlias = "str | Path | pd.DataFrame"
"""A path, or the rows in memory."""
Names = str | Sequence[str]
"""One column or value, or several."""


class TrainFlags(TypedDict, total=False):
    """Flag -> its type; docs/flags.md says what each does. A flag that is left out has the model's own default."""

    encoding: str | None
    delimiter: str | None
    escape: str | None
    comment: str | None
    skip_lines: int | None
    no_header: bool
    with_header: bool
    validation: Table | None
    split_column: str | None
    group_column: str | None
    time_column: str | None
    test_size: float
    random_state: int
    csv: Table
    example: Literal["news", "multimodal"] | None
    text: Names
    image: Names
    audio: Names
    number: Names
    category: Names
    date: Names
    kind: Names | dict[str, str]
    target: Names
    text_file: File | None
    media_root: File | None
    allow_outside: bool
    keep: Names
    ignore: Names
    notation: Names | dict[str, str]
    missing: Names
    not_missing: Names
    rare_classes: Literal["learn", "drop"]
    max_bad_rows: float
    task: str
    model: Literal["auto", "wide_deep", "mlp", "multimodal"]
    width: int | None
    depth: int
    dropout: float
    modality_dropout: float | None
    fine_tune: bool
    naive_bayes: bool
    size_budget: str | None
    text_encoder: str
    tokens: Literal["mixed", "word", "character", "byte"]
    ngrams: int
    char_ngrams: int
    punctuation: bool
    max_bytes: int
    max_tokens: int
    max_features: int
    min_rows: int | None
    deep: int
    word_vectors: File | None
    freeze_word_vectors: bool
    image_encoder: str
    image_size: int
    image_augment: Names
    audio_features: Literal["mel", "mfcc"]
    audio_rate: int
    seconds: float | None
    mels: int
    coefficients: int
    disturb: float
    cell: Literal["rnn", "lstm", "gru", "transformer"]
    pieces: Literal["auto", "word", "subword", "byte"]
    vocabulary: int
    max_target: int
    steps: int
    tie: bool
    optimizer: Literal["auto", "sgd", "adam"]
    decay: Literal["cosine", "stall"]
    continue_from: Any  # a FinishedRun, or its folder
    epochs: int | None
    batch_size: int | None
    learning_rate: float | None
    patience: int | None
    fold: bool
    label_smoothing: float | None
    class_weight: Literal["none", "balanced"]
    baseline: Literal["auto", "none", "majority", "svm"]
    mixed_precision: bool
    xla: bool
    tensorboard: bool
    seed: int
    output: File | None
    overwrite: bool
    resume: bool
    debug: bool
