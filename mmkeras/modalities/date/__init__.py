"""Dates: the graph makes a calendar's numbers of a cell's bytes."""
