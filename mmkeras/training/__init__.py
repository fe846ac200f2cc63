"""Config -> run: the one way of every training, around one `model.fit`."""
