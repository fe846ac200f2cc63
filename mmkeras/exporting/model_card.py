"""MODEL_CARD.md of an exported folder: the model, its evaluation, its inputs and limits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmkeras.config.fusions import OWN, is_own
from mmkeras.config.tasks import line_of
from mmkeras.exporting.markdown import block, code, escaped, heading, visible
from mmkeras.graph import PRESENCE, Graph, Input, Signature
from mmkeras.metrics.baselines import lines_of
from mmkeras.metrics.tables import summary, table_of
from mmkeras.metrics.temperature import in_words
from mmkeras.modalities import spec_of
from mmkeras.runs.run import Run
from mmkeras.system.files import write_atomically


def write_model_card(
    run: Run, graphs: Mapping[str, Graph], signature: Signature, metrics: Mapping[str, Any], folder: Path, title: str
) -> None:
    """Write MODEL_CARD.md. title: the folder's name."""
    text = CARDS[signature.answers](run, graphs, signature, metrics, title)
    write_atomically(folder / "MODEL_CARD.md", text)


def card_of_numbers(
    run: Run, graphs: Mapping[str, Graph], signature: Signature, metrics: Mapping[str, Any], title: str
) -> str:
    """The card of a model that answers with probabilities or values."""
    (graph,) = graphs.values()
    validation = metrics["validation"]
    inputs = "\n".join(f"- {code(i.name)} (column {code(i.column)}): {described(i)}" for i in graph.inputs)
    refit = ", then refit on them as well" if metrics["folded"] else ""
    figures = summary(validation)
    if "calibration" in metrics:
        error = metrics["calibration"]["after"]["expected_calibration_error"]
        figures += f", expected\ncalibration error {error:.3f} ({in_words(metrics['calibration'])})"
    outputs = f"{len(graph.labels)} {line_of(LABELS, signature.task)}" if graph.labels else "numbers"
    targets = ", ".join(map(code, run.schema["targets"]["names"]))
    return f"""# {heading(title)}

Predicts {targets} ({outputs}). Trained on {metrics["rows"]["train"]} rows of
{code(run.schema["file"]["path"])}; validated on {metrics["rows"]["validation"]} held-out rows{refit}.{continued(run)}

Held-out {figures}.
{beside_baselines(metrics)}
{block(table_of(one_line_names(validation)))}

## Inputs
{inputs}

`signature.json` holds the same for programs, and `verify.json` the checks of each artefact.

{own_parts(run)}## Limits
{LIMITS["classes" if graph.labels else "numbers"]} Languages, subjects, pictures and voices that the training rows lack
were not evaluated.
"""


def card_of_texts(
    run: Run, graphs: Mapping[str, Graph], signature: Signature, metrics: Mapping[str, Any], title: str
) -> str:
    """The card of a model that generates text."""
    validation, tokens = metrics["validation"], signature.metadata["pieces"]
    figures = ", ".join(f"{name} {value:.4g}" for name, value in validation.items() if isinstance(value, float))
    inputs = "\n".join(
        f"- {code(name)}: {', '.join(code(i.name) for i in graph.inputs)}" for name, graph in graphs.items()
    )
    path = run.schema["file"]["path"]
    return f"""# {heading(title)}

Generates {code(signature.target)}, token by token (a {tokens["kind"]} vocabulary of {tokens["size"]}).
Trained on {code(path)}.{continued(run)}

Held-out: {figures}.
{beside_baselines(metrics)}
## Graphs and their inputs
{inputs}

`signature.json` describes how states are renewed or filled, `pieces.json` holds the bytes of each token, and
`verify.json` the checks.

{own_parts(run)}## Limits
Generated texts are probable, not true. Languages and subjects that the training rows lack were not evaluated.
"""


def continued(run: Run) -> str:
    """The sentence that names the run which the training went on from; '' for a new model."""
    start = run.environment.get("continued_from")
    return f"\nThe training went on from the run {code(start['folder'])} (sha256 {start['sha256']})." if start else ""


def beside_baselines(metrics: Mapping[str, Any]) -> str:
    """How the model does beside simple baselines, a paragraph; '' for a run without them."""
    lines = [f"{line[:1].upper()}{line[1:].rstrip('.')}." for line in lines_of(metrics)]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def own_parts(run: Run) -> str:
    """The layers and the fusion that the user gave, a section; '' without them."""
    encoders = {spec["column"]: spec["own_encoder"] for spec in run.inputs if "own_encoder" in spec}
    lines = [f"- {code(column)} is encoded by {code(layer)}" for column, layer in encoders.items()]
    if is_own(run.config.model.fusion):
        lines.append(f"- the columns are joined by {code(str(run.config.model.fusion).removeprefix(OWN))}")
    return "## Layers of its own\nGiven to `mmkeras.train` in Python:\n" + "\n".join(lines) + "\n\n" if lines else ""


def one_line_names(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of `evaluate`, with names of classes, labels and targets on one line each."""
    lists = {name: rows for name, rows in figures.items() if name.startswith("per_")}
    names = ("label", "target")
    folded = {
        name: [{key: visible(value) if key in names else value for key, value in row.items()} for row in rows]
        for name, rows in lists.items()
    }
    return {**figures, **folded}


CARDS = {"numbers": card_of_numbers, "texts": card_of_texts}
LABELS = {"classify": "classes", "multilabel": "labels"}
LIMITS = {
    "classes": "The model predicts the classes above and no others: a row of another class still gets one of them.",
    "numbers": "The model predicts a number for every row, also for one unlike all training rows.",
}


def described(graph_input: Input) -> str:
    """An input in words."""
    shape = f"{graph_input.dtype} [{', '.join(['batch', *map(str, graph_input.shape)])}]"
    if graph_input.kind == PRESENCE:
        return f"{shape}, 1.0 where the cell is present, 0.0 where it is missing"
    return f"{shape}, {escaped(spec_of(graph_input.kind).describe(graph_input))}"
