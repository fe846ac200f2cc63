"""A Graph -> files. To add a format: one module with `export(graph, folder) -> path`, one line here."""

FORMATS = {
    "savedmodel": "mmkeras.exporters.savedmodel",
    "tflite": "mmkeras.exporters.tflite",
    "onnx": "mmkeras.exporters.onnx",
}
