"""The held-out rows that travel with an export."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import small_mixtures as mixtures
from made_up_samples import made_up_samples

from mmkeras.verification.samples import Samples, load_samples, save_samples


def test_samples_of_all_kinds_survive_their_file(tmp_path: Path) -> None:
    photo = mixtures.file_of(mixtures.picture(3, "low"), "PNG")
    before = Samples(
        {
            "note": [b"a text", b"", "茶".encode()],
            "photo": [photo, None, photo],
            "clip": [None, np.arange(5, dtype="float32"), np.zeros(0, "float32")],
            "price": [1.0 / 3.0, None, -0.0],
            "nothing": [None, None, None],
        },
        np.array([[1.5, np.nan], [0, 1], [2, 2]]),
        np.arange(6, dtype="float32").reshape(3, 2),
        {"note_ids": [np.array([[1, 2]], "int32"), np.zeros((1, 0), "int32"), np.array([[7]], "int32")]},
        {"text": np.ones((2, 2), "float32"), "image+text": np.zeros((2, 2), "float32")},
        others=Samples({"note": [b"longer", b""]}, np.zeros(2, int), np.ones((2, 2), "float32"), {}),
    )
    save_samples(before, tmp_path / "s.npz")
    after = load_samples(tmp_path / "s.npz")
    for name in ("note", "photo", "price", "nothing"):
        assert after.inputs[name] == before.inputs[name]
    assert after.inputs["clip"][0] is None
    for samples, clip in zip(after.inputs["clip"][1:], before.inputs["clip"][1:], strict=True):
        assert samples.tobytes() == clip.tobytes()
        assert samples.dtype == np.float32
    np.testing.assert_array_equal(after.truth, before.truth)
    assert after.answers.tobytes() == before.answers.tobytes()
    assert [row.tolist() for row in after.ids["note_ids"]] == [[[1, 2]], [[]], [[7]]]
    assert list(after.subsets) == ["text", "image+text"]
    np.testing.assert_array_equal(after.subsets["text"], np.ones((2, 2)))
    assert after.others is not None
    assert after.others.inputs == {"note": [b"longer", b""]}
    assert (len(after.others), after.others.ids, after.others.subsets) == (2, {}, {})


# the comparison itself


def test_samples_survive_their_file(tmp_path: Path) -> None:
    before = made_up_samples()
    empty = Samples({**before.inputs, "b": [b"", *before.inputs["b"][1:]]}, before.truth, before.answers, before.ids)
    save_samples(empty, tmp_path / "s.npz")
    after = load_samples(tmp_path / "s.npz")
    assert after.inputs == empty.inputs
    np.testing.assert_array_equal(after.truth, empty.truth)
    assert after.answers.tobytes() == empty.answers.tobytes()
    for a, b in zip(after.ids["a_ids"], empty.ids["a_ids"], strict=True):
        np.testing.assert_array_equal(a, b)
