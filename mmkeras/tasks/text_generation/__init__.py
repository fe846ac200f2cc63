"""Tasks that answer with a text: translation, captions, language models."""
