"""Checks of the flags that say how a CSV file is written."""

from __future__ import annotations

from typing import Final

from mmkeras.config.data import Dialect
from mmkeras.errors import InputError

_WORDS: Final = {"\\t": "\t", "tab": "\t", "space": " "}


def check_dialect(dialect: Dialect) -> str | None:
    """The delimiter that the user names; None to detect it.

    Raises InputError for a flag that is no single sign, and for flags that contradict each other.
    """
    delimiter = dialect.delimiter
    if delimiter is not None:
        delimiter = _WORDS.get(delimiter, delimiter)
        if len(delimiter) != 1 or delimiter in '"\r\n\0':
            raise InputError(
                f"--delimiter {delimiter!r}: expected one character, such as ',' ';' '|', or the word tab or space."
            )
    for flag, sign in (("escape", dialect.escape), ("comment", dialect.comment)):
        if sign not in (None, "none") and (len(sign) != 1 or sign in "\"'\r\n\0" or sign.isalnum()):
            usual = "\\" if flag == "escape" else "#"
            raise InputError(f"--{flag} {sign!r}: expected one character, such as '{usual}', or the word none.")
        if sign is not None and sign == delimiter:
            raise InputError(f"--{flag} {sign!r}: it is also the --delimiter. Choose different characters.")
    if dialect.escape is not None and dialect.escape == dialect.comment != "none":
        raise InputError(f"--escape and --comment are both {dialect.escape!r}. Choose different characters.")
    if dialect.skip_lines is not None and dialect.skip_lines < 0:
        raise InputError(f"--skip-lines {dialect.skip_lines}: expected a whole number of lines, 0 or more.")
    if dialect.no_header and dialect.with_header:
        raise InputError("--no-header and --with-header contradict each other: give the one that is true.")
    return delimiter
