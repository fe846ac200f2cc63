"""The middle of `export` for a model that writes: its graphs, its pieces, sample rows and their texts."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.choice import Choice
from mmkeras.decoding import write
from mmkeras.exporting import load_columns, reading, sample_values
from mmkeras.files import write_atomically, write_json
from mmkeras.graph import Graph
from mmkeras.media_check import root_of
from mmkeras.pieces import Pieces
from mmkeras.quiet import import_tensorflow, native_noise_muted
from mmkeras.raw import columns_of, modalities_of, subsets, with_tokenizers
from mmkeras.run import REFERENCES, Run
from mmkeras.runners import complete
from mmkeras.streams import read_lines
from mmkeras.text_samples import TextSamples, save_text_samples, scored_pieces
from mmkeras.verify_text import verify_text
from mmkeras.writers import SCORE, Writer

SAMPLE_ROWS, SUBSET_ROWS = 256, 32
SERVED, LONGEST_SERVED = 16, 100  # lines whose beginnings are served as strings, and their characters
PROMPT, GOING_ON = 4, 24  # pieces a language model is given of a held-out line, and writes behind them
Say = Callable[[str], None]


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
    from mmkeras.models.writer import build_writer
    from mmkeras.tasks.generate import encode_graph, step_graph

    columns = load_columns(run)
    writer = build_writer(columns, len(pieces), run.config, exporting=True)
    with reading(run.folder / "model.keras"):
        writer.model.load_weights(run.folder / "model.keras")
    names = {entry["name"]: entry["column"] for entry in run.inputs}
    facts = {**facts, "max_target": run.config.max_target}
    return [
        encode_graph(writer, columns, names, facts),
        step_graph(writer.decoder, writer.memory_length, facts),
    ]


def language_graphs(run: Run, pieces: Pieces, facts: dict[str, Any]) -> list[Graph]:
    """`decode_step` and `score` of a language model."""
    from mmkeras.models.language import build_core
    from mmkeras.tasks.language_model import graphs_of

    core, _, model = build_core(run.config, len(pieces))
    with reading(run.folder / "model.keras"):
        core.load_weights(run.folder / "model.keras")
    return graphs_of(model, {**facts, "max_target": run.config.max_target})


class TracedRunner:
    """A graph of the trained model behind the interface of every runner; traced, for a text takes many calls."""

    def __init__(self, graph: Graph) -> None:
        from mmkeras.traced import traced

        self.signature = graph.signature()
        self.call = traced(graph.model)

    def __call__(self, inputs: Any, wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        outputs = self.call(complete(inputs, self.signature))
        return {name: outputs[name] for name in wanted or outputs}


def trained_writer(graphs: dict[str, Graph], pieces: Pieces, folder: Path) -> Writer:
    """The trained model itself, as what writes. folder: where tokenizers of its inputs lie."""
    runners = {name: TracedRunner(graph) for name, graph in graphs.items()}
    for runner in runners.values():
        runner.signature["inputs"] = with_tokenizers(runner.signature["inputs"], [folder])
    return Writer(runners, pieces, {})


def row_samples(writer: Writer, run: Run) -> TextSamples:
    """Held-out rows, what the trained model writes of each, and of the first with some modalities alone."""
    rows = pd.read_csv(run.folder / "validation.csv", dtype=str, keep_default_na=False)
    some = np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE_ROWS)).astype(int)
    rows = rows.iloc[some]
    root = root_of(run.config.validation or run.config.csv, run.config)
    values = {e["name"]: sample_values(rows[str(e["column"])].tolist(), e, root) for e in columns_of(writer.inputs)}
    parts = {
        subset.name: writer.write_rows(values, min(len(rows), SUBSET_ROWS), Choice(), hidden=subset.hidden)
        for subset in subsets(modalities_of(writer.inputs))
    }
    with reading(run.folder / REFERENCES):
        every = json.loads((run.folder / REFERENCES).read_text(encoding="utf-8"))
    references = [every[k] for k in some]
    written, ids = writer.write_rows(values, len(rows), Choice()), writer.recognised(values, len(rows))
    return TextSamples(references, written, values, subsets=parts, ids=ids)


def line_samples(writer: Writer, run: Run) -> TextSamples:
    """Held-out lines: log P of each piece, and what the trained model writes behind their first pieces."""
    lines = [line for line in read_lines(run.folder / "validation.txt") if line]
    lines = [lines[k] for k in np.linspace(0, len(lines) - 1, min(len(lines), SAMPLE_ROWS)).astype(int)]
    ids = [scored_pieces(writer.pieces, line) for line in lines]
    prompts = [row[: min(PROMPT, len(row) - 1)] for row in ids]
    step, signature, choice = writer.step, writer.step.signature, Choice(longest=GOING_ON)
    written = [write(step, signature, {}, choice, [prompt])[0] for prompt in prompts]
    scored = [writer.score_pieces(row)[1].astype(float).tolist() for row in ids]
    texts = ["", *map(writer.pieces.decode, prompts[:SERVED]), *(line[:LONGEST_SERVED] for line in lines[:SERVED])]
    served = [(text, writer.pieces.encode(text)) for text in texts]
    return TextSamples([[line] for line in lines], written, prompts=prompts, scored=scored, served=served)


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
    from mmkeras.exporters import onnx, savedmodel_text, tflite

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
