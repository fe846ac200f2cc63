"""For every benchmark: measured processes, the loop that times one document, scores, the machine."""
