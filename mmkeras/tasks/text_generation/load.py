"""A finished run that generates text -> its graphs, and the assets that are deployed beside them."""

from __future__ import annotations

from typing import Any

from mmkeras.config.tasks import LEARN_LINES
from mmkeras.data.columns.column import Column
from mmkeras.data.targets.target_tokenizer import TargetTokenizer
from mmkeras.graph import Answers, Graph
from mmkeras.modalities import Modality
from mmkeras.modalities.adapt import load_columns
from mmkeras.runs.run import Run
from mmkeras.system.tensorflow import import_tensorflow
from mmkeras.tasks.assets import Assets
from mmkeras.tasks.weights import load_weights

ANSWERS: Answers = "texts"


def metadata_of(run: Run) -> dict[str, Any]:
    """The metadata in the signature of each of the run's graphs."""
    environment = run.environment
    metadata = {"task": run.schema["task"], "target": run.schema["target"], "versions": environment["versions"]}
    return {**metadata, "seed": environment["seed"], "max_target": run.config.generation.max_target}


def assets(run: Run) -> Assets:
    """The tokenizer."""
    return Assets(ANSWERS, tokenizer=load_tokenizer(run))


def load_tokenizer(run: Run) -> TargetTokenizer:
    """The tokenizer of the run's texts."""
    return TargetTokenizer.load(run.folder / "state")


def generate_graphs(run: Run) -> dict[str, Graph]:
    """`encode` and `decode_step` of the task `generate`, rebuilt from the run's JSON, its state and its weights."""
    import_tensorflow()
    from mmkeras.tasks.text_generation.graphs import encode_graph, step_graph

    metadata = metadata_of(run)
    seq2seq, columns, table = load_seq2seq(run)
    encode = encode_graph(seq2seq, columns, table, metadata)
    return {"encode": encode, "decode_step": step_graph(seq2seq.decoder, seq2seq.memory_length, metadata)}


def load_seq2seq(run: Run) -> tuple[Any, dict[str, Modality], dict[str, Column]]:
    """The encoder-decoder of a run of the task `generate`, its columns, and those of the table, by input."""
    from mmkeras.models.seq2seq import build_seq2seq
    from mmkeras.own_layers.folder import load_own

    columns, own_fusion = load_own(run.folder, load_columns(run.inputs, run.folder), run.config)
    tokens = len(load_tokenizer(run))
    seq2seq = build_seq2seq(columns, tokens, run.config, exporting=True, own_fusion=own_fusion)
    load_weights(seq2seq.model, run.folder / "model.keras")
    return seq2seq, columns, {spec["name"]: Column.read_as(spec) for spec in run.inputs}


def load_next_token(run: Run) -> Any:
    """The Keras model of raw inputs, rebuilt: that of a run before 0.3 is not in its file."""
    from mmkeras.models.language_model import build_core
    from mmkeras.tasks.text_generation import next_token

    if run.schema["task"] not in LEARN_LINES:
        return next_token.column_model(*load_seq2seq(run))
    core, _, _ = build_core(run.config, len(load_tokenizer(run)))
    load_weights(core, run.folder / "model.keras")
    return next_token.language_model(core)


def language_graphs(run: Run) -> dict[str, Graph]:
    """`decode_step` and `score` of a language model, rebuilt from the run's JSON, its state and its weights."""
    import_tensorflow()
    from mmkeras.models.language_model import build_core
    from mmkeras.tasks.text_generation.recurrent_graphs import graphs_of

    tokenizer, metadata = load_tokenizer(run), metadata_of(run)
    core, _, model = build_core(run.config, len(tokenizer))
    load_weights(core, run.folder / "model.keras")
    return {graph.name: graph for graph in graphs_of(model, metadata)}
