"""A smaller vocabulary, and the bags of it, which are those that the graph computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from parity import make_state

from mmkeras.features.ragged import Ragged
from mmkeras.modalities.text.column import TextColumn, compute_features
from mmkeras.modalities.text.features import TextState
from mmkeras.modalities.text.fewer_features import changes_of_idf, energies, fewer_features, fewer_in_bags

TEXTS = ["the tea is hot and the rice is good", "rice and soup", "phone", "", "a chip in the phone, the chip"] * 3


def bags_of(state: TextState, folder: Path) -> Ragged:
    """The bags of the texts, by the layers of the graph."""
    cells = {"train": TEXTS, "validation": []}
    return compute_features(TextColumn("text", state), cells, folder, print)["train"].ragged


def test_the_bags_of_fewer_features_are_those_of_the_graph(tmp_path: Path) -> None:
    state = make_state([text.encode() for text in TEXTS], max_bytes=96)
    whole = bags_of(state, tmp_path / "whole")
    used = energies(whole, state.n_rows)
    assert used[0] == 0
    assert (used >= 0).all()
    kept = np.argsort(-used)[: np.count_nonzero(used) // 2]
    smaller, old_rows = fewer_features(state, kept)
    assert set(old_rows[old_rows > 0]) <= set(kept)
    assert smaller.vocabulary.size == np.count_nonzero(old_rows)
    np.testing.assert_allclose(smaller.idf, np.where(old_rows > 0, state.idf[old_rows], 0), rtol=0.1)
    changes = changes_of_idf(state, smaller, old_rows)
    found = fewer_in_bags(whole, old_rows, changes, state.n_rows, tmp_path / "fewer")
    expected = bags_of(smaller, tmp_path / "smaller")
    assert len(found) == len(TEXTS)
    for k in range(len(TEXTS)):
        of_text = [
            dict(zip(*(c.tolist() for c in r.take(np.array([k])).columns), strict=True)) for r in (found, expected)
        ]
        assert of_text[0].keys() == of_text[1].keys()
        np.testing.assert_allclose(list(of_text[0].values()), [of_text[1][row] for row in of_text[0]], atol=1e-4)
