"""The run folder: what one training leaves behind, as JSON, CSV and plain arrays. No Keras."""
