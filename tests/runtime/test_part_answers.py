"""Rows on all cores: batches of like length, parts in the order of the table, few of them ahead. The runtime is made up."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmkeras.data.columns.column import Column
from mmkeras.data.table import Table
from mmkeras.errors import InputError
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runtime.batches import batches, rounded
from mmkeras.runtime.part_answers import Answering

TEXT = {"name": "text", "column": "text", "kind": "text", "dtype": "uint8", "shape": [None, None], "max_bytes": 100}


class Lengths:
    """A runner that answers with the bytes of each text, slowly where they are many. It notes shapes and threads."""

    def __init__(self, shared: dict[str, set[Any]] | None = None) -> None:
        self.signature: dict[str, Any] = {"inputs": [TEXT], "outputs": [{"name": "n"}]}
        self.noted = shared if shared is not None else {"shapes": set(), "threads": set(), "runners": set()}
        self.busy = threading.Lock()

    def again(self) -> Lengths:
        return Lengths(self.noted)

    def __call__(self, inputs: Any, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        assert self.busy.acquire(blocking=False), "a runner answers one call at a time"
        try:
            data = inputs["text"]
            self.noted["shapes"].add(data.shape)
            self.noted["threads"].add(threading.get_ident())
            self.noted["runners"].add(id(self))
            time.sleep(0.002 if data.shape[1] > 50 else 0.0)
            n = (data > 0).sum(axis=1, keepdims=True).astype("float32")
            return {"n": np.where(n == 99, np.nan, n)}
        finally:
            self.busy.release()


def table(start: int, lengths: Sequence[int]) -> Table:
    frame = pd.DataFrame({"text": ["x" * n for n in lengths]}, dtype=object)
    lines = np.arange(start + 2, start + 2 + len(lengths))
    return Table("t.csv", "utf-8", ",", (Column("text", "text", "input"),), frame, lines, ())


def answering(runner: Lengths) -> Answering:
    return Answering(runner, Path("m.tflite"), [TEXT], MediaRoot("."))


@pytest.mark.parametrize("threads", [1, 3])
def test_the_order_is_kept(threads: int) -> None:
    lengths = [(7 * k) % 83 for k in range(200)]
    pulled: list[int] = []

    def parts() -> Iterator[Table]:
        for start in range(0, 200, 20):
            pulled.append(start)
            yield table(start, lengths[start : start + 20])

    runner = Lengths()
    answers: list[int] = []
    for part in answering(runner).answers(parts(), threads):
        answers += part.predictions[:, 0].astype(int).tolist()
        assert len(pulled) <= len(answers) // 20 + threads, "a few parts ahead, not all"
    assert answers == lengths
    assert len(runner.noted["threads"]) <= threads
    assert len(runner.noted["runners"]) <= threads


def test_a_prediction_that_is_no_number_names_its_row() -> None:
    parts = [table(0, [1, 2, 3]), table(3, [4, 99, 5])]
    with pytest.raises(InputError, match=r"m\.tflite, row 5: the model's answer is NaN"):
        list(answering(Lengths()).answers(parts, 2))


def test_closing_leaves_no_thread() -> None:
    answers = answering(Lengths()).answers((table(k, [5]) for k in range(100)), 2)
    next(answers)
    answers.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("answering")]


def test_batches_have_few_shapes_and_every_row_once() -> None:
    random = np.random.default_rng(0)
    values = {"text": [b"y" * int(n) for n in random.integers(0, 100, 1000)]}
    shapes, rows = set(), list[int]()
    for index, arrays in batches(values, [TEXT], 1000, 2048):
        shapes.add(arrays["text"].shape)
        rows += index.tolist()
        assert arrays["text"].size <= 2 * 2048
        texts = [bytes(row).rstrip(b"\0") for row in arrays["text"]]
        assert texts == [values["text"][i] for i in index]
    assert sorted(rows) == list(range(1000))
    assert len(shapes) < 40
    assert max(width for _, width in shapes) == 100, "never above the limit"


def test_lengths_that_texts_are_padded_to() -> None:
    assert [rounded(n) for n in (0, 1, 16, 17, 63, 64, 65, 4096, 4097)] == [16, 16, 16, 18, 64, 64, 72, 4096, 4608]
    assert all(n <= rounded(n) <= max(16, n * 1.25) for n in range(1, 5000))
