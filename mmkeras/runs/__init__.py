"""The run folder: the output of one training, as JSON, CSV and plain arrays. No Keras."""
