"""Texts of every length around a limit, and what each format answers to them as a client calls it, uncut."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import export_graph, shaken

from mmkeras.runtime.feeds import to_arrays, trim
from mmkeras.verification.lengths import any_length, as_a_client_cuts

FILLER = "the cat sat on the mat; 中文和英文 don't stop 😀 Müller ".encode()
Call = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
Rows = Sequence[Mapping[str, Any]]  # input -> bytes, or token ids


def texts_around(limit: int) -> list[bytes]:
    """Nothing, a byte, the limit and a byte less and more, longer ones; every character across it; and no UTF-8."""
    long = FILLER * (5 * limit // len(FILLER) + 1)
    texts = [long[:n] for n in (0, 1, limit - 1, limit, limit + 1, limit + limit // 4, 5 * limit)]
    for char in (char.encode() for char in "é中😀"):
        texts += [long[: limit - k].ljust(limit, b"z")[: limit - k] + char + long for k in range(1, len(char))]
    raw = np.random.default_rng(0).integers(1, 256, 2 * limit, "uint8").tobytes()
    texts += [
        b"\x80" * (limit + 9),
        b"a" * (limit - 2) + b"\x80" * 9,
        b"a" * (limit - 1) + b"\xe4\xb8",
        raw,
        b"\xe9t\xe9 ",
    ]
    return texts


def mixed_rows(limits: Mapping[str, int]) -> list[dict[str, bytes]]:
    """A row of each text, another one in each column. limits: column -> its bytes."""
    by_column = {name: texts_around(limit) for name, limit in limits.items()}
    n = max(map(len, by_column.values()))
    return [{name: t[(k + 3 * c) % len(t)] for c, (name, t) in enumerate(by_column.items())} for k in range(n)]


def graph_of(columns: dict[str, Any], **flags: Any) -> Any:
    """The Graph of a model of these columns, with random weights. flags: those of `mmkeras train`."""
    import keras

    from mmkeras.config.config import Config
    from mmkeras.data.columns.column import Column
    from mmkeras.data.targets.targets import Targets
    from mmkeras.models.core import build_core
    from mmkeras.tasks.prediction.graph import predict_graph
    from mmkeras.training.python_flags import config_of

    keras.utils.set_random_seed(0)
    core = build_core(columns, 3, config_of({"csv": "t.csv", **flags}, Config), exporting=True)
    shaken(core.model, 0.1)  # sums over thousands of tokens keep their digits
    targets = Targets("classify", ("topic",), ("business", "politics", "体育"), (), ())
    table = {name: Column(f"column {name}", column.input("").kind, "input") for name, column in columns.items()}
    return predict_graph(core, columns, table, targets, {})


def export_quickly(graph: Any, folder: Path) -> dict[str, Any]:
    """A Runner of each format; LiteRT has two fixed lengths, since each takes a second to convert."""
    from mmkeras.exporting.formats import tflite

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tflite, "LENGTHS", (64,))
        patch.setattr(tflite, "FEWER", (64,))
        return export_graph(graph, folder)


def free_lengths(runners: Mapping[str, Any]) -> dict[str, Call]:
    """Format -> the signature of any length, as the runtime itself calls it: nothing is cut before."""
    return {name: runners[name].uncut for name in ("savedmodel", "tflite", "onnx")}


def arrays_of(graph: Any, rows: Rows, cut: bool) -> dict[str, np.ndarray]:
    """The graph's arrays, cut as a Python client cuts them or whole. Where all rows are empty, whole ones have 0 bytes."""
    inputs = graph.signature()["inputs"]
    values = {name: [row[name] for row in rows] for name in rows[0]}
    arrays = to_arrays(as_a_client_cuts(values, inputs) if cut else values, inputs, range(len(rows)))
    for name in [i["name"] for i in any_length(inputs)]:
        if not cut and not any(len(value) for value in values[name]):
            arrays[name] = arrays[name][:, :0]
    return arrays


def assert_same(outputs: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], what: str) -> None:
    """The same ids, and probabilities to 1e-5."""
    for name, values in expected.items():
        got, values = np.asarray(outputs[name]), np.asarray(values)
        if name.endswith("_ids"):
            for k, (row, wanted) in enumerate(zip(got, values, strict=True)):
                assert np.array_equal(trim(row), trim(wanted)), f"{what}: {name}, row {k}"
        else:
            np.testing.assert_allclose(got, values, rtol=0, atol=1e-5, err_msg=f"{what}: {name}")


def assert_any_length(graph: Any, runners: Mapping[str, Any], rows: Rows, single: Sequence[int] = ()) -> None:
    """Whole texts in every format, all at once and one by one -> the Keras model's answers to what a client cuts.

    single: the rows that are sent one by one; all where it is empty.
    """
    from mmkeras.models.traced import as_function

    trained = as_function(graph.model)
    expected = trained(arrays_of(graph, rows, cut=True))
    whole = arrays_of(graph, rows, cut=False)
    assert_same(trained(whole), expected, "keras")
    one_by_one = [rows[k] for k in single or range(len(rows))]
    alone = [trained(arrays_of(graph, [row], cut=True)) for row in one_by_one]
    for name, call in free_lengths(runners).items():
        assert_same(call(whole), expected, f"{name}, all")
        assert_same(runners[name](whole), expected, f"{name}, the Runner")
        for k, (row, wanted) in enumerate(zip(one_by_one, alone, strict=True)):
            arrays = arrays_of(graph, [row], cut=False)
            assert_same(call(arrays), wanted, f"{name}, {k} alone")
            assert_same(runners[name](arrays), wanted, f"{name}, the Runner, {k} alone")
        nothing = runners[name]({key: value[:0] for key, value in whole.items()})
        assert nothing["probabilities"].shape == (0, 3)
        assert nothing["probabilities"].dtype == np.float32
