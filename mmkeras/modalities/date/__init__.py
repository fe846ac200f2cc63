"""Dates: the graph computes calendar features from a cell's bytes."""
