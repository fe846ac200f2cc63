"""A finished run -> exported/<name>/: the artefacts, their contract, the sample rows, and the proof."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmkeras.errors import InputError
from mmkeras.exporting.estimates import Estimates
from mmkeras.exporting.formats import Exporter, load_exporter
from mmkeras.exporting.model_card import write_model_card
from mmkeras.exporting.replacement import replacement
from mmkeras.graph import (
    FLOAT32,
    INTERNAL,
    Answers,
    Artefact,
    CallableSignature,
    Graph,
    Signature,
    internal_outputs,
)
from mmkeras.runs.integrity import read_metrics
from mmkeras.runs.recovery import reading
from mmkeras.runs.run import Run, open_run
from mmkeras.runtime.exported import write_signature
from mmkeras.runtime.formats import FORMATS
from mmkeras.system.locks import locked
from mmkeras.system.malloc import return_freed_memory
from mmkeras.system.noise import native_noise_muted
from mmkeras.system.outputs import refuse_special
from mmkeras.system.progress import Log, not_silent
from mmkeras.system.tensorflow import disable_tf32
from mmkeras.tasks import load_task
from mmkeras.tasks.assets import Assets
from mmkeras.verification.samples import SAMPLES, save_samples, save_text_samples
from mmkeras.verification.tolerances import TOLERANCES
from mmkeras.verification.verify import Proof, verify

SAVE: dict[Answers, Callable[[Any, Path], None]] = {"numbers": save_samples, "texts": save_text_samples}
LINES: dict[Answers, str] = {"texts": "the trained model has generated texts for {} held-out rows"}  # it takes a while


def export(
    run_path: str | Path,
    formats: Sequence[str],
    output: str | Path | None,
    overwrite: bool,
    log: Log = print,
    precisions: Sequence[str] = (FLOAT32,),
    slim: bool = False,
) -> tuple[Path, Proof]:
    """Write the artefacts of a run, verify each, and only then give the folder its name.

    An existing folder is replaced only if every artefact passes; otherwise the new folder is left beside it, as
    <name>.rejected. precisions: each format writes those that it supports. slim: leave out the internal outputs, which
    answer no client; token ids are not compared then.
    Returns the folder that was written, and the proof, which is true where every artefact passed.
    Raises InputError for a folder that is no run, an unknown format or precision, or an existing folder without
    `overwrite`.
    """
    disable_tf32()
    return_freed_memory()
    run_folder = Path(run_path)
    folder = Path(output) if output else Path("exported") / run_folder.resolve().name
    unknown = [name for name in formats if name not in FORMATS]
    with reading(run_folder, log):
        run = open_run(run_folder)
        if unknown or not formats:
            raise InputError(
                f"--formats: unknown {', '.join(unknown) or '(none given)'}. Valid formats: {', '.join(FORMATS)}."
            )
        refuse_special(folder)
        if folder.resolve() == run_folder.resolve():
            raise InputError(f"{folder}: it is the run that is exported. Choose another --output.")
        with locked(folder), replacement(folder, overwrite, log) as partial:
            return partial.finish(_fill(run, formats, partial.path, folder.name, log, precisions, slim), log)


def writable(formats: Sequence[str], precisions: Sequence[str]) -> list[tuple[str, str]]:
    """The formats, each with every precision that it supports.

    Raises InputError for a format that supports none of the precisions, and for a precision that no format supports.
    """
    pairs = [(name, part) for name in formats for part in precisions if part in load_exporter(name).PRECISIONS]
    for name in formats:
        if not any(name == other for other, _ in pairs):
            supported = ", ".join(load_exporter(name).PRECISIONS)
            raise InputError(
                f"precisions: {name} is written in {supported} alone. Name one of them, or leave {name} out."
            )
    for part in precisions:
        if not any(part == other for _, other in pairs):
            raise InputError(f"precisions: none of {', '.join(formats)} is written in {part}. Leave it out.")
    return pairs


def check_tolerances(precisions: Sequence[str], answers: Answers) -> None:
    """Raise InputError for a precision without a tolerance for numbers or texts, whichever the model answers with."""
    for name in precisions:
        if name not in TOLERANCES or answers not in TOLERANCES[name].difference:
            verb = "generate text" if answers == "texts" else "answer with numbers"
            raise InputError(f"precisions: {name} has no tolerance for models that {verb}. Leave it out.")


def _fill(
    run: Run,
    formats: Sequence[str],
    folder: Path,
    title: str,
    log: Log,
    precisions: Sequence[str] = (FLOAT32,),
    slim: bool = False,
) -> Proof:
    """Write everything into an exported folder, verify last. title: the folder's final name."""
    with not_silent(log, "opening the run"):
        task = load_task(run.schema["task"])
        to_write = writable(formats, precisions)
        check_tolerances(precisions, task.ANSWERS)
        graphs, assets = task.graphs(run), task.assets(run)
    if slim:
        from mmkeras.exporting.slim import without_internal_outputs  # late: Keras

        graphs = {name: without_internal_outputs(graph) for name, graph in graphs.items()}
    assets.save(folder)
    copy_tokenizers(graphs, run, folder)
    with not_silent(log, "answering the held-out rows with the trained model"):
        samples = task.samples(graphs, run, folder)
    SAVE[task.ANSWERS](samples, folder / SAMPLES)
    if getattr(samples, "held_out", 0) > len(samples):
        log(
            f"{len(samples):,} of the {samples.held_out:,} held-out rows, evenly spaced, travel with the artefacts and "
            "are compared: all would take much memory and time"
        )
    if task.ANSWERS in LINES:
        log(LINES[task.ANSWERS].format(len(samples)))
    metadata = {**assets.metadata, **samples.metadata, **({"slim": True} if slim else {})}
    del samples  # their memory is for the conversions
    estimates = Estimates([name for name, _ in to_write])
    artefacts = [write_artefact(name, part, graphs, assets, folder, estimates, log) for name, part in to_write]
    metrics = read_metrics(run.folder)
    for line in above_budget(metrics, artefacts, folder):
        log(line)
    signature = signature_of(run, graphs, artefacts, metrics, metadata)
    write_signature(folder, signature)
    write_model_card(run, graphs, signature, metrics, folder, title)
    return verify(folder, log=log)


def above_budget(metrics: Mapping[str, Any], artefacts: Sequence[Artefact], folder: Path) -> Iterator[str]:
    """A sentence for each file that is larger than the size budget of the run, which another version has measured."""
    budget = metrics.get("size", {}).get("budget")
    for file in (folder / file for artefact in artefacts for file in artefact.files):
        if budget and file.is_file() and file.stat().st_size > budget:
            yield (
                f"{file.name}: {file.stat().st_size:,} bytes are more than the size budget of {budget:,}: the run was "
                "measured by another version of mmkeras. `mmkeras shrink` measures again"
            )


def copy_tokenizers(graphs: Mapping[str, Graph], run: Run, folder: Path) -> None:
    """Copy the files of tokenizers that run before a graph."""
    for graph_input in (graph_input for graph in graphs.values() for graph_input in graph.inputs):
        if "tokenizer_files" in graph_input.metadata:
            path = graph_input.metadata["tokenizer_files"]
            shutil.copytree(run.folder / path, folder / path)


def write_artefact(
    name: str,
    precision: str,
    graphs: Mapping[str, Graph],
    assets: Assets,
    folder: Path,
    estimates: Estimates,
    log: Log,
) -> Artefact:
    """Write all graphs in one format and precision; the callables are read from the written files."""
    began = time.perf_counter()
    return_freed_memory()
    exporter = load_exporter(name)
    with native_noise_muted(), not_silent(log, f"writing {name}", estimates.next):
        paths = exporter.export(graphs, assets, folder, precision)
        callables = callables_of(exporter, graphs, paths, folder)
    places = {graph: path.relative_to(folder).as_posix() for graph, path in paths.items()}
    artefact = Artefact(name, places, precision, callables)
    seconds = time.perf_counter() - began
    estimates.done(seconds)
    log(f"{artefact.key}: {', '.join(artefact.files)} written in {seconds:.1f} s{estimates.rest()}")
    return artefact


def callables_of(
    exporter: Exporter, graphs: Mapping[str, Graph], paths: Mapping[str, Path], folder: Path
) -> dict[str, CallableSignature]:
    """The functions that clients call in the written files. `max_bytes`: a fixed length, or else the graph's limit.

    `internal`: the outputs that answer no client.
    """
    limits = {i.name: i.max_bytes for graph in graphs.values() for i in graph.inputs if i.max_bytes}
    internal = {name for graph in graphs.values() for name in internal_outputs(graph.outputs)}
    callables = {}
    for path in dict.fromkeys(paths.values()):
        for name, (inputs, outputs) in exporter.callables(path).items():
            for input_spec in [spec for spec in inputs if spec["name"] in limits]:
                fixed = (input_spec["shape"] or [])[1:2]  # [batch, bytes]; a string has the batch alone
                input_spec["max_bytes"] = min([limits[input_spec["name"]], *filter(None, fixed)])
            for output_spec in [spec for spec in outputs if spec["name"] in internal]:
                output_spec[INTERNAL] = True
            callables[name] = CallableSignature(path.relative_to(folder).as_posix(), tuple(inputs), tuple(outputs))
    return callables


def signature_of(
    run: Run,
    graphs: Mapping[str, Graph],
    artefacts: Sequence[Artefact],
    metrics: Mapping[str, Any],
    metadata: Mapping[str, Any],
) -> Signature:
    """The folder's contract. metadata: of assets and samples; metadata that all graphs share is added."""
    contracts = {name: graph.contract for name, graph in graphs.items()}
    first, *others = (contract.metadata for contract in contracts.values())
    common = {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
    validation = metrics["validation"]
    return Signature(
        load_task(run.schema["task"]).ANSWERS,
        common.pop("task"),
        common.pop("target"),
        tuple(next(iter(graphs.values())).labels),
        contracts,
        {artefact.key: artefact for artefact in artefacts},
        {validation["score_name"]: validation["score"], "learned_since": bool(metrics.get("folded"))},
        {**common, **metadata},
    )
