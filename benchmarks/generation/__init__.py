"""Text generation: perplexity, translations, captions, transcripts, replies; speed of decoding and of training."""
