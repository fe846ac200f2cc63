"""Flags that change nothing here, for no column is of their kind: said, so that nobody believes they did."""

from __future__ import annotations

from collections.abc import Iterator

from mmkeras.config import Config

FLAGS_OF = {
    "text": (
        "text_encoder",
        "tokens",
        "ngrams",
        "char_ngrams",
        "naive_bayes",
        "max_bytes",
        "max_features",
        "word_vectors",
    ),
    "image": ("image_encoder", "image_size", "image_augment"),
    "audio": ("audio_features", "audio_rate", "seconds", "mels", "coefficients", "disturb"),
}


def idle_flags(config: Config, kinds: set[str]) -> Iterator[str]:
    """A sentence for each kind of column that is not in `kinds` while flags of its own were given."""
    default = Config()
    for kind, flags in FLAGS_OF.items():
        given = [flag for flag in flags if getattr(config, flag) != getattr(default, flag)]
        if given and kind not in kinds:
            names = ", ".join(f"--{flag.replace('_', '-')}" for flag in given)
            yield f"note: {names} changes nothing: there is no {kind} column"
