"""`serving_default` of a SavedModel: what TF Serving's clients send, strings and files."""
