"""What every benchmark uses: processes that are measured, the loop that times one document, scores, the machine."""
