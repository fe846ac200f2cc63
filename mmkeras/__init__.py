"""One table in; a Keras model, a SavedModel, a LiteRT and an ONNX file out, each verified on held-out rows.

    import mmkeras

    run = mmkeras.train("products.csv", image="photo", target="season", epochs=10)
    exported = mmkeras.export(run, formats=("tflite", "onnx"))
    model = mmkeras.load("exported/products/predict.tflite")
    model({"title": "Wool coat", "photo": "coat.jpg"}).label

Importing this package imports nothing else: public names are loaded on first use, and a client that only predicts from
a `.tflite` or `.onnx` file loads neither TensorFlow nor Keras.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mmkeras.api import VerificationError, compare, export, load, train, verify
    from mmkeras.config.config import Config
    from mmkeras.errors import InputError

__version__ = "0.2.0"
__all__ = ["Config", "InputError", "VerificationError", "compare", "export", "load", "train", "verify"]

HOMES: Final = dict.fromkeys(("VerificationError", "compare", "export", "load", "train", "verify"), "mmkeras.api") | {
    "Config": "mmkeras.config.config",
    "InputError": "mmkeras.errors",
}
"""Public name -> the module that defines it."""


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'mmkeras' has no attribute {name!r}; public names: {', '.join(__all__)}.")
    value = globals()[name] = getattr(importlib.import_module(HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
