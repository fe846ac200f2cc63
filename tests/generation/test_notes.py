"""Notes on texts that are unknown or cut."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_ids_of_unknown_words_are_those_that_a_client_takes_for_them() -> None:
    from mmkeras.generation.notes import UNKNOWN_IDS
    from mmkeras.models.multimodal import UNKNOWN_BUCKETS

    assert UNKNOWN_IDS == UNKNOWN_BUCKETS
