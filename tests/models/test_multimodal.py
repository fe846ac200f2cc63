"""The multimodal model: columns of every kind in each fusion, for each task; its schedule of the rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_columns import RULE, adapted_columns, values

from mmkeras.config.config import Config
from mmkeras.config.fusions import FUSIONS
from mmkeras.data.columns.column import Column
from mmkeras.data.targets.targets import Targets
from mmkeras.runtime import feeds as raw

TARGETS = {
    "classify": Targets("classify", ("label",), ("a", "b", "c"), (), ()),
    "multilabel": Targets("multilabel", ("tags",), ("a", "b", "c", "d"), (), ()),
    "regress": Targets("regress", ("weight", "width"), (), (5.0, -300.0), (2.0, 40.0)),
}


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    return adapted_columns()


def graph_of(columns: dict[str, Any], fusion: str, task: str) -> tuple[Any, Any]:
    """A core with random weights, shaken so that wrong answers are far from right ones; and its Graph."""
    import keras
    from parity import shaken

    from mmkeras.models.core import build_core
    from mmkeras.tasks.prediction.graph import predict_graph

    keras.utils.set_random_seed(1)
    config = Config.of(model="multimodal", fusion=fusion, task=task, width=16, depth=1)  # type: ignore[arg-type]
    core = build_core(columns, TARGETS[task].outputs, config)
    shaken(core.model, 0.1)
    core.model.get_layer("temperature").inverse.assign(0.5)
    table = {name: Column(f"the {name}", "text", "input") for name in columns}
    return core, predict_graph(core, columns, table, TARGETS[task], {})


def ask(graph: Any, rows: dict[str, list[Any]], hidden: Sequence[str] = ()) -> dict[str, np.ndarray]:
    inputs = graph.signature()["inputs"]
    outputs = graph.model(raw.to_arrays(rows, inputs, range(4), hidden), training=False)
    return {name: np.asarray(value) for name, value in outputs.items()}


@pytest.mark.parametrize("task", TARGETS)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_each_fusion_answers_each_task(fusion: str, task: str, columns: dict[str, Any]) -> None:
    """With all cells, and with missing cells, whose content does not matter."""
    inputs = {name: columns[name] for name in ("note", "photo", "price")}
    core, graph = graph_of(inputs, fusion, task)
    assert core.takes_presence
    assert {f"{name}_present" for name in inputs} <= set(core.model.input)
    assert list(core.parts) == (list(inputs) if fusion in ("sum", "decision") else [])
    rows, others = values(seed=0), values(seed=7)
    answers = {hidden: ask(graph, rows, hidden)[graph.answer] for hidden in ((), ("photo",), ("note", "price"))}
    for hidden, answer in answers.items():
        assert answer.shape == (4, TARGETS[task].outputs)
        assert answer.dtype == np.float32
        assert np.isfinite(answer).all()
        mixed = {name: others[name] if name in hidden else rows[name] for name in rows}
        np.testing.assert_array_equal(ask(graph, mixed, hidden)[graph.answer], answer)
        if task == "classify":
            np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-6)
        elif task == "multilabel":
            assert ((answer > 0) & (answer < 1)).all()
    assert np.abs(answers[()] - answers[("photo",)]).max() > 1e-3, "a missing picture is another answer"
    assert np.abs(answers[()] - ask(graph, others)[graph.answer]).max() > 1e-3


def logits_of(answer: np.ndarray, task: str) -> np.ndarray:
    """The logits of probabilities, for classes up to a constant; the standardised numbers of numbers."""
    if task == "regress":
        return (answer - TARGETS[task].mean) / TARGETS[task].deviation
    logits = np.log(answer) - (np.log1p(-answer) if task == "multilabel" else 0)
    return logits - logits.mean(axis=1, keepdims=True) if task == "classify" else logits


@pytest.mark.parametrize("task", TARGETS)
def test_the_contributions_add_up_to_the_logits(task: str, columns: dict[str, Any]) -> None:
    """Fusion by sum: contributions are an output beside the answer, the temperature in them."""
    inputs = {name: columns[name] for name in ("note", "price", "brand")}
    _, graph = graph_of(inputs, "sum", task)
    assert [output["name"] for output in graph.outputs][:2] == [graph.answer, "contributions"]
    assert graph.outputs[1]["of"] == list(inputs)
    outputs = ask(graph, values())
    total = outputs["contributions"].sum(axis=1)  # [4, 3, outputs] -> [4, outputs]
    if task == "classify":
        total -= total.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(logits_of(outputs[graph.answer], task), total, rtol=1e-4, atol=1e-4)


def test_all_kinds_in_one_graph(columns: dict[str, Any]) -> None:
    _, graph = graph_of(columns, "attention", "classify")
    signature = graph.signature()
    shapes = {spec["name"]: spec["shape"][1:] for spec in raw.columns_of(signature["inputs"])}
    assert shapes == {
        "note": ["n_bytes"],
        "photo": ["height", "width", 3],
        "clip": [RULE.n_samples],
        "price": [1],
        "brand": ["n_bytes"],
    }
    outputs = ask(graph, values())
    assert set(outputs) == {"probabilities", "note_ids", "brand_ids"} == {o["name"] for o in graph.outputs}
    assert outputs["brand_ids"][:, 0, 0].tolist() == [2, 3, 1, 2], "x, y, an unknown value, x"
    silent = {**values(), "clip": [np.zeros(0, "float32")] * 4, "note": [b""] * 4, "price": [None] * 4}
    assert np.isfinite(ask(graph, silent)["probabilities"]).all()


def test_columns_named_like_the_fusions_layers(columns: dict[str, Any]) -> None:
    """Any name may be a column's: layers of the fusions and of the encoders do not meet."""
    names = ("fusion", "modality", "price", "head", "vote", "block")
    odd = [replace(columns["price"], name=name) for name in names]
    for fusion in FUSIONS:
        core, _ = graph_of({column.name: column for column in odd}, fusion, "classify")
        assert core.model.count_params()


def test_the_rate_rises_and_falls_to_nothing() -> None:
    from mmkeras.models.optimizers import WARM_UP, WarmUpCosine

    schedule = WarmUpCosine(0.01, 100)
    rates = np.array([float(schedule(step)) for step in range(101)])
    top = int(WARM_UP * 100)
    np.testing.assert_allclose(rates[:top], 0.01 * (np.arange(top) + 1) / top, rtol=1e-6)
    expected = 0.01 * 0.5 * (1 + np.cos(np.pi * np.arange(100 - top + 1) / (100 - top)))
    np.testing.assert_allclose(rates[top:], expected, rtol=1e-4, atol=1e-8)
    assert rates.max() == pytest.approx(0.01)
    assert float(WarmUpCosine(0.01, 1)(0)) == pytest.approx(0.01), "a training of one step learns something"
    assert WarmUpCosine(**schedule.get_config())(7) == schedule(7)
