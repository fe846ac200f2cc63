"""The errors that a user can cause: a sentence, never a traceback."""


class InputError(ValueError):
    """A flag, file or value of the user cannot be used.

    The message says what happened and where (file, row, column, path), what was expected, what was received,
    and what to do. The command line prints it alone and exits with code 2.
    """


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a command that can be continued. The message says what is done, and the command that goes on.

    again: the command that goes on is the same one, without --overwrite; the message has none.
    """

    def __init__(self, message: str, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


class BadCell(ValueError):
    """One cell cannot be read; the message gives the reason. Its row goes to bad_rows.csv; the other rows are used."""
