"""Flags without effect: an error where the task has no use for them, a note where no column is of their kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mmkeras.config.config import DEFAULTS, Audio, Config, Image
from mmkeras.config.data import Dialect
from mmkeras.config.tasks import line_of
from mmkeras.errors import InputError

ONE_TEXT = "a language model is trained on one text and has no use for it. Leave it out."
FOR_LINES: dict[str, tuple[str, ...]] = {
    "it is for language models. Add --task language_model, or leave it out.": ("text_file",)
}

# task -> reason -> flags without effect; `training.resolve` refuses those that depend on the table
UNUSED_IN: dict[str, dict[str, tuple[str, ...]]] = {
    "auto": FOR_LINES,
    "classify": FOR_LINES,
    "multilabel": FOR_LINES,
    "regress": FOR_LINES,
    "language_model": {
        ONE_TEXT: (
            *("image", "audio", "number", "category", "date", "kind", "target", "media_root", "allow_outside"),
            *("fusion", "modality_dropout", "fine_tune", *vars(Image()), *vars(Audio())),
            *("class_weight", "label_smoothing", "naive_bayes", "word_vectors", "size_budget"),
            *("keep", "ignore", "notation", "missing", "not_missing", "rare_classes"),
            *("split_column", "group_column", "time_column"),
        ),
        "the layers of a language model are chosen by --cell. Leave it out.": ("model", "text_encoder", "deep"),
        "the tokens of a language model are chosen by --pieces and --vocabulary. Leave it out.": (
            "tokens",
            "punctuation",
            "ngrams",
            "max_features",
            "min_rows",
        ),
        "a language model reads its text to the end, --steps tokens at a time. Leave it out.": (
            "max_tokens",
            "max_bytes",
        ),
        "the held-out lines are the last ones, not drawn at random. Leave it out.": ("random_state",),
        "rows without a text are skipped, however many. Leave it out.": ("max_bad_rows",),
        "--task language_model reads tokens in their order. Leave it out.": ("char_ngrams",),
        "--task language_model is trained in float32. Leave it out.": ("mixed_precision",),
    },
    "generate": {
        **FOR_LINES,
        "--task generate trains a Transformer with its own schedule; the flag is for language models. Leave it out.": (
            "cell",
            "optimizer",
            "decay",
            "steps",
        ),
        "--task generate has no use for it. Leave it out.": (
            *("class_weight", "word_vectors", "naive_bayes", "rare_classes", "size_budget"),
        ),
        "--task generate reads tokens in their order. Leave it out.": ("ngrams", "char_ngrams", "deep"),
        "--task generate is trained in float32. Leave it out.": ("mixed_precision",),
    },
}
# reason -> flags that apply to the text column of a table, not to a text file
UNUSED_WITH_FILE = {
    ONE_TEXT: ("text",),
    "a --text-file is read as lines of UTF-8. Leave it out.": tuple(vars(Dialect())),
    "it brings a table, but --text-file replaces the table. Leave one of them out.": ("example",),
}


def check_unused_flags(config: Config) -> None:
    """Raise InputError for a flag without effect in this task: its user expects an effect."""
    _refuse(config, line_of(UNUSED_IN, config.model.task))
    if config.data.text_file:
        if config.data.csv != DEFAULTS["csv"]:
            raise InputError(
                f"{config.data.csv}: a language model is trained on one text, here that of --text-file. Leave this "
                "file out, or name its column, --text, in place of --text-file."
            )
        _refuse(config, UNUSED_WITH_FILE)


def _refuse(config: Config, unused: dict[str, tuple[str, ...]]) -> None:
    for reason, fields in unused.items():
        if flags := changed_flags(config, fields):
            raise InputError(f"{flags[0]}: {reason}")


def changed_flags(config: Config, fields: Iterable[str]) -> list[str]:
    """Those of the fields that differ from their defaults, as flags."""
    flags = config.flat()
    return [f"--{field.replace('_', '-')}" for field in fields if flags[field] != DEFAULTS[field]]


def unused_flags(config: Config, kinds: set[str], flags_of: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A note for each kind whose flags were set although no column is of this kind.

    kinds: of the input columns. flags_of: kind -> the flags that affect this kind alone, its `spec.FLAGS`.
    """
    for kind, flags in flags_of.items():
        changed = changed_flags(config, flags)
        if changed and kind not in kinds:
            yield f"note: {', '.join(changed)} changes nothing: there is no {kind} column"
