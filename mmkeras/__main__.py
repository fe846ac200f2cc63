"""`python -m mmkeras <command>`: the command line where `mmkeras` is not on the PATH."""

import sys

from mmkeras.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
