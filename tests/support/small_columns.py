"""A column of each kind, adapted, and raw values of its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import small_mixtures as mixtures
from parity import make_state

from mmkeras.modalities.audio.spec import audio_spec
from mmkeras.modalities.image.spec import ImageSpec

RULE = audio_spec(mixtures.RATE, 0.3, mels=16)


def adapted_columns() -> dict[str, Any]:
    """One adapted column of each kind."""
    from mmkeras.modalities.audio.column import AudioColumn
    from mmkeras.modalities.category.column import CategoryColumn
    from mmkeras.modalities.category.layers import adapt_values
    from mmkeras.modalities.image.column import ImageColumn
    from mmkeras.modalities.number.column import NumberColumn
    from mmkeras.modalities.number.spec import NumberState
    from mmkeras.modalities.text.column import TextColumn

    state = make_state([b"a high thing", b"a low thing"], max_bytes=96, weighting="tfidf")
    return {
        "note": TextColumn("note", state),
        "photo": ImageColumn("photo", ImageSpec(16), (), 0),
        "clip": AudioColumn("clip", RULE, 0.0),
        "price": NumberColumn("price", NumberState(10.0, 4.0, 9.0)),
        "brand": CategoryColumn("brand", *adapt_values(["x", "x", "y"], 1)),
    }


def values(count: int = 4, seed: int = 0) -> dict[str, list[Any]]:
    """Raw values of `count` rows without missing cells; pictures of several sizes."""
    rng = np.random.default_rng(seed)
    return {
        "note": [f"a {'high' if k % 2 else 'low'} thing".encode() for k in range(count)],
        "photo": [rng.integers(0, 256, (12 + k, 20, 3), "uint8") for k in range(count)],
        "clip": [rng.normal(0, 0.1, 900 + k).astype("float32") for k in range(count)],
        "price": [float(k + seed) for k in range(count)],
        "brand": [(b"x", b"y", b"other")[k % 3] for k in range(count)],
    }
