"""One runtime of a multimodal model, loaded once; it takes turns with the others (`measure.Server`).

    python -m benchmarks.multimodal.client WAY PLACE SAMPLES ROWS

WAY: `artefact` (PLACE is a .tflite, .onnx or SavedModel), `call` or `predict` (PLACE is a run), `matmul` (any PLACE).
Documents are rows of SAMPLES (sample_inputs.npz) as arrays: first ROWS rows with pictures in the size of their files,
then the same rows with pictures in the model's size. A document of `matmul` is a product of two float32 matrices.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.client import serve
from mmkeras.modalities.image.cells import pixels_of
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.runtime.feeds import to_arrays
from mmkeras.verification.samples import load_samples

SIDE = 384  # of the square matrices: they fit the second-level cache, as the matrices of a small model do
MATMUL_FLOP = 2 * SIDE**3

Arrays = dict[str, np.ndarray]
Answer = Callable[[Any], Any]  # the arrays of one row -> its answer


def open_keras(place: str, by_predict: bool) -> tuple[Answer, Sequence[Any]]:
    """The run's Keras model, by `model.predict` or called as a function; and the inputs of its signature."""
    import mmkeras
    from mmkeras.api import FinishedRun

    run = FinishedRun(Path(place))
    predictor: Any = mmkeras.load(run)  # a Predictor
    signature, model = predictor.signature, run.model
    if by_predict:
        return lambda arrays: model.predict(arrays, verbose=0), signature["inputs"]
    name = signature["outputs"][0]["name"]
    return lambda arrays: np.asarray(model(arrays, training=False)[name]), signature["inputs"]


def open_file(place: str) -> tuple[Answer, Sequence[Any]]:
    """An artefact on one thread, arrays in; `mmkeras.load` leaves the number of threads to the runtime."""
    from mmkeras.runtime.runners import open_artefact

    runner = open_artefact(place, threads=1)
    outputs = [str(runner.signature["outputs"][0]["name"])]
    return lambda arrays: runner(arrays, outputs), runner.signature["inputs"]


def rows_of(samples_path: str, inputs: Sequence[Any], count: int) -> list[Arrays]:
    """`count` rows as arrays, pictures in the size of their files; then the same rows, pictures in the model's size."""
    values = dict(load_samples(Path(samples_path)).inputs)
    rows = [to_arrays(values, inputs, [i]) for i in range(count)]
    for input_spec in inputs:
        if input_spec["kind"] == "image":
            name, size = input_spec["name"], input_spec["size"]
            values[name] = [None if v is None else resize_pixels(pixels_of(v), size) for v in values[name]]
    return rows + [to_arrays(values, inputs, [i]) for i in range(count)]


def main(way: str, place: str, samples: str, count: str) -> None:
    """Load, and take turns until the input ends."""
    if way == "matmul":
        rng = np.random.default_rng(0)
        a, b = (rng.normal(size=(SIDE, SIDE)).astype("float32") for _ in range(2))
        serve(lambda row: a @ b, [None] * 2 * int(count))
    else:
        answer, inputs = open_file(place) if way == "artefact" else open_keras(place, by_predict=way == "predict")
        serve(answer, rows_of(samples, inputs, int(count)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for argument in ("way", "place", "samples", "rows"):
        parser.add_argument(argument)
    main(*vars(parser.parse_args()).values())
