"""Simple baselines on the same training and held-out rows: what a model has to be better than."""
