"""`python -m benchmarks.generation`: run.py."""

import sys

from benchmarks.generation.run import main

sys.exit(main())
