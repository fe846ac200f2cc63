"""The page that explains a run: its JSON and CSV files in, one self-contained report.html out.

`files` and `held_out` read the run folder; `classes`, `labels`, `numbers` and `writing` (by the task), `modalities` and
`findings` work out what is worth saying; `mistakes` and `media` show the rows that went wrong; `plots` draws; `page`
names the template and the facts of each task, and fills it. `ablation` does the same for many runs.
Nothing here imports TensorFlow, Keras or scikit-learn: a report can be made again wherever the run folder is.
"""

import logging

# Where the home folder cannot be written, matplotlib explains its font cache at every import: no news to who trains.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
