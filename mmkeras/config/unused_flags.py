"""Flags that change nothing here: refused where the task says so, and said where no column is of their kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mmkeras.config.config import DEFAULTS, Audio, Config, Image
from mmkeras.config.tasks import line_of
from mmkeras.errors import InputError

LEARNS = "a language model learns one text, and has no use for it. Leave it out."
LEARNS_A_TABLE: dict[str, tuple[str, ...]] = {
    "it is for language models. Add --task language_model, or leave it out.": ("text_file",)
}

# task -> flags that it has no use for, and why; those that only the table can tell are refused by `training.resolve`
UNUSED_IN: dict[str, dict[str, tuple[str, ...]]] = {
    "auto": LEARNS_A_TABLE,
    "classify": LEARNS_A_TABLE,
    "multilabel": LEARNS_A_TABLE,
    "regress": LEARNS_A_TABLE,
    "language_model": {
        LEARNS: (
            *("image", "audio", "number", "category", "date", "kind", "target", "media_root", "allow_outside"),
            *("fusion", "modality_dropout", "fine_tune", *vars(Image()), *vars(Audio())),
            *("class_weight", "label_smoothing", "naive_bayes", "word_vectors"),
        ),
        "a language model is made of cells. Leave it out, and choose by --cell.": ("model", "text_encoder", "deep"),
        "a language model reads what it writes. Leave it out, and choose by --pieces and --vocabulary.": (
            "tokens",
            "ngrams",
            "max_features",
            "min_rows",
        ),
        "a language model reads its text to the end, --steps pieces at a time. Leave it out.": (
            "max_tokens",
            "max_bytes",
        ),
        "which lines are held out is no matter of chance. Leave it out.": ("random_state",),
        "rows without a text are passed over, however many. Leave it out.": ("max_bad_rows",),
        "--task language_model reads tokens in their order. Leave it out.": ("char_ngrams",),
        "--task language_model is trained in float32. Leave it out.": ("mixed_precision",),
    },
    "generate": {
        **LEARNS_A_TABLE,
        "--task generate trains a Transformer, in a way of its own; the flag is for language models. Leave it out.": (
            "cell",
            "optimizer",
            "decay",
            "steps",
        ),
        "--task generate has no use for it. Leave it out.": ("class_weight", "word_vectors", "naive_bayes"),
        "--task generate reads tokens in their order. Leave it out.": ("ngrams", "char_ngrams", "deep"),
        "--task generate is trained in float32. Leave it out.": ("mixed_precision",),
    },
}
# what is for a table's text column, beside a text file
UNUSED_WITH_FILE = {
    LEARNS: ("text",),
    "a --text-file is read as lines of UTF-8. Leave it out.": ("encoding", "delimiter"),
    "it brings a table, and a --text-file is learned in its place. Leave one of them out.": ("example",),
}


def check_unused_flags(config: Config) -> None:
    """Raise InputError for a flag that the task has no use for: whoever gave it believes that it does something."""
    _refuse(config, line_of(UNUSED_IN, config.model.task))
    if config.data.text_file:
        if config.data.csv != DEFAULTS["csv"]:
            raise InputError(
                f"{config.data.csv}: a language model learns one text, here that of --text-file. Leave this file out, "
                "or name its column, --text, in place of --text-file."
            )
        _refuse(config, UNUSED_WITH_FILE)


def _refuse(config: Config, unused: dict[str, tuple[str, ...]]) -> None:
    for reason, fields in unused.items():
        if given := given_of(config, fields):
            raise InputError(f"{given[0]}: {reason}")


def given_of(config: Config, fields: Iterable[str]) -> list[str]:
    """Those of some fields, as flags, that are not what they are where nothing is said."""
    flags = config.flat()
    return [f"--{field.replace('_', '-')}" for field in fields if flags[field] != DEFAULTS[field]]


def unused_flags(config: Config, kinds: set[str], flags_of: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """A sentence for each kind of column that is not in `kinds` while flags that matter to it alone were given.

    flags_of: kind -> those flags, its `spec.FLAGS`.
    """
    for kind, flags in flags_of.items():
        given = given_of(config, flags)
        if given and kind not in kinds:
            yield f"note: {', '.join(given)} changes nothing: there is no {kind} column"
