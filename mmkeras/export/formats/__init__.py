"""A Graph -> files. To add a format: one module with `export(graph, folder) -> path`, one line here."""

FORMATS = {
    "savedmodel": "mmkeras.export.formats.savedmodel",
    "tflite": "mmkeras.export.formats.tflite",
    "onnx": "mmkeras.export.formats.onnx",
}
