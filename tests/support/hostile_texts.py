"""Texts that hypothesis draws to break a tokenizer, and how many of them are tried."""

from __future__ import annotations

import reference_tokenizer as reference
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st


def texts_of_pieces() -> st.SearchStrategy[bytes]:
    """Texts that are likelier to break a tokenizer than random ones: parts of real texts, glued and damaged."""
    parts = [part for text in reference.HOSTILE_TEXTS for part in text[:300].split(b" ") if part][:400]
    glue = st.sampled_from(
        [b"", b"", b" ", b"'", b"\0", b"-", b"\xc2\xad", b"\x80", b"\xe4", "中".encode(), "\ufe0f".encode()]
    )
    glued = st.lists(st.tuples(st.sampled_from(parts), glue), max_size=8).map(
        lambda parts: b"".join(map(b"".join, parts))
    )
    return st.tuples(glued, st.integers(0, 3), st.integers(0, 3)).map(lambda x: x[0][x[1] : len(x[0]) - x[2]])


def fuzzed_texts() -> st.SearchStrategy[list[bytes]]:
    """Lists of texts, so that one call of the graph reads many."""
    anything = st.one_of(
        st.text(max_size=24).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.binary(max_size=24),
        st.text("aAé ' -中Ａ😀\u00ad\u0e01\u0301.", max_size=24).map(str.encode),
        texts_of_pieces(),
    )
    return st.lists(anything, min_size=40, max_size=60)


fuzz = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
