"""One way of asking a multimodal model, loaded once; it takes turns with the others (`measure.Server`).

    python -m benchmarks.multimodal.client WAY PLACE SAMPLES ROWS

WAY: `artefact` (PLACE is a .tflite, .onnx or SavedModel), `call` or `predict` (PLACE is a run), `matmul` (any PLACE).
Documents are rows of SAMPLES (sample_inputs.npz) as arrays: first ROWS with pictures of their own size, then the same
with pictures of the model's size. A document of `matmul` is a product of two float32 matrices.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.client import serve
from mmkeras.modalities.image.cells import pixels_of
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.runtime.feeds import to_arrays
from mmkeras.verification.samples import load_samples

SIDE = 384  # of the square matrices: they fit the second cache, as a small model's do
MATMUL_FLOP = 2 * SIDE**3

Arrays = dict[str, np.ndarray]
Ask = Callable[[Any], Any]


def open_keras(place: str, whole: bool) -> tuple[Ask, Sequence[Any]]:
    """The run's Keras model: `model.predict`, or the model called as a function; and the inputs of its signature."""
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph

    graph = load_graph(open_run(place))
    model, inputs = graph.model, graph.signature()["inputs"]
    if whole:
        return lambda arrays: model.predict(arrays, verbose=0), inputs
    return lambda arrays: np.asarray(model(arrays, training=False)[graph.answer]), inputs


def open_file(place: str) -> tuple[Ask, Sequence[Any]]:
    """An artefact on one thread, by the product's runner."""
    from mmkeras.runtime.runners import open_artefact

    runner = open_artefact(place, threads=1)
    answer = [str(runner.signature["outputs"][0]["name"])]
    return lambda arrays: runner(arrays, answer), runner.signature["inputs"]


def rows_of(samples_path: str, inputs: Sequence[Any], count: int) -> list[Arrays]:
    """`count` rows as arrays, pictures as they are; then the same rows, pictures of the model's size."""
    values = dict(load_samples(Path(samples_path)).inputs)
    rows = [to_arrays(values, inputs, [i]) for i in range(count)]
    for entry in inputs:
        if entry["kind"] == "image":
            some = [None if v is None else resize_pixels(pixels_of(v), entry["size"]) for v in values[entry["name"]]]
            values[entry["name"]] = some
    return rows + [to_arrays(values, inputs, [i]) for i in range(count)]


def main(way: str, place: str, samples: str, count: str) -> None:
    """Load, and take turns until the input ends."""
    if way == "matmul":
        rng = np.random.default_rng(0)
        a, b = (rng.normal(size=(SIDE, SIDE)).astype("float32") for _ in range(2))
        serve(lambda row: a @ b, [None] * 2 * int(count))
    else:
        ask, inputs = open_file(place) if way == "artefact" else open_keras(place, whole=way == "predict")
        serve(ask, rows_of(samples, inputs, int(count)))


if __name__ == "__main__":
    main(*sys.argv[1:])
