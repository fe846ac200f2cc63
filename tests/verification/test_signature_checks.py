"""Every signature that a client may call is run, on texts that show where it answers otherwise.

The model here is a few lines of NumPy whose answers depend on every byte, so no wrong cut and no lost byte can hide.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from mmkeras.modalities.text.cells import pad, truncate
from mmkeras.verification import predictions
from mmkeras.verification.clean_process.signatures import check_length, check_strings, same_words
from mmkeras.verification.lengths import HELD_OUT, ON_THE_CUT, ROWS, evenly_spaced, joined, long_texts
from mmkeras.verification.samples import Samples
from mmkeras.verification.tolerances import TOLERANCES

MAX_BYTES = {"a": 48, "b": 40}
LABELS = ["茶", "tech", "sport"]
SIGNATURE = {"inputs": [{"name": name, "max_bytes": n} for name, n in MAX_BYTES.items()], "labels": LABELS}

Arrays = Mapping[str, np.ndarray]


def signature_mismatches(figures: dict[str, Any]) -> list[str]:
    return predictions.signature_mismatches(figures, "probabilities", TOLERANCES["float32"])


def answer(texts: Mapping[str, bytes]) -> np.ndarray:
    digest = hashlib.sha256(repr(sorted(texts.items())).encode()).digest()
    numbers = np.frombuffer(digest[:12], "<u4").astype("float64") + 1
    return (numbers / numbers.sum()).astype("float32")


def model(inputs: Arrays) -> dict[str, np.ndarray]:
    """Bytes -> probabilities and, as ids, the bytes themselves."""
    rows = [{name: data[k].tobytes().rstrip(b"\0") for name, data in inputs.items()} for k in range(len(inputs["a"]))]
    ids = {f"{name}_ids": data.astype("int32")[:, None] for name, data in inputs.items()}
    return {"probabilities": np.array([answer(row) for row in rows]), **ids}


def made_samples() -> Samples:
    rng = np.random.default_rng(0)
    texts = {
        name: ["".join(rng.choice(list("aé中😀 x"), rng.integers(0, 9))).encode() for _ in range(25)]
        for name in MAX_BYTES
    }
    texts["b"][3], texts["a"][4] = b"", b""
    outputs = model({name: pad(column) for name, column in texts.items()})
    ids = {
        name: [row[:, : len(text)] for row, text in zip(outputs[name], texts[name[0]], strict=True)]
        for name in ("a_ids", "b_ids")
    }
    return Samples(texts, outputs["probabilities"].argmax(1), outputs["probabilities"], ids)


# strings


def serving(
    keep: Callable[[bytes, int], bytes] = truncate, labels: Sequence[str] = LABELS
) -> Callable[[Arrays], dict[str, np.ndarray]]:
    """A `serving_default` that cuts its strings by `keep`."""

    def serve(inputs: Arrays) -> dict[str, np.ndarray]:
        kept = {name: pad([keep(text, MAX_BYTES[name]) for text in texts]) for name, texts in inputs.items()}
        probabilities = model(kept)["probabilities"]
        words = [labels[k].encode() for k in probabilities.argmax(1)]
        return {"probabilities": probabilities, "prediction": np.array(words, object)}

    return serve


def found_in_strings(serve: Any) -> dict[str, Any]:
    return check_strings(model, made_samples(), SIGNATURE, serve)


def test_right_strings_pass() -> None:
    figures = found_in_strings(serving())
    assert figures == {"texts": 16 + ROWS - HELD_OUT, "largest_difference": 0.0, "labels_identical": True}
    assert signature_mismatches(figures) == []


CUTS: dict[str, Callable[[bytes, int], bytes]] = {
    "inside a character": lambda text, n: text[:n],
    "a byte early": lambda text, n: truncate(text, n - 1),
    "a byte late": lambda text, n: truncate(text, n + 1),
    "never": lambda text, n: text,
    "much too early": lambda text, n: truncate(text, 20),
}


@pytest.mark.parametrize("name", CUTS)
def test_another_cut_is_a_breach(name: str) -> None:
    assert any(
        b.startswith("probabilities differ by up to")
        for b in signature_mismatches(found_in_strings(serving(CUTS[name])))
    )


def test_other_words_for_the_same_answer_are_a_breach() -> None:
    figures = found_in_strings(serving(labels=LABELS[::-1]))
    assert figures["largest_difference"] == 0
    assert signature_mismatches(figures) == ["labels differ"]


@pytest.mark.parametrize("alone", [True, False])
def test_strings_are_given_one_by_one_and_together(alone: bool) -> None:
    right, wrong = serving(), serving(lambda text, n: text[:5])
    figures = found_in_strings(lambda inputs: (wrong if (len(inputs["a"]) == 1) == alone else right)(inputs))
    assert signature_mismatches(figures)


def test_texts_for_the_cut_lie_on_it() -> None:
    cells = made_samples().inputs["a"]
    texts = long_texts(cells, 48)
    assert all(len(text) > 48 for text in texts)
    split = {
        (text.decode()[len(truncate(text, 48).decode())], 48 - len(truncate(text, 48)))
        for text in texts[-len(ON_THE_CUT) :]
    }
    assert split == {("é", 1), ("中", 1), ("中", 2), ("😀", 1), ("😀", 2), ("😀", 3)}


def test_rows_that_are_all_empty_still_make_long_texts() -> None:
    assert all(len(text) > 48 for text in long_texts([b"", b""], 48))
    assert len(joined([b""], 0, 4096)) > 4096


# lengths


def found_in_length(call: Any, n_bytes: int | None, samples: Samples | None = None) -> dict[str, Any]:
    return check_length(model, samples or made_samples(), SIGNATURE, n_bytes, call)


@pytest.mark.parametrize("n_bytes", [None, 1, 16, 64, 4096])
def test_right_lengths_pass(n_bytes: int | None) -> None:
    shapes = []

    def call(inputs: Arrays) -> dict[str, np.ndarray]:
        shapes.extend(data.shape for data in inputs.values())
        return model(inputs)

    figures = found_in_length(call, n_bytes)
    assert signature_mismatches(figures) == []
    assert figures["largest_difference"] == 0
    assert figures["labels_identical"] is figures["ids_identical"] is True
    assert {rows for rows, _ in shapes} == {1}
    assert n_bytes is None or {n for _, n in shapes} == {n_bytes}


def test_a_length_that_no_row_fits_is_filled() -> None:
    samples = made_samples()
    texts = {name: [b"word " + text for text in column] for name, column in samples.inputs.items()}
    long = Samples(texts, samples.truth, samples.answers, samples.ids)
    assert found_in_length(model, 4, long)["texts"] == 2
    assert signature_mismatches(
        found_in_length(lambda inputs: model({n: d[:, :3] for n, d in inputs.items()}), 4, long)
    )


@pytest.mark.parametrize("n_bytes", [16, 48])
def test_a_lost_byte_at_the_end_of_a_length_is_a_breach(n_bytes: int) -> None:
    """Though no held-out row is as long."""
    figures = found_in_length(lambda inputs: model({name: data[:, :-5] for name, data in inputs.items()}), n_bytes)
    assert figures["ids_identical"] is False
    assert {b.split(" ")[0] for b in signature_mismatches(figures)} >= {"ids", "probabilities"}


def test_a_small_difference_and_other_ids_are_breaches() -> None:
    def shifted(inputs: Arrays) -> dict[str, np.ndarray]:
        outputs = model(inputs)
        return {**outputs, "probabilities": outputs["probabilities"] + np.float32(3e-5)}

    def renumbered(inputs: Arrays) -> dict[str, np.ndarray]:
        outputs = model(inputs)
        return {**outputs, "b_ids": outputs["b_ids"] * 2}

    (breach,) = signature_mismatches(found_in_length(shifted, 64))
    assert breach == "probabilities differ by up to 3.0e-05"
    assert signature_mismatches(found_in_length(renumbered, 64)) == ["ids differ"]


def test_what_is_no_number_is_a_breach() -> None:
    figures = found_in_length(lambda inputs: {**model(inputs), "probabilities": np.full((1, 3), np.nan, "float32")}, 64)
    assert "probabilities differ by up to inf" in signature_mismatches(figures)


def test_a_signature_that_cannot_be_run_is_a_breach() -> None:
    assert signature_mismatches({"error": "KeyError: 'x'"}) == ["it cannot be run (KeyError: 'x')"]


def test_spread() -> None:
    assert evenly_spaced(np.arange(10), 3).tolist() == [0, 4, 9]
    assert evenly_spaced(np.arange(2), 3).tolist() == [0, 1]
    assert evenly_spaced(np.arange(0), 3).tolist() == []


def test_words_of_a_tie_may_be_either() -> None:
    tied, apart = np.array([[0.4, 0.4, 0.2]], "float32"), np.array([[0.4001, 0.3999, 0.2]], "float32")
    assert same_words([b"b"], [b"a"], tied)
    assert not same_words([b"b"], [b"a"], apart)
    assert same_words([b"a"], [b"a"], apart)
