"""Open a run, an exported folder or an artefact by its path. Keras is imported for a run only."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mmkeras.config import tasks as config_tasks
from mmkeras.config.presets import is_preset
from mmkeras.errors import InputError
from mmkeras.runs.recovery import bring_back
from mmkeras.runtime.choice import choose
from mmkeras.runtime.exported import SIGNATURE, check_format, open_chosen, read_signature
from mmkeras.runtime.runners import Runner, open_artefact
from mmkeras.system.program import call
from mmkeras.system.progress import Log

if TYPE_CHECKING:
    from mmkeras.generation.generator import TextGenerator


def generates_text(path: Path) -> bool:
    """Does a run or an exported folder hold a model that generates text?"""
    bring_back(path)
    if path.is_dir() and (path / "config.json").exists():
        from mmkeras.runs.run import open_run

        return config_tasks.generates_text(open_run(path).schema["task"])
    return path.is_dir() and (path / SIGNATURE).exists() and read_signature(path).answers == "texts"


def open_model(
    path: str | Path, format_name: str | None = None, log: Log = lambda _: None, threads: int | None = None
) -> Runner:
    """A Runner for an artefact, an exported folder (its fastest artefact), or a run (the only one that needs Keras).

    format_name: the artefact of an exported folder. threads: of one call of an artefact, None for the runtime's choice.
    Logs which artefact of a folder is chosen.
    """
    path = Path(path)
    check_format(format_name)
    bring_back(path)
    if format_name and not (path / SIGNATURE).exists():
        raise InputError(f"--format {format_name}: {path} is no exported folder, and holds one model. Leave it out.")
    if path.is_dir() and (path / "config.json").exists():
        from mmkeras.runs.run import open_run
        from mmkeras.tasks import load_task
        from mmkeras.tasks.reference import KerasRunner

        run = open_run(path)
        task = load_task(run.schema["task"])
        if task.ANSWERS == "texts":
            raise predicts_no_rows(path)
        (graph,) = task.graphs(run).values()
        return KerasRunner(graph)
    if path.is_dir() and (path / SIGNATURE).exists():
        signature = read_signature(path)
        if signature.answers == "texts":
            raise predicts_no_rows(path)
        choice = choose(path, signature.artefacts, format_name)
        why = f": {choice.why} (--format names another)" if choice.why else ""
        log(f"answered by {path / choice.artefact.files[0]}{why}")
        (runner,) = open_chosen(path, choice, threads).values()
        return runner
    if path.is_dir() and (path / "savedmodel").is_dir():
        raise InputError(
            f"{path}: this folder holds several artefacts; name one: {path}/predict.tflite, {path}/predict.onnx or "
            f"{path}/savedmodel/1."
        )
    runner = open_artefact(path, threads)
    if "targets" not in runner.signature:
        raise predicts_no_rows(path)
    return runner


def predicts_no_rows(path: str | Path) -> InputError:
    """The error for a model that generates text where a model that predicts rows is expected."""
    path = Path(path)
    places = (path, *path.parents[:2])  # an artefact's exported folder is its parent, or that of savedmodel/1
    folder = next((p for p in places if (p / "config.json").exists() or (p / SIGNATURE).exists()), path)
    return InputError(f"{path}: this model generates text, it does not predict rows. Use: {call('generate', folder)}")


def open_text_generator(path: str | Path, format_name: str | None) -> TextGenerator:
    """A model that generates text: the artefacts of an exported folder, or the trained model of a run."""
    from mmkeras.generation.generator import open_generator
    from mmkeras.runs.recovery import is_run
    from mmkeras.runs.run import open_run

    check_format(format_name)
    bring_back(Path(path))
    if not is_run(Path(path)):
        return open_generator(path, format_name)
    from mmkeras.tasks import load_task  # late: TensorFlow and Keras
    from mmkeras.tasks.reference import trained_generator

    run = open_run(path)
    task = load_task(run.schema["task"])
    tokenizer = task.assets(run).tokenizer
    if tokenizer is None:
        raise InputError(
            f"{path}: this model predicts rows, it does not generate text. Use: {call('predict', path, 'your.csv')}"
        )
    return trained_generator(task.graphs(run), tokenizer, run.folder)


@contextlib.contextmanager
def quick_start(path: str | Path) -> Iterator[None]:
    """Open a run in the block: Keras starts without the libraries that only presets need, and the collector rests."""
    from mmkeras.runs.recovery import is_run

    if not is_run(Path(path)):
        yield
        return
    from mmkeras.config.json_file import read_config
    from mmkeras.system.tensorflow import collector_paused, import_tensorflow, without_extras

    config = read_config(Path(path) / "config.json")
    with collector_paused():
        if not any(map(is_preset, (config.text.text_encoder, config.image.image_encoder))):
            with without_extras():
                import_tensorflow()
                import keras_hub  # noqa: F401
        yield
