"""How a text column is read (the part of the Config that its layers need), described and served. NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mmkeras.graph import Input, InputSpec
from mmkeras.modalities.text.cells import stack

EXAMPLE: Final = "a text"
FLAGS: Final[tuple[str, ...]] = (
    "text_encoder",
    "tokens",
    "ngrams",
    "char_ngrams",
    "punctuation",
    "naive_bayes",
    "max_bytes",
    "max_features",
    "word_vectors",
)
PREPARED: Final = (
    "float32 [b, max_tokens, width], a learned vector a token, zeros behind; its mask is bool [b, max_tokens]"
)
NAMES_FILES: Final = False
VERSIONS: Final = (1, 2)


@dataclass(frozen=True)
class TextSpec:
    """How a text column is read; saved in schema.json.

    mode: what a token is (`mixed`, `word`, `character` or `byte`); orders: 2 for tokens and pairs, 1 for tokens alone;
    weighting: `tfidf` or `mean`; char_ngrams: characters of the longest character n-gram, 0 for none; limits as in the
    Config. version: of the rule of tokens and of the graph, 1 in the runs that do not name it; punctuation: are marks
    and symbols tokens (in version 2)?
    """

    mode: str = "mixed"
    orders: int = 2
    weighting: str = "tfidf"
    max_bytes: int = 4096
    max_tokens: int = 4096  # as many as bytes, so that `max_bytes` alone limits a text
    max_features: int = 200_000
    min_rows: int = 2
    unknown_buckets: int = 0
    char_ngrams: int = 0
    version: int = 1
    punctuation: bool = True

    @property
    def kinds(self) -> int:
        """The number of kinds of features: tokens, pairs, character n-grams of each length from 2."""
        return self.orders + max(0, self.char_ngrams - 1)

    def __post_init__(self) -> None:
        if self.version not in VERSIONS:
            raise ValueError(f"version {self.version} of the tokens: expected 1 or 2; a newer mmkeras wrote this")
        if self.char_ngrams and self.max_tokens < self.max_bytes:
            raise ValueError(f"max_tokens {self.max_tokens}: with char_ngrams at least max_bytes is expected")
        if self.unknown_buckets & (self.unknown_buckets - 1):
            raise ValueError(f"unknown_buckets {self.unknown_buckets}: expected 0 or a power of two")
        if self.unknown_buckets and self.weighting == "tfidf":
            raise ValueError("unknown_buckets: unknown words have no document frequency for weighting 'tfidf'")


def describe(graph_input: Input) -> str:
    """The raw input in words."""
    if "tokenizer" in graph_input.metadata:
        return f"ids of the tokenizer {graph_input.metadata['tokenizer']}"
    return f"UTF-8, at most {graph_input.max_bytes} bytes; longer is cut before a byte that continues a character"


def served_name(name: str) -> str:
    """The name of the input in serving_default."""
    return name


def as_served(value: bytes | np.ndarray | None, input_spec: InputSpec) -> tuple[Any, Any]:
    """A text as a client of TF Serving sends it, "" for a missing text, or ids of an external tokenizer; its value."""
    return (b"" if value is None and "padding" not in input_spec else value), value


def stack_served(sent: Sequence[Any], input_spec: InputSpec) -> np.ndarray:
    """Strings [b]; or int32 ids [b, n_tokens]."""
    return stack(sent, input_spec) if "padding" in input_spec else np.array(sent, object)
