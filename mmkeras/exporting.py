"""A finished run -> exported/<name>/: the artefacts, their contract, the sample rows, and the proof."""

from __future__ import annotations

import contextlib
import importlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmkeras.errors import BadCell, InputError
from mmkeras.exporters import FORMATS
from mmkeras.files import write_atomically, write_json
from mmkeras.graph import Graph
from mmkeras.media_check import root_of
from mmkeras.modalities import MEDIA, MODALITIES
from mmkeras.modalities.image.cells import MAX_BYTES
from mmkeras.modalities.media import MediaRoot, read_media
from mmkeras.model_card import write_model_card
from mmkeras.quiet import exact_products, import_tensorflow, native_noise_muted
from mmkeras.raw import columns_of, feed, modalities_of, read_values, subsets, with_tokenizers
from mmkeras.run import Run, open_run
from mmkeras.runners import complete
from mmkeras.targets import Targets
from mmkeras.verify import verify

Say = Callable[[str], None]
SAMPLE_BATCH = 64
SAMPLE_ROWS = 256  # held-out rows that travel with artefacts whose inputs are pictures or clips
SUBSET_ROWS = 128  # of them, for each subset of the modalities


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say which file of the run is damaged, whatever its reader raises."""
    try:
        yield
    except Exception as error:
        first_line = str(error).strip().split("\n")[0]
        raise InputError(f"{path}: the run is damaged, it cannot be read ({first_line}). Train again.") from error


def load_columns(run: Run) -> dict[str, Any]:
    """The run's input columns as they were adapted: name in the graph -> Modality."""
    columns = {}
    for entry in run.inputs:
        with reading(run.folder / "schema.json"):
            modality = importlib.import_module(MODALITIES[entry["kind"]])
        with reading(run.folder / "state" / f"{entry['name']}.npz"):
            columns[entry["name"]] = modality.load(entry, run.folder / "state")
    return columns


def load_graph(run: Run) -> Graph:
    """Rebuild the run's Graph from its JSON, its state and its weights."""
    import_tensorflow()
    from mmkeras.models.core import build_core
    from mmkeras.tasks.predicting import predict_graph

    columns = load_columns(run)
    with reading(run.folder / "schema.json"):
        targets = Targets.from_json(run.schema["targets"])
    core = build_core(columns, targets.outputs, run.config, exporting=True)
    with reading(run.folder / "model.keras"):
        core.model.load_weights(run.folder / "model.keras")
    with reading(run.folder / "environment.json"):
        made = json.loads((run.folder / "environment.json").read_text(encoding="utf-8"))
    names = {entry["name"]: entry["column"] for entry in run.inputs}
    return predict_graph(core, columns, names, targets, {"versions": made["versions"], "seed": made["seed"]})


class KerasRunner:
    """The trained model itself behind the interface of every runner."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.signature = graph, graph.signature()

    def __call__(self, inputs: Any, wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        outputs = self.graph.model(dict(complete(inputs, self.signature)), training=False)
        return {name: np.asarray(outputs[name]) for name in wanted or outputs}


def write_samples(graph: Graph, run: Run, folder: Path) -> None:
    """sample_inputs.npz: held-out rows' raw inputs and the model's answers; all rows, or SAMPLE_ROWS with media."""
    from mmkeras.samples import Samples, save_samples

    rows = pd.read_csv(run.folder / "validation.csv", dtype=str, keep_default_na=False)
    inputs = with_tokenizers(graph.signature()["inputs"], [folder])
    if any(entry["kind"] in MEDIA for entry in inputs) and len(rows) > SAMPLE_ROWS:
        rows = rows.iloc[np.linspace(0, len(rows) - 1, SAMPLE_ROWS).astype(int)]
    root = root_of(run.config.validation or run.config.csv, run.config)
    values = {e["name"]: sample_values(rows[str(e["column"])].tolist(), e, root) for e in columns_of(inputs)}
    runner = KerasRunner(graph)
    answers, ids = answer_samples(runner, values, len(rows))
    parts = {
        subset.name: answer_samples(runner, values, min(len(rows), SUBSET_ROWS), subset.hidden)[0]
        for subset in subsets(modalities_of(inputs))
    }
    truth = Targets.from_json(run.schema["targets"]).truth(rows)
    save_samples(Samples(values, truth, answers, ids, parts), folder / "sample_inputs.npz")


def sample_values(cells: list[str], entry: Mapping[str, Any], root: MediaRoot) -> list[Any]:
    """A column's cells as values; of a picture its file as it is. Raises InputError where one is gone by now."""
    if entry["kind"] != "image":
        values, faults = read_values(cells, entry, root)
    else:
        values, faults = [], {}
        for row, cell in enumerate(cells):
            try:
                values.append(
                    read_media(cell, Path(root.folder), root.allow_outside, MAX_BYTES) if cell.strip() else None
                )
            except BadCell as error:
                faults[row] = str(error)
    if faults:
        raise InputError(
            f"the held-out row's {entry['column']!r} cannot be read any more: {next(iter(faults.values()))}"
        )
    return values


def answer_samples(
    runner: KerasRunner, values: dict[str, list[Any]], count: int, hidden: Sequence[str] = ()
) -> tuple[np.ndarray, dict[str, list[np.ndarray]]]:
    """The model's answers to the first rows, and the ids it recognised, what `trim` leaves of them."""
    from mmkeras.samples import trim

    inputs = runner.signature["inputs"]
    bytes_a_row = np.zeros(count, int)
    for name in [entry["name"] for entry in inputs if "max_bytes" in entry]:
        bytes_a_row += [len(value or b"") for value in values[name][:count]]
    order = np.argsort(bytes_a_row, kind="stable")
    rows: list[Any] = [None] * count
    ids: dict[str, list[np.ndarray]] = {}
    for start in range(0, count, SAMPLE_BATCH):
        index = order[start : start + SAMPLE_BATCH]
        outputs = runner(feed(values, inputs, index, hidden))
        for k, i in enumerate(index):
            rows[i] = outputs[runner.graph.answer][k]
            for name in [name for name in outputs if name.endswith("_ids")]:
                ids.setdefault(name, [np.empty(0)] * count)[i] = trim(outputs[name][k])
    return np.array(rows, "float32"), ids


def export(
    run_path: str | Path, formats: Sequence[str], output: str | Path | None, overwrite: bool, say: Say = print
) -> tuple[Path, bool]:
    """Write the artefacts of a run, verify each, and only then give the folder its name.

    An existing folder is replaced by a proven one alone; what fails is left beside it as <name>.rejected.
    Returns the folder that was written, and whether every artefact passed.
    Raises InputError for a run that is none, an unknown format, or an existing folder without `overwrite`.
    """
    exact_products()
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
    """A model that answers, or one that writes."""
    if run.schema["task"] not in ("generate", "language_model"):
        return _fill_answers(run, formats, folder, title, say)
    from mmkeras.exporting_text import fill_text

    return fill_text(run, formats, folder, title, say)


def _fill_answers(run: Run, formats: Sequence[str], folder: Path, title: str, say: Say) -> bool:
    """Everything an exported folder holds, the proof last. title: the name it will have."""
    graph = load_graph(run)
    for entry in graph.inputs:
        if "tokenizer_files" in entry.facts:
            shutil.copytree(run.folder / entry.facts["tokenizer_files"], folder / entry.facts["tokenizer_files"])
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
    measured = metrics["validation"]
    held_out = {measured["score_name"]: measured["score"], "learned_since": metrics["folded"]}
    write_json(folder / "signature.json", {**graph.signature(), "artefacts": artefacts, "held_out": held_out})
    return verify(folder, say=say)
