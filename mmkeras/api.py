"""What a notebook calls: train, export, verify, load."""

from __future__ import annotations

from pathlib import Path

from mmkeras.errors import InputError
from mmkeras.generation.generator import Writer, open_writer
from mmkeras.runtime.runners import Runner, open_artefact

WRITING = ("generate", "language_model")  # tasks of models that do not answer


def open_model(path: str | Path) -> Runner:
    """A Runner for a .tflite or .onnx file, a SavedModel folder, or a run (the only one that needs Keras)."""
    path = Path(path)
    if path.is_dir() and (path / "config.json").exists():
        from mmkeras.runs.run import open_run
        from mmkeras.tasks.prediction.load import load_graph
        from mmkeras.tasks.reference import KerasRunner

        run = open_run(path)
        if run.schema["task"] in WRITING:
            raise writes(path)
        return KerasRunner(load_graph(run))
    if path.is_dir() and (path / "pieces.json").exists():
        raise writes(path)
    if path.is_dir() and (path / "savedmodel" / "1").is_dir():
        raise InputError(
            f"{path}: this folder holds several artefacts; name one: {path}/predict.tflite, {path}/predict.onnx or "
            f"{path}/savedmodel/1."
        )
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
    from mmkeras.tasks.reference import trained_writer  # late: TensorFlow and Keras
    from mmkeras.tasks.text_generation.load import load_graphs

    run = open_run(path)
    if run.schema["task"] not in ("generate", "language_model"):
        raise InputError(f"{path}: this model answers, it does not write. Use: mmkeras predict {path} your.csv")
    return trained_writer(*load_graphs(run), run.folder)
