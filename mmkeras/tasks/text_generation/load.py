"""A finished run that writes texts -> its graphs."""

from __future__ import annotations

import json
from typing import Any

from mmkeras.data.target_tokenizer import Pieces
from mmkeras.graph import Graph
from mmkeras.modalities.adapt import load_columns, reading
from mmkeras.runs.run import Run
from mmkeras.system.tensorflow import import_tensorflow


def load_graphs(run: Run) -> tuple[dict[str, Graph], Pieces]:
    """Rebuild the run's graphs from its JSON, its state and its weights."""
    import_tensorflow()
    pieces = Pieces.load(run.folder / "state")
    with reading(run.folder / "environment.json"):
        made = json.loads((run.folder / "environment.json").read_text(encoding="utf-8"))
    facts = {"task": run.schema["task"], "target": run.schema["target"]}
    facts |= {"versions": made["versions"], "seed": made["seed"]}
    graphs = (
        language_graphs(run, pieces, facts) if facts["task"] == "language_model" else text_graphs(run, pieces, facts)
    )
    return {graph.name: graph for graph in graphs}, pieces


def text_graphs(run: Run, pieces: Pieces, facts: dict[str, Any]) -> list[Graph]:
    """`encode` and `decode_step` of the task `generate`."""
    from mmkeras.models.seq2seq import build_writer
    from mmkeras.tasks.text_generation.graphs import encode_graph, step_graph

    columns = load_columns(run.inputs, run.folder)
    writer = build_writer(columns, len(pieces), run.config, exporting=True)
    with reading(run.folder / "model.keras"):
        writer.model.load_weights(run.folder / "model.keras")
    names = {entry["name"]: entry["column"] for entry in run.inputs}
    facts = {**facts, "max_target": run.config.generation.max_target}
    return [
        encode_graph(writer, columns, names, facts),
        step_graph(writer.decoder, writer.memory_length, facts),
    ]


def language_graphs(run: Run, pieces: Pieces, facts: dict[str, Any]) -> list[Graph]:
    """`decode_step` and `score` of a language model."""
    from mmkeras.models.language_model import build_core
    from mmkeras.tasks.text_generation.recurrent_graphs import graphs_of

    core, _, model = build_core(run.config, len(pieces))
    with reading(run.folder / "model.keras"):
        core.load_weights(run.folder / "model.keras")
    return graphs_of(model, {**facts, "max_target": run.config.generation.max_target})
