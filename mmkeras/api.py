"""What a notebook calls: train, export, verify, load."""

from __future__ import annotations

from pathlib import Path

from mmkeras.errors import InputError
from mmkeras.generation.generator import Writer, open_writer
from mmkeras.runtime.exported import SIGNATURE, read_signature
from mmkeras.runtime.runners import Runner, open_artefact


def open_model(path: str | Path) -> Runner:
    """A Runner for a .tflite or .onnx file, a SavedModel folder, or a run (the only one that needs Keras)."""
    path = Path(path)
    if path.is_dir() and (path / "config.json").exists():
        from mmkeras.runs.run import open_run
        from mmkeras.tasks import load_task
        from mmkeras.tasks.reference import KerasRunner

        run = open_run(path)
        task = load_task(run.schema["task"])
        if task.ANSWERS == "texts":
            raise writes(path)
        (graph,) = task.graphs(run).values()
        return KerasRunner(graph)
    if path.is_dir() and (path / SIGNATURE).exists():
        signature = read_signature(path)
        if signature.answers == "texts":
            raise writes(path)
        *others, last = [f"{path}/{file}" for artefact in signature.artefacts.values() for file in artefact.files]
        names = f"{', '.join(others)} or {last}" if others else last
        raise InputError(f"{path}: this folder holds artefacts; name one: {names}.")
    runner = open_artefact(path)
    if "targets" not in runner.signature:
        raise writes(path)
    return runner


def writes(path: str | Path) -> InputError:
    """The error for a model that does not answer."""
    return InputError(f"{path}: this model writes texts, it answers no rows. Use: mmkeras generate, with the folder.")


def open_any(path: str | Path, form: str | None) -> Writer:
    """An exported folder by one of its formats, or a run by the trained model itself."""
    from mmkeras.runs.folder import is_run
    from mmkeras.runs.run import open_run

    if not is_run(Path(path)):
        return open_writer(path, form)
    from mmkeras.tasks import load_task  # late: TensorFlow and Keras
    from mmkeras.tasks.reference import trained_writer

    run = open_run(path)
    task = load_task(run.schema["task"])
    pieces = task.assets(run).pieces
    if pieces is None:
        raise InputError(f"{path}: this model answers, it does not write. Use: mmkeras predict {path} your.csv")
    return trained_writer(task.graphs(run), pieces, run.folder)
