"""Damaged and hostile files: seeded mutations of each kind of file, and what becomes of the program that opens it."""
