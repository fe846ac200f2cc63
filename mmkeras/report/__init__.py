"""The page that explains a run: its JSON and CSV files in, one self-contained report.html out.

`files` reads the run folder, `findings` works out what is worth saying, `plots` draws, `page` fills report.html.j2.
Nothing here imports TensorFlow, Keras or scikit-learn: a report can be made again wherever the run folder is.
"""

import logging

# Where the home folder cannot be written, matplotlib explains its font cache at every import: no news to who trains.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
