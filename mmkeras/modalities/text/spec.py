"""How a text column is read: the part of the Config that its layers need, saved in schema.json."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TextRule:
    """mode: what a token is; orders: 2 for tokens and pairs; weighting: `tfidf` or `mean`; char_ngrams: the longest run
    of characters that is a feature, 0 for none; limits as in the Config.
    """

    mode: str = "mixed"
    orders: int = 2
    weighting: str = "tfidf"
    max_bytes: int = 4096
    max_tokens: int = 4096  # as many as bytes: `max_bytes` alone says how much is read
    max_features: int = 200_000
    min_rows: int = 2
    unknown_buckets: int = 0
    char_ngrams: int = 0

    @property
    def kinds(self) -> int:
        """Tokens, pairs, runs of each length: how many parts of equal length the features of a text have."""
        return self.orders + max(0, self.char_ngrams - 1)

    def __post_init__(self) -> None:
        if self.char_ngrams and self.max_tokens < self.max_bytes:
            raise ValueError(f"max_tokens {self.max_tokens}: with char_ngrams at least max_bytes is expected")
        if self.unknown_buckets & (self.unknown_buckets - 1):
            raise ValueError(f"unknown_buckets {self.unknown_buckets}: expected 0 or a power of two")
        if self.unknown_buckets and self.weighting == "tfidf":
            raise ValueError("unknown_buckets: unknown words have no document frequency for weighting 'tfidf'")
