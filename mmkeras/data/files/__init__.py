"""A file's bytes -> rows of strings: encoding, dialect, header, and other formats than CSV."""
