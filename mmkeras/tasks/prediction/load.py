"""A finished run -> its only graph, `predict`, and the assets that are deployed beside it."""

from __future__ import annotations

from mmkeras.data.columns.column import Column
from mmkeras.data.targets.targets import Targets
from mmkeras.graph import Answers, Graph
from mmkeras.modalities.adapt import load_columns, reading
from mmkeras.runs.run import Run
from mmkeras.system.tensorflow import import_tensorflow
from mmkeras.tasks.assets import Assets
from mmkeras.tasks.weights import load_weights

ANSWERS: Answers = "numbers"


def graphs(run: Run) -> dict[str, Graph]:
    """The run's only graph, by its name."""
    graph = load_graph(run)
    return {graph.name: graph}


def assets(run: Run) -> Assets:
    """The labels."""
    with reading(run.folder / "schema.json"):
        return Assets(ANSWERS, Targets.from_json(run.schema["targets"]).labels)


def load_graph(run: Run) -> Graph:
    """Rebuild the run's Graph from its JSON, its state and its weights."""
    import_tensorflow()
    from mmkeras.models.core import build_core
    from mmkeras.models.quantised import quantised
    from mmkeras.own_layers.folder import load_own
    from mmkeras.tasks.prediction.graph import predict_graph

    columns = load_columns(run.inputs, run.folder)
    with reading(run.folder / "schema.json"):
        targets = Targets.from_json(run.schema["targets"])
    columns, own_fusion = load_own(run.folder, columns, run.config)
    core = build_core(columns, targets.outputs, run.config, exporting=True, own_fusion=own_fusion)
    core = quantised(core, columns)
    load_weights(core.model, run.folder / "model.keras")
    environment = run.environment
    table = {spec["name"]: Column.read_as(spec) for spec in run.inputs}
    metadata = {"versions": environment["versions"], "seed": environment["seed"]}
    return predict_graph(core, columns, table, targets, metadata)
