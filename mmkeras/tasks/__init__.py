"""What can be learned; a task is a module named in a literal dict.

Each module has ANSWER (name of the graph's output), MONITOR (the figure of an epoch that is watched, and whether `max`
or `min` of it is best), and `loss(config)`, `metrics()`, `row_weights(targets, config)` and `answer(logits, targets)`.
"""

TASKS = {
    "classify": "mmkeras.tasks.prediction.classify",
    "multilabel": "mmkeras.tasks.prediction.multilabel",
    "regress": "mmkeras.tasks.prediction.regress",
}
