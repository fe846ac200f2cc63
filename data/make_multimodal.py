"""python data/make_multimodal.py [flags]: make data/multimodal of this checkout, by `mmkeras.examples.multimodal`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mmkeras.examples.multimodal import main

if __name__ == "__main__":
    sys.exit(main(default=Path(__file__).parent / "multimodal"))
