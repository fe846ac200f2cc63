"""UTF-8 bytes -> hashes of tokens and n-grams -> row numbers of a vocabulary, inside the graph."""
