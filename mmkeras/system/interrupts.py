"""Ctrl-C, SIGTERM and SIGHUP. The first one ends a command through its `finally` blocks: no half file, no process left.

The second one ends the process at once, also where the main thread is in native code that does not return: Python's
signal handlers run in the main thread alone, so a thread of its own listens to the wakeup descriptor.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from subprocess import Popen
from typing import Any, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AGAIN: Final = 0.02  # seconds after which an interruption that was not seen is raised again
WAKES: Final = 8  # at AGAIN seconds from one another
SAME: Final = 0.3  # seconds in which a second signal is the same key press: a wrapper passes on what all processes get

_current: Signals | None = None  # of the command that runs

children: weakref.WeakSet[Popen[Any]] = weakref.WeakSet()
"""Processes that end with this one."""


class Signals:
    """The signals that a command has received."""

    def __init__(self) -> None:
        self.first: int | None = None
        self.at = -SAME
        self.raised = -SAME  # when the main thread saw the last one; it alone writes it

    @property
    def code(self) -> int:
        """The exit code, as a shell gives it: 130 for Ctrl-C."""
        return 128 + (self.first or signal.SIGINT)

    def receive(self, number: int) -> bool:
        """Note a signal; the second one ends the process. Is it a new one?"""
        now = time.monotonic()
        if now - self.at < SAME:  # also: what a prompt has handled before the thread hears of it
            return False
        if self.first is not None:
            end_at_once(128 + number)
        self.first, self.at = number, now
        return True


def handled() -> bool:
    """Was it Ctrl-C that a prompt has answered with the next question? Then the next one is the first again."""
    if _current is not None and _current.first in (None, signal.SIGINT):
        _current.first = None
    return _current is None or _current.first is None


def end_at_once(code: int) -> None:
    """Leave without unwinding. What is half written has a temporary name, and the next command deletes it."""
    for child in list(children):
        with contextlib.suppress(OSError):
            child.kill()
    with contextlib.suppress(OSError):
        os.write(2, b"\rended at once\n")
    os._exit(code)


@contextlib.contextmanager
def listening() -> Iterator[Signals]:
    """In the block a signal raises KeyboardInterrupt; a second one ends the process. In the main thread alone."""
    global _current
    signals = Signals()
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return

    def unwind(number: int, _: Any) -> None:
        signals.raised = time.monotonic()
        if signals.first is None:  # the thread may be slower
            signals.receive(number)
        raise KeyboardInterrupt

    def not_raised(unraisable: Any) -> None:
        # in a weak reference's callback or a __del__, where Python swallows it: raised again a moment later
        if signals.first is None or unraisable.exc_type is not KeyboardInterrupt:
            hook(unraisable)
        else:
            signals.raised = -SAME
            threading.Thread(target=_wake, args=(signals, signals.first), daemon=True).start()

    # an ignored signal stays ignored: nohup, and a command in the background
    before = {number: signal.getsignal(number) for number in SIGNALS}
    changed = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    earlier = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_listen, args=(reading, signals), daemon=True).start()
    for number in changed:
        signal.signal(number, unwind)
    hook, sys.unraisablehook = sys.unraisablehook, not_raised
    _current = signals
    try:
        yield signals
    finally:
        _current = None
        sys.unraisablehook = hook
        for number in changed:
            signal.signal(number, before[number])
        signal.set_wakeup_fd(earlier)
        os.close(writing)  # the thread reads the end, and closes its side


def _listen(reading: int, signals: Signals) -> None:
    """Note each signal when it comes."""
    with contextlib.suppress(OSError):
        while numbers := os.read(reading, 16):
            for number in numbers:
                if number in SIGNALS and signals.receive(number):
                    _wake(signals, number)
    os.close(reading)


def _wake(signals: Signals, number: int) -> None:
    """Send the main thread a signal that it has not seen: its wait began in that moment, or Python swallowed it."""
    main = threading.main_thread().ident
    for _ in range(WAKES):
        time.sleep(AGAIN)
        if time.monotonic() - signals.raised < SAME or _current is not signals or main is None:
            return
        signals.at = time.monotonic()  # it is the same key press, not a second one
        signal.pthread_kill(main, number)  # it also ends a wait


@contextlib.contextmanager
def deferred() -> Iterator[None]:
    """A signal waits for the end of the block, which is short and belongs together. In the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    before = {number: signal.getsignal(number) for number in SIGNALS}
    changed = {number: handler for number, handler in before.items() if callable(handler)}
    for number in changed:
        signal.signal(number, lambda number, _: received.append(number))
    try:
        yield
    finally:
        for number, handler in changed.items():
            signal.signal(number, handler)
    if received:
        changed[signal.Signals(received[0])](received[0], sys._getframe())
