"""Text classification: mmkeras and its peers on three sets of news, and what the default model's choices are worth."""
