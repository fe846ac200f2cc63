"""A terminal that a test types on and reads from."""

from __future__ import annotations

import os
import select
import time

SECONDS = 120.0  # to wait for a text at most


class Screen:
    """The master end of a pseudo-terminal. text: all that the program has written."""

    def __init__(self, terminal: int) -> None:
        self.terminal, self.text, self.seen = terminal, "", 0

    def type(self, text: str) -> None:
        """Type a text; Enter is a newline, Ctrl-D \\x04."""
        os.write(self.terminal, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until the program has written a text behind the last one that was waited for."""
        end = time.monotonic() + SECONDS
        while text not in self.text[self.seen :]:
            if time.monotonic() > end:
                raise AssertionError(f"{text!r} has not come; the screen: {self.text!r}")
            if select.select([self.terminal], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.terminal, 4096).decode("utf-8", "replace")
                except OSError:  # the program has ended
                    raise AssertionError(f"{text!r} has not come; the screen: {self.text!r}") from None
        self.seen = self.text.index(text, self.seen) + len(text)
