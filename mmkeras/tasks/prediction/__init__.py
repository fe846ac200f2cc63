"""Tasks that predict classes, labels or numbers for a row."""
