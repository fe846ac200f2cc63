"""Tasks that answer a row with classes, labels or numbers."""
