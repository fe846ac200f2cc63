"""python data/make_news.py [flags]: make data/news.csv of this checkout. `mmkeras.examples.news` does the work."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from mmkeras.examples.news import main

if __name__ == "__main__":
    sys.exit(main(default=Path(__file__).parent / "news.csv"))
