"""python train.py [data.csv] [flags]: train a model on a CSV. `python train.py --help` lists the flags."""

import sys

from mmkeras.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
