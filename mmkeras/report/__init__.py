"""The report of a run: its JSON and CSV files in, one self-contained report.html out.

`files` and `held_out` read the run folder; `classes`, `labels`, `numbers` and `writing` (by task), `modalities` and
`findings` compute the figures to show; `mistakes` and `media` show wrong predictions; `plots` draws; `page` fills the
template of the task. `ablation` reports on many runs.
Nothing here imports TensorFlow, Keras or scikit-learn: a report can be made again wherever the run folder is.
"""

import logging

# In a home folder that cannot be written, matplotlib logs a note on its font cache at every import.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
