"""A finished run that writes texts -> its graphs, and what is deployed beside them."""

from __future__ import annotations

import json
from typing import Any

from mmkeras.data.target_tokenizer import TargetTokenizer
from mmkeras.graph import Answers, Graph
from mmkeras.modalities.adapt import load_columns, reading
from mmkeras.runs.run import Run
from mmkeras.system.tensorflow import import_tensorflow
from mmkeras.tasks.assets import Assets

ANSWERS: Answers = "texts"


def facts_of(run: Run) -> dict[str, Any]:
    """What every graph of the run says of itself."""
    with reading(run.folder / "environment.json"):
        made = json.loads((run.folder / "environment.json").read_text(encoding="utf-8"))
    metadata = {"task": run.schema["task"], "target": run.schema["target"], "versions": made["versions"]}
    return {**metadata, "seed": made["seed"], "max_target": run.config.generation.max_target}


def assets(run: Run) -> Assets:
    """The pieces that texts are written in."""
    return Assets(ANSWERS, pieces=load_pieces(run))


def load_pieces(run: Run) -> TargetTokenizer:
    """The pieces that the run has learned to write."""
    return TargetTokenizer.load(run.folder / "state")


def generate_graphs(run: Run) -> dict[str, Graph]:
    """`encode` and `decode_step` of the task `generate`, rebuilt from the run's JSON, its state and its weights."""
    import_tensorflow()
    from mmkeras.models.seq2seq import build_seq2seq
    from mmkeras.tasks.text_generation.graphs import encode_graph, step_graph

    pieces, metadata = load_pieces(run), facts_of(run)
    columns = load_columns(run.inputs, run.folder)
    writer = build_seq2seq(columns, len(pieces), run.config, exporting=True)
    with reading(run.folder / "model.keras"):
        writer.model.load_weights(run.folder / "model.keras")
    names = {entry["name"]: entry["column"] for entry in run.inputs}
    encode = encode_graph(writer, columns, names, metadata)
    return {"encode": encode, "decode_step": step_graph(writer.decoder, writer.memory_length, metadata)}


def language_graphs(run: Run) -> dict[str, Graph]:
    """`decode_step` and `score` of a language model, rebuilt from the run's JSON, its state and its weights."""
    import_tensorflow()
    from mmkeras.models.language_model import build_core
    from mmkeras.tasks.text_generation.recurrent_graphs import graphs_of

    pieces, metadata = load_pieces(run), facts_of(run)
    core, _, model = build_core(run.config, len(pieces))
    with reading(run.folder / "model.keras"):
        core.load_weights(run.folder / "model.keras")
    return {graph.name: graph for graph in graphs_of(model, metadata)}
