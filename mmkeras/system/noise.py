"""Messages of native libraries, written straight to file descriptor 2, are kept off the screen while they start.

TensorFlow logs its CPU features, oneDNN notices and, on a machine without a GPU, CUDA errors before any logging level
is read; LiteRT tells of its delegate, ONNX Runtime of the devices it looks for. When the block raises or the process
dies in it, what may explain that is printed after all.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, Any, Final

from mmkeras.errors import InputError

LEVEL: Final = "TF_CPP_MIN_LOG_LEVEL"
CHATTER: Final = (
    r"^I[0-9]{4} |^[0-9: .-]+: I |^INFO: |^WARNING: All log messages before absl|oneDNN|cuInit|cuda drivers"
    r"|GPU device discovery failed"
)
"""A regular expression, of Python and of grep, of lines that explain no failure."""
WATCH: Final = 'read -r end || { cat /dev/fd/"$1" | grep -vE "$2" >&2; }'
"""A shell waits for a line. Where its input ends without one, this process has died, and the messages are printed."""

NOTHING: Final[contextlib.AbstractContextManager[None]] = contextlib.nullcontext()

_muting = threading.Lock()
_told: set[str] = set()


def is_wanted() -> bool:
    """Has the user asked for the libraries' messages, with TF_CPP_MIN_LOG_LEVEL=0 or 1?"""
    return os.environ.get(LEVEL) in ("0", "1")


@contextlib.contextmanager
def native_noise_muted() -> Iterator[None]:
    """Mute file descriptor 2 inside the block, and with it sys.stderr, unless the messages are wanted."""
    if is_wanted() or not _muting.acquire(blocking=False):  # muted already, maybe in another thread
        yield
        return
    try:
        with _muted():
            yield
    finally:
        _muting.release()


@contextlib.contextmanager
def _muted() -> Iterator[None]:
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        saved = os.dup(2)
    except OSError:  # closed
        yield
        return
    with tempfile.TemporaryFile() as messages, _watched(messages, saved):
        os.dup2(messages.fileno(), 2)
        try:
            yield
        except Exception as error:
            if not isinstance(error, InputError):  # a sentence, which needs no more
                messages.seek(0)
                os.write(saved, without_chatter(messages.read()))
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def muted_at_first(what: str) -> contextlib.AbstractContextManager[None]:
    """`native_noise_muted` for the first block of a process with this name, nothing for the others: they are fast."""
    if what in _told:
        return NOTHING
    _told.add(what)
    return native_noise_muted()


def keep_messages() -> None:
    """Mute nothing from now on: the parent process keeps what this one writes to descriptor 2."""
    _muting.acquire(blocking=False)


def without_chatter(messages: bytes) -> bytes:
    """The lines that may explain a failure."""
    chatter = re.compile(CHATTER.encode())
    return b"".join(line for line in messages.splitlines(keepends=True) if not chatter.search(line))


@contextlib.contextmanager
def _watched(messages: IO[bytes], saved: int) -> Iterator[None]:
    """Print the messages to the descriptor `saved` if this process dies in the block."""
    number = messages.fileno()
    command = ["/bin/sh", "-c", WATCH, "sh", str(number), CHATTER]
    options: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": saved}
    try:
        # a session of its own: Ctrl-C is not for it
        watch = subprocess.Popen(command, pass_fds=[number], start_new_session=True, **options)
    except OSError:  # no shell
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            watch.communicate(b"end\n")
