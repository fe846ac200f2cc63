"""Arrays for `model.fit`: the features of a split, cached on disk, as batches."""
