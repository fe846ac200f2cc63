"""Text: bytes in, tokens, vocabularies and bags of features in the graph."""
