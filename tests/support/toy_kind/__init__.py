"""Colours such as #ff8800: a small kind of column, as docs/extending.md shows it."""
