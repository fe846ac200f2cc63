"""`python -m benchmarks.news`: run.py."""

import sys

from benchmarks.news.run import main

sys.exit(main())
