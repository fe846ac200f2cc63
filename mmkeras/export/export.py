"""A finished run -> exported/<name>/: the artefacts, their contract, the sample rows, and the proof."""

from __future__ import annotations

import importlib
import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from mmkeras.errors import InputError
from mmkeras.export.formats import FORMATS
from mmkeras.export.model_card import write_model_card
from mmkeras.runs.run import Run, open_run
from mmkeras.system.files import write_atomically, write_json
from mmkeras.system.progress import Say
from mmkeras.system.tensorflow import exact_products, native_noise_muted
from mmkeras.tasks.prediction.load import load_graph
from mmkeras.tasks.prediction.samples import write_samples
from mmkeras.verification.verify import verify


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
    from mmkeras.export.export_text import fill_text

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
