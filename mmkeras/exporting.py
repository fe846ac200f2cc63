"""A finished run -> exported/<name>/: the artefacts, their contract, the sample rows, and the proof."""

from __future__ import annotations

import contextlib
import importlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.errors import InputError
from mmkeras.exporters import FORMATS
from mmkeras.files import write_atomically, write_json
from mmkeras.graph import Graph
from mmkeras.models import MODELS
from mmkeras.quiet import import_tensorflow, native_noise_muted
from mmkeras.run import Run, open_run
from mmkeras.tasks import TASKS
from mmkeras.verify import verify

Say = Callable[[str], None]
SAMPLE_BATCH = 64


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say which file of the run is damaged, whatever its reader raises."""
    try:
        yield
    except Exception as error:
        first_line = str(error).strip().split("\n")[0]
        raise InputError(f"{path}: the run is damaged, it cannot be read ({first_line}). Train again.") from error


def load_graph(run: Run) -> Graph:
    """Rebuild the run's Graph from its JSON, its state and its weights."""
    import_tensorflow()
    from mmkeras.modalities.text.modality import load_state
    from mmkeras.modalities.text.rule import TextRule

    states, columns = {}, {}
    for entry in run.inputs:
        name = entry["name"]
        path = run.folder / "state" / f"{name}.npz"
        with reading(path):
            states[name] = load_state(path, TextRule(**entry["rule"]))
        columns[name] = entry["column"]
    dims = {entry["name"]: entry["vector_dim"] for entry in run.inputs if entry["vector_dim"]}
    recipe = importlib.import_module(MODELS[run.config.model])
    core = recipe.build({name: state.n_rows for name, state in states.items()}, len(run.labels), run.config, dims)
    with reading(run.folder / "model.keras"):
        core.load_weights(run.folder / "model.keras")
    with reading(run.folder / "environment.json"):
        facts = json.loads((run.folder / "environment.json").read_text(encoding="utf-8"))
    kept = {"task": run.schema["task"], "target": run.schema["target"], "labels": run.labels}
    with reading(run.folder / "schema.json"):
        task = importlib.import_module(TASKS[run.schema["task"]])
    return task.predict_graph(core, states, columns, {**kept, "versions": facts["versions"], "seed": facts["seed"]})


class KerasRunner:
    """The trained model itself behind the interface of every runner."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.signature = graph, graph.signature()

    def __call__(self, inputs: Any, wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        outputs = self.graph.model(dict(inputs), training=False)
        return {name: np.asarray(outputs[name]) for name in wanted or outputs}


def write_samples(graph: Graph, run: Run, folder: Path) -> None:
    """sample_inputs.npz: every held-out row's raw inputs and the trained model's answers."""
    from mmkeras.modalities.text.cells import encode_cell, pad
    from mmkeras.samples import Samples, save_samples, trim

    rows = pd.read_csv(run.folder / "validation.csv", dtype=str, keep_default_na=False)
    raw = {i.name: [encode_cell(cell, i.max_bytes) for cell in rows[i.column]] for i in graph.inputs}
    runner = KerasRunner(graph)
    probabilities = np.empty((len(rows), len(graph.labels)), "float32")
    ids: dict[str, list[np.ndarray]] = {f"{i.name}_ids": [np.empty(0)] * len(rows) for i in graph.inputs}
    order = np.argsort(sum(np.array([len(cell) for cell in cells]) for cells in raw.values()), kind="stable")
    for start in range(0, len(order), SAMPLE_BATCH):
        index = order[start : start + SAMPLE_BATCH]
        answers = runner({name: pad([cells[i] for i in index]) for name, cells in raw.items()})
        probabilities[index] = answers["probabilities"]
        for name, kept in ids.items():
            for i, row in zip(index, answers[name], strict=True):
                kept[i] = trim(row)
    truth = pd.Categorical(rows[run.schema["target"]], categories=run.labels).codes.astype("int64")
    save_samples(Samples(raw, truth, probabilities, ids), folder / "sample_inputs.npz")


def write_model_card(run: Run, graph: Graph, folder: Path, title: str) -> None:
    """MODEL_CARD.md: what it is, what it was measured on, how to call it."""
    metrics = json.loads((run.folder / "metrics.json").read_text(encoding="utf-8"))
    rows = "\n".join(
        f"| {r['label']} | {r['precision']:.3f} | {r['recall']:.3f} | {r['f1']:.3f} | {r['rows']} |"
        for r in metrics["validation"]["per_class"]
    )
    inputs = "\n".join(
        f"- `{i.name}` (column `{i.column}`): uint8 [batch, n_bytes], UTF-8, at most {i.max_bytes} bytes"
        for i in graph.inputs
    )
    folded = ", which it learned too once they had measured it" if metrics["folded"] else ""
    text = f"""# {title}

Predicts `{run.schema["target"]}` ({len(run.labels)} classes). Trained on {metrics["rows"]["train"]} rows of
`{run.schema["file"]["path"]}`; measured on {metrics["rows"]["validation"]} held-out rows{folded}.

Held-out accuracy {metrics["validation"]["accuracy"]:.4f}, macro-F1 {metrics["validation"]["macro_f1"]:.4f}, expected
calibration error {metrics["calibration"]["after"]["expected_calibration_error"]:.3f}.

| class | precision | recall | F1 | rows |
|---|---|---|---|---|
{rows}

## Inputs
{inputs}

A longer text is cut before a byte that continues a character. `signature.json` says the same to a program, and
`verify.json` what was checked of each artefact.

## Limits
The model knows the classes above and nothing else: a text of another kind still gets one of them. Languages and
subjects that the training rows lack were not measured.
"""
    write_atomically(folder / "MODEL_CARD.md", text)


def export(
    run_path: str | Path, formats: Sequence[str], output: str | Path | None, overwrite: bool, say: Say = print
) -> tuple[Path, bool]:
    """Write the artefacts of a run, verify each, and only then give the folder its name.

    An existing folder is replaced by a proven one alone; what fails is left beside it as <name>.rejected.
    Returns the folder that was written, and whether every artefact passed.
    Raises InputError for a run that is none, an unknown format, or an existing folder without `overwrite`.
    """
    run = open_run(run_path)
    folder = Path(output) if output else Path("exported") / run.folder.resolve().name
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InputError(
            f"--formats: unknown {', '.join(unknown) or '(none given)'}. Valid formats: {', '.join(FORMATS)}."
        )
    if folder.exists() and not overwrite:
        raise InputError(f"{folder}: it exists already. Replace it with --overwrite, or choose another --output.")
    rejected = folder.with_name(f"{folder.name}.rejected")
    for place in (folder, rejected) if folder.exists() else ():
        if place.exists() and not (place / "signature.json").exists():
            raise InputError(
                f"{place}: it is not an exported folder, so --overwrite leaves it alone. Choose another --output."
            )
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        passed = _fill(run, formats, partial, folder.name, say)
        if folder.exists() and not passed:
            say(f"{folder} is left as it was; what was rejected is kept beside it, as {rejected}")
            folder = rejected
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder, passed


def _fill(run: Run, formats: Sequence[str], folder: Path, title: str, say: Say) -> bool:
    """Everything an exported folder holds, the proof last. title: the name it will have."""
    graph = load_graph(run)
    write_samples(graph, run, folder)
    write_atomically(folder / "labels.txt", "\n".join(graph.labels) + "\n")
    write_model_card(run, graph, folder, title)
    artefacts = []
    for name in formats:
        began = time.perf_counter()
        with native_noise_muted():
            path = importlib.import_module(FORMATS[name]).export(graph, folder)
        artefacts.append(path.relative_to(folder).as_posix())
        say(f"{name}: {artefacts[-1]} written in {time.perf_counter() - began:.1f} s")
    metrics = json.loads((run.folder / "metrics.json").read_text(encoding="utf-8"))
    held_out = {"accuracy": metrics["validation"]["accuracy"], "learned_since": metrics["folded"]}
    write_json(folder / "signature.json", {**graph.signature(), "artefacts": artefacts, "held_out": held_out})
    return verify(folder, say=say)
