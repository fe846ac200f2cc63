"""BERT's WordPiece tokenizer inside the graph."""
