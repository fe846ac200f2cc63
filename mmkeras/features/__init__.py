"""Arrays on the way to `model.fit`: features of a split, kept on disk, as batches."""
