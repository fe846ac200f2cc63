"""`mmkeras <command>`, and `python -m mmkeras <command>` where `mmkeras` is not on the PATH."""

import contextlib
import os
import signal
import sys


def run() -> int:
    """Run a command. Returns its exit code.

    Before it, where Python itself is at work, Ctrl-C ends the process without a traceback; after an interrupted command
    the process ends without the farewells of libraries.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, as in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mmkeras.cli.main import main

    code = main()
    if code > 128:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(run())
