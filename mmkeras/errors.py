"""The one error a user may cause: a sentence to read, never a traceback."""


class InputError(ValueError):
    """Something the user gave cannot be used.

    The message says what happened and where (file, row, column, path), what was expected, what was received,
    and what to do. The command line prints it alone and exits with code 2.
    """
