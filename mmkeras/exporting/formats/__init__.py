"""Graphs -> files. To add a format: one module as below, one line here, and one in `runtime.exported.FORMATS`.

A module has PRECISIONS, the precisions it can write; `export(graphs, assets, folder, precision)`, which returns the
path of each graph; and `callables(path)`: what a client can call in a written file, name -> its inputs and outputs.
"""

FORMATS = {
    "savedmodel": "mmkeras.exporting.formats.savedmodel",
    "tflite": "mmkeras.exporting.formats.tflite",
    "onnx": "mmkeras.exporting.formats.onnx",
}
