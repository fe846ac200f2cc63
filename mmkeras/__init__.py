"""One CSV in; a Keras model, a SavedModel, a LiteRT and an ONNX file out, each proven on real rows.

Importing this package imports neither TensorFlow nor Keras: a client that only answers from a `.tflite` or
`.onnx` file must start in a fraction of a second.
"""

__version__ = "0.2.0"
