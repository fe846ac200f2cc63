"""The cells of a column: missing marks, numbers in any notation, one identity of a value, and cells made clean."""
