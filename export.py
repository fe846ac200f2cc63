"""python export.py [run folder] [flags]: write a run as SavedModel, LiteRT and ONNX, each proven on held-out rows."""

import sys

from mmkeras.cli.main import main

if __name__ == "__main__":
    sys.exit(main(["export", *sys.argv[1:]]))
