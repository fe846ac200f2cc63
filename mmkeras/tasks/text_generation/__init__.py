"""Tasks that generate text: translation, captions, language models."""
