"""Rows of other lengths than the held-out ones, of which an artefact must answer each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmkeras.modalities.text.cells import truncate
from mmkeras.verification.clean_process.lengths import check_lengths
from mmkeras.verification.lengths import EMPTY, HELD_OUT, ROWS, as_a_client_cuts, rows_of_other_lengths
from mmkeras.verification.predictions import length_mismatches
from mmkeras.verification.samples import Samples
from mmkeras.verification.tolerances import TOLERANCES

TEXT = {"name": "a", "kind": "text", "max_bytes": 48, "any_length": "…"}
IDS = {"name": "t", "kind": "text", "max_tokens": 6, "padding": -1, "end": 2, "any_length": "…"}
NUMBER = {"name": "n", "kind": "number"}
CELLS = [b"a red cat", "中文".encode(), b"", "é😀 x".encode()]
TOKENS = [np.array([0, 5, 2], "int32"), None, np.array([0, 6, 7, 2], "int32"), np.array([0, 2], "int32")]
SIGNATURE = {"inputs": [TEXT], "outputs": [{"name": "probabilities"}], "task": "classify"}


def test_texts_of_every_length_in_one_batch() -> None:
    rows = rows_of_other_lengths({"a": CELLS, "n": [1.0, 2.0, None, 4.0]}, [TEXT, NUMBER], 4)
    assert {len(column) for column in rows.values()} == {ROWS}
    lengths = [len(text) for text in rows["a"]]
    assert min(lengths[:EMPTY]) > 48
    assert lengths[EMPTY : EMPTY + 4] == [0, 47, 48, 49]
    assert set(rows["a"][-HELD_OUT:]) <= set(CELLS)
    assert set(rows["n"]) <= {1.0, 2.0, None, 4.0}
    cut = as_a_client_cuts(rows, [TEXT, NUMBER])
    assert cut["a"] == [truncate(text, 48) for text in rows["a"]]
    assert cut["n"] == rows["n"]


def test_ids_of_an_external_tokenizer() -> None:
    """The id that ends a text takes the last place, as the tokenizer itself cuts."""
    rows = rows_of_other_lengths({"t": TOKENS}, [IDS], 4)["t"]
    assert len(rows) == ROWS
    assert [len(ids) for ids in rows[EMPTY : EMPTY + 4]] == [0, 5, 6, 7]
    cut = as_a_client_cuts({"t": rows}, [IDS])["t"]
    for before, after in zip(rows, cut, strict=True):
        if before is None or len(before) <= 6:
            assert after is before
        else:
            assert after.tolist() == [*before[:5].tolist(), 2]
            assert after.dtype == np.int32


def test_no_rows_where_lengths_are_fixed() -> None:
    assert rows_of_other_lengths({"n": [1.0]}, [NUMBER], 1) == {}
    assert rows_of_other_lengths({"a": []}, [TEXT], 0) == {}


class Runner:
    """A model whose answer is the sum of the bytes. limit: where the artefact cuts a text by itself; None: nowhere."""

    def __init__(self, limit: int | None) -> None:
        self.signature, self.limit = SIGNATURE, limit

    def __call__(self, inputs: Any, names: Any = None) -> dict[str, np.ndarray]:
        share = (inputs["a"].astype("float32").sum(1) % 251 + 1) / 260
        return {"probabilities": np.stack([share, 1 - share], axis=1).astype("float32")}

    def uncut(self, inputs: Any) -> dict[str, np.ndarray]:
        if self.limit is None and inputs["a"].shape[1] > 48:
            raise IndexError("out of bounds")
        cells = [truncate(row.tobytes().rstrip(b"\0"), self.limit or 48) for row in inputs["a"]]
        padded = [cell.ljust(60, b"\0") for cell in cells]
        return self({"a": np.frombuffer(b"".join(padded), "uint8").reshape(-1, 60)})


def others() -> Samples:
    rows = rows_of_other_lengths({"a": CELLS}, [TEXT], 4)
    right = Runner(48)
    cut = as_a_client_cuts(rows, [TEXT])["a"]
    answers = np.concatenate([right({"a": np.frombuffer(c or b"\0", "uint8")[None]})["probabilities"] for c in cut])
    return Samples(rows, np.zeros(ROWS, int), answers, {})


@pytest.mark.parametrize(
    ("limit", "found"), [(48, []), (47, ["probabilities differ"]), (52, ["probabilities differ"]), (None, ["cannot"])]
)
def test_another_cut_is_a_breach(limit: int | None, found: list[str]) -> None:
    figures = check_lengths(Runner(limit), others())  # type: ignore[arg-type]
    assert figures["rows"] == ROWS
    breaches = length_mismatches(figures, SIGNATURE, "probabilities", TOLERANCES["float32"])
    assert bool(breaches) is bool(found)
    assert all(breach.startswith("on rows of other lengths: ") for breach in breaches)
    assert all(any(part in breach for breach in breaches) for part in found)


def test_rows_that_are_not_there_are_a_breach() -> None:
    (breach,) = length_mismatches(None, SIGNATURE, "probabilities", TOLERANCES["float32"])
    assert "there are no rows of other lengths" in breach
    old = {"inputs": [{key: value for key, value in TEXT.items() if key != "any_length"}]}
    assert length_mismatches(None, old, "probabilities", TOLERANCES["float32"]) == []
