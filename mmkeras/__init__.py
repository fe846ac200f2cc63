"""One table in; a Keras model, a SavedModel, a LiteRT and an ONNX file out, each verified on held-out rows.

    import mmkeras

    run = mmkeras.train("products.csv", image="photo", target="season", epochs=10)
    exported = mmkeras.export(run, formats=("tflite", "onnx"))
    model = mmkeras.load("exported/products/predict.tflite")
    model({"title": "Wool coat", "photo": "coat.jpg"}).label

Importing this package imports nothing else: public names are loaded on first use, and a client that only predicts from
a `.tflite` or `.onnx` file loads neither TensorFlow nor Keras. Where Keras is imported, before or after, it knows the
layers of this package: `keras.models.load_model("runs/x/model.keras")`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from mmkeras.system.keras_classes import make_known

if TYPE_CHECKING:
    from mmkeras.api import FinishedRun, compare, export, load, load_run, shrink, train, verify
    from mmkeras.config.config import Config
    from mmkeras.errors import InputError
    from mmkeras.generation.scored import Scored
    from mmkeras.generation.text_model import TextModel
    from mmkeras.results.history import History
    from mmkeras.results.verification import Exported, Verification, VerificationError
    from mmkeras.runtime.predictor import Prediction, Predictor
    from mmkeras.tasks.raw_rows import raw_inputs, raw_rows

__version__ = "0.2.0"
__all__ = [
    "Config",
    "Exported",
    "FinishedRun",
    "History",
    "InputError",
    "Prediction",
    "Predictor",
    "Scored",
    "TextModel",
    "Verification",
    "VerificationError",
    "compare",
    "export",
    "load",
    "load_run",
    "raw_inputs",
    "raw_rows",
    "shrink",
    "train",
    "verify",
]

HOMES: Final = {
    **dict.fromkeys(
        ("FinishedRun", "compare", "export", "load", "load_run", "shrink", "train", "verify"), "mmkeras.api"
    ),
    **dict.fromkeys(("Exported", "Verification", "VerificationError"), "mmkeras.results.verification"),
    **dict.fromkeys(("Prediction", "Predictor"), "mmkeras.runtime.predictor"),
    "Config": "mmkeras.config.config",
    "History": "mmkeras.results.history",
    "InputError": "mmkeras.errors",
    "Scored": "mmkeras.generation.scored",
    "TextModel": "mmkeras.generation.text_model",
    **dict.fromkeys(("raw_inputs", "raw_rows"), "mmkeras.tasks.raw_rows"),
}
"""Public name -> the module that defines it."""

make_known()


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'mmkeras' has no attribute {name!r}; public names: {', '.join(__all__)}.")
    value = globals()[name] = getattr(importlib.import_module(HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
