"""MODEL_CARD.md of an exported folder: what the model is, what it was measured on, how to call it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmkeras.config.tasks import line_of
from mmkeras.graph import PRESENCE, Graph, Input, Signature
from mmkeras.metrics.tables import summary, table_of
from mmkeras.modalities import spec_of
from mmkeras.runs.run import Run
from mmkeras.system.files import write_atomically


def write_model_card(
    run: Run, graphs: Mapping[str, Graph], signature: Signature, metrics: Mapping[str, Any], folder: Path, title: str
) -> None:
    """Write it. title: the folder's name."""
    text = CARDS[signature.answers](run, graphs, signature, metrics, title)
    write_atomically(folder / "MODEL_CARD.md", text)


def card_of_numbers(
    run: Run, graphs: Mapping[str, Graph], signature: Signature, metrics: Mapping[str, Any], title: str
) -> str:
    """Of a model that answers a row with probabilities or values."""
    (graph,) = graphs.values()
    measured = metrics["validation"]
    inputs = "\n".join(f"- `{i.name}` (column `{i.column}`): {described(i)}" for i in graph.inputs)
    folded = ", which it learned too once they had measured it" if metrics["folded"] else ""
    figures = summary(measured)
    if "calibration" in metrics:
        error = metrics["calibration"]["after"]["expected_calibration_error"]
        figures += f", expected\ncalibration error {error:.3f}"
    what = f"{len(graph.labels)} {line_of(LABELS, signature.task)}" if graph.labels else ""
    targets = ", ".join(f"`{name}`" for name in run.schema["targets"]["names"])
    return f"""# {title}

Predicts {targets} ({what or "numbers"}). Trained on {metrics["rows"]["train"]} rows of
`{run.schema["file"]["path"]}`; measured on {metrics["rows"]["validation"]} held-out rows{folded}.

Held-out {figures}.

```
{table_of(measured)}
```

## Inputs
{inputs}

`signature.json` says the same to a program, and `verify.json` what was checked of each artefact.

## Limits
{LIMITS["classes" if graph.labels else "numbers"]} Languages, subjects, pictures and voices that the training rows lack
were not measured.
"""


def card_of_texts(
    run: Run, graphs: Mapping[str, Graph], signature: Signature, metrics: Mapping[str, Any], title: str
) -> str:
    """Of a model that writes."""
    measured, pieces = metrics["validation"], signature.metadata["pieces"]
    figures = ", ".join(f"{name} {value:.4g}" for name, value in measured.items() if isinstance(value, float))
    inputs = "\n".join(f"- `{name}`: {', '.join(i.name for i in graph.inputs)}" for name, graph in graphs.items())
    about = run.schema["file"]["path"]
    return f"""# {title}

Writes `{signature.target}`, in pieces ({pieces["kind"]}, {pieces["size"]} of them). Trained on `{about}`.

Held-out: {figures}.

## Graphs and what they take
{inputs}

`signature.json` says how states are renewed or filled, `pieces.json` which bytes a piece stands for, `verify.json` what
was checked.

## Limits
What it writes is probable, not true. Languages and subjects that the training rows lack were not measured.
"""


CARDS = {"numbers": card_of_numbers, "texts": card_of_texts}
LABELS = {"classify": "classes", "multilabel": "labels"}
LIMITS = {
    "classes": "The model knows the classes above and nothing else: a row of another kind still gets one of them.",
    "numbers": "The model answers every row with a number, also one unlike all that it has learned from.",
}


def described(entry: Input) -> str:
    """An input in words."""
    shape = f"{entry.dtype} [{', '.join(['batch', *map(str, entry.shape)])}]"
    if entry.kind == PRESENCE:
        return f"{shape}, 1.0 where the cell is there, 0.0 where it is missing"
    return f"{shape}, {spec_of(entry.kind).describe(entry)}"
