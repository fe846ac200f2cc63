"""UTF-8 bytes -> token hashes -> row numbers of a vocabulary, inside the graph."""
