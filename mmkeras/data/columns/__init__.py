"""The columns of a table: kind, role, reading; what must not be an input."""
