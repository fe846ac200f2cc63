"""Text, images, audio and numbers: accuracy, parity of the formats, latency, memory, and waits for input."""
