"""The one error a user may cause: a sentence to read, never a traceback."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message says what happened and where (file, row, column, path), what was expected, what was received,
    and what to do. The command line prints it alone and exits with code 2.
    """


class BadCell(ValueError):
    """One cell cannot be read; the message says why. Its row goes to bad_rows.csv, the others go on."""
