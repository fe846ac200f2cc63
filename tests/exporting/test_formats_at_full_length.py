"""One Graph in every format, at the longest text: all golden texts, each character of the BMP, each fixed length."""

from __future__ import annotations

import numpy as np
import pytest
import reference_tokenizer as reference
from parity import Exported, assert_alike, rows_for

from mmkeras.exporting.formats.tflite import lengths_for

GOLDEN = [text.encode() for text, _ in reference.golden()]


@pytest.mark.slow
@pytest.mark.skipif(not GOLDEN, reason=f"{reference.GOLDEN} is not there")
@pytest.mark.parametrize("batch", [1, 64])
def test_all_golden_texts(full: Exported, batch: int) -> None:
    assert len(GOLDEN) == reference.GOLDEN_TEXTS
    order = np.random.default_rng(0).permutation(len(GOLDEN))
    rows = [{"text": GOLDEN[i]} for i in order]
    ids = np.concatenate([full.expected_ids("text", row["text"]).ravel() for row in rows])
    assert (ids > 0).mean() > 0.9  # nearly all have a row of their own: 0 is what stands before the first token
    assert_alike(full, rows, batch)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 16])
def test_hostile_texts_at_full_length(full: Exported, batch: int) -> None:
    assert_alike(full, rows_for(full, reference.HOSTILE_TEXTS), batch)
    assert_alike(full, rows_for(full, reference.HOSTILE_TEXTS[-1:]), 1)


@pytest.mark.slow
def test_every_character_of_the_bmp(full: Exported) -> None:
    assert_alike(full, [{"text": text} for text in reference.bmp_texts()], 32)


@pytest.mark.slow
def test_every_fixed_length(full: Exported) -> None:
    """LiteRT has a signature for each: at its ends, and one byte beyond."""
    text = b" ".join(text[:300] for text in reference.HOSTILE_TEXTS) * 2
    lengths = lengths_for(full.graph)
    assert lengths[-1] == 4096 <= len(text)
    assert_alike(
        full, [{"text": text[:n]} for length in lengths for n in (length - 1, length, length + 1) if n <= 4096], 1
    )


@pytest.mark.slow
def test_texts_of_many_tokens(full: Exported) -> None:
    """A token every second byte: `max_bytes` is the only limit."""
    letters = (b"the a of and in to " * 300)[:4096]
    assert len(reference.tokens(b"a " * 2048)) == 2048
    assert full.expected_ids("text", b"a " * 2048).shape == (2, 2048)
    rows = [{"text": text} for text in (letters, b"a " * 2048, letters[::-1])]
    assert_alike(full, rows, 1)
    assert_alike(full, rows, 3)
