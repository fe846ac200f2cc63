"""Version 2 of tokens: marks are tokens, boundaries are features, one key a feature, a graph of few operations."""
