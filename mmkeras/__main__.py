"""`mmkeras <command>`, and `python -m mmkeras <command>` where `mmkeras` is not on the PATH."""

import signal
import sys


def run() -> int:
    """Run a command. Returns its exit code.

    Before and after it, where Python itself is at work, Ctrl-C ends the process without a traceback.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, as in the background
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mmkeras.cli.main import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
