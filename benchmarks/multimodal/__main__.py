"""`python -m benchmarks.multimodal`: accuracy.py."""

import sys

from benchmarks.multimodal.accuracy import main

sys.exit(main())
