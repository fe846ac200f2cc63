"""The Graph `predict` of every task that predicts numbers for a row: raw inputs -> probabilities or values."""

from __future__ import annotations

import importlib
from typing import Any

import keras
from keras import layers, ops

from mmkeras.data.columns.column import Column
from mmkeras.data.targets.targets import Targets
from mmkeras.graph import Graph
from mmkeras.modalities import Modality
from mmkeras.models.core import Core
from mmkeras.models.quantised import row_lengths
from mmkeras.system.keras_file import CORE
from mmkeras.tasks import TASKS
from mmkeras.tasks.graph_inputs import graph_inputs


def predict_graph(
    core: Core, columns: dict[str, Modality], table: dict[str, Column], targets: Targets, metadata: dict[str, Any]
) -> Graph:
    """Raw inputs and presence of each column -> the answer, each column's part of the logits, token ids.

    names: input -> its CSV column; metadata: versions and seed, for the signature.
    """
    task = importlib.import_module(TASKS[targets.task])
    front = graph_inputs(columns, table, core.takes_presence)
    outputs, described = answers(core, task, {key: front.features[key] for key in core.model.input}, targets)
    model = keras.Model(front.raw, outputs | front.ids, name="predict")
    metadata = {"task": targets.task, "target": targets.names[0], "targets": targets.to_json(), **metadata}
    described += front.described_ids()
    lengths = row_lengths(columns)
    return Graph("predict", model, tuple(front.inputs), tuple(described), targets.labels, metadata, lengths)


def raw_model(core: Core, columns: dict[str, Modality], table: dict[str, Column], targets: Targets) -> keras.Model:
    """Raw inputs and presence of each column, by name -> the answer alone: the Keras model that a run keeps.

    Its layer `core` is the core, features -> logits.
    """
    task = importlib.import_module(TASKS[targets.task])
    front = graph_inputs(columns, table, core.takes_presence)
    # a model of its own: the core is compiled, and its optimiser would be saved with it
    inner = keras.Model(core.model.input, core.model.output, name=CORE)
    answer = task.answer(inner({key: front.features[key] for key in core.model.input}), targets)
    return keras.Model(front.raw, layers.Identity(name=task.ANSWER)(answer), name="predict")  # a name for the answer


def answers(core: Core, task: Any, features: dict[str, Any], targets: Targets) -> tuple[dict[str, Any], list[Any]]:
    """The answer; and if the fusion has parts, each column's part of the logits, or its own logits."""
    shape = ["batch", targets.outputs]
    of = {"of": "labels"} if targets.labels else {"of": list(targets.names)}
    described: list[dict[str, Any]] = [{"name": task.ANSWER, "dtype": "float32", "shape": shape, **of}]
    if not core.parts:
        return {task.ANSWER: task.answer(core.model(features), targets)}, described
    temperature = core.model.get_layer("temperature")
    parts = temperature(ops.stack(list(core.parts.values()), axis=1))  # [b, M, outputs]
    core_and_parts = keras.Model(core.model.input, {"logits": core.model.output, "parts": parts}, name="core_and_parts")
    outputs = core_and_parts(features)
    described.append(
        {
            "name": "contributions",
            "dtype": "float32",
            "shape": ["batch", len(core.parts), targets.outputs],
            "of": list(core.parts),
            "meaning": "logits: each column's part of the sum, or what it says by itself (decision); naive Bayes too",
        }
    )
    return {task.ANSWER: task.answer(outputs["logits"], targets), "contributions": outputs["parts"]}, described
