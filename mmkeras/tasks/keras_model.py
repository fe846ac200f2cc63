"""The Keras model of a run, raw inputs -> answer, as `keras.models.load_model` gives it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmkeras.config.tasks import generates_text
from mmkeras.modalities.adapt import reading
from mmkeras.own_layers.folder import custom_objects
from mmkeras.runs.run import open_run
from mmkeras.system.keras_file import holds_core
from mmkeras.system.tensorflow import import_tensorflow
from mmkeras.tasks import load_task
from mmkeras.tasks.text_generation.load import load_next_token
from mmkeras.tasks.weights import check_finite, check_size


def load_keras_model(folder: Path) -> Any:
    """The model in a run's model.keras; of a run before 0.3, whose file has no raw inputs, the same model rebuilt.

    Raises InputError for a folder that is not a run, or is damaged.
    """
    run = open_run(folder)
    import_tensorflow()
    import keras

    path = run.folder / "model.keras"
    with reading(path):
        check_size(path)
        is_core = holds_core(path)
        known = custom_objects(run.folder)
        model = None if is_core else keras.models.load_model(path, custom_objects=known)
    if model is not None:
        check_finite(model, path)
        return model
    if generates_text(run.schema["task"]):
        return load_next_token(run)
    (graph,) = load_task(run.schema["task"]).graphs(run).values()
    return keras.Model(graph.model.input, graph.model.output[graph.answer], name=graph.name)
