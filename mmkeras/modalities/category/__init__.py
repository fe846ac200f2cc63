"""Categories: a cell's bytes as a whole are looked up in the graph."""
