"""The middle of `export` for a model that writes: its graphs, its pieces, sample rows and their texts."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmkeras.data.target_tokenizer import Pieces
from mmkeras.graph import Graph
from mmkeras.runs.run import Run
from mmkeras.runtime.exported import SCORE
from mmkeras.system.files import write_atomically, write_json
from mmkeras.system.progress import Say
from mmkeras.system.tensorflow import native_noise_muted
from mmkeras.tasks.reference import trained_writer
from mmkeras.tasks.text_generation.load import load_graphs
from mmkeras.tasks.text_generation.samples import GOING_ON, line_samples, row_samples
from mmkeras.verification.samples import save_text_samples, scored_pieces
from mmkeras.verification.texts import verify_text


def fill_text(run: Run, formats: Sequence[str], folder: Path, title: str, say: Say) -> bool:
    """Everything an exported folder holds, the proof last. title: the name it will have."""
    graphs, pieces = load_graphs(run)
    pieces.save(folder)
    for entry in graphs["encode"].inputs if "encode" in graphs else ():
        if "tokenizer_files" in entry.facts:
            shutil.copytree(run.folder / entry.facts["tokenizer_files"], folder / entry.facts["tokenizer_files"])
    writer = trained_writer(graphs, pieces, folder)
    samples = line_samples(writer, run) if SCORE in graphs else row_samples(writer, run)
    save_text_samples(samples, folder / "sample_inputs.npz")
    say(f"the trained model has written {len(samples)} held-out rows")
    artefacts = []
    for form in formats:
        began = time.perf_counter()
        with native_noise_muted():
            paths = write_format(form, graphs, pieces, folder)
        artefacts += [path.relative_to(folder).as_posix() for path in paths]
        say(f"{form}: {', '.join(artefacts[-len(paths) :])} written in {time.perf_counter() - began:.1f} s")
    metrics = json.loads((run.folder / "metrics.json").read_text(encoding="utf-8"))
    step = graphs["decode_step"].signature()
    signature = {
        **{key: step[key] for key in ("task", "target", "max_target", "versions", "seed")},
        "graphs": {name: graph.signature() for name, graph in graphs.items()},
        "pieces": {"kind": pieces.kind, "size": len(pieces), "file": "pieces.json"},
        "artefacts": artefacts,
        "held_out": {metrics["validation"]["score_name"]: metrics["validation"]["score"]},
        "sample_longest": GOING_ON,
    }
    if SCORE in graphs and pieces.kind == "subword":
        signature["sample_pieces"] = [scored_pieces(pieces, line) for (line,) in samples.references]
    write_json(folder / "signature.json", signature)
    write_atomically(folder / "MODEL_CARD.md", model_card(run, signature, metrics, title))
    return verify_text(folder, say=say)


def write_format(form: str, graphs: dict[str, Graph], pieces: Pieces, folder: Path) -> list[Path]:
    """All graphs in one format: a file each, or one SavedModel."""
    from mmkeras.export.formats import onnx, tflite
    from mmkeras.export.serving import generate as savedmodel_text

    if form == "savedmodel":
        return [savedmodel_text.export(graphs, pieces, folder)]
    exporter = {"tflite": tflite, "onnx": onnx}[form]
    return [exporter.export(graph, folder) for graph in graphs.values()]


def model_card(run: Run, signature: dict[str, Any], metrics: dict[str, Any], title: str) -> str:
    """MODEL_CARD.md: what the model is, what it was measured on, how to call it."""
    measured = metrics["validation"]
    figures = ", ".join(f"{name} {value:.4g}" for name, value in measured.items() if isinstance(value, float))
    about, pieces = run.schema["file"]["path"], signature["pieces"]
    graphs = "\n".join(
        f"- `{name}`: {', '.join(i['name'] for i in g['inputs'])}" for name, g in signature["graphs"].items()
    )
    return f"""# {title}

Writes `{signature["target"]}`, in pieces ({pieces["kind"]}, {pieces["size"]} of them). Trained on `{about}`.

Held-out: {figures}.

## Graphs and what they take
{graphs}

`signature.json` says how states are renewed or filled, `pieces.json` which bytes a piece stands for, `verify.json` what
was checked.

## Limits
What it writes is probable, not true. Languages and subjects that the training rows lack were not measured.
"""
