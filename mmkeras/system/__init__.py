"""The machine: files, processes, progress, TensorFlow's settings. Knows nothing of mmkeras' data or models."""
