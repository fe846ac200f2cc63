"""CSV -> checked rows -> split -> targets. pandas and NumPy; no TensorFlow."""
