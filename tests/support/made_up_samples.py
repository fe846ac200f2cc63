"""Held-out rows and figures that no artefact has given, for tests of what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mmkeras.verification.samples import Samples


def made_up_samples(rows: int = 12) -> Samples:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([1, 1, 1], rows).astype("float32")
    texts = [f"text {i}".encode() for i in range(rows)]
    ids = [np.array([[1, 2, 0, i + 1], [0, 3, 0, 0]], "int32") for i in range(rows)]
    return Samples({"b": texts, "a": texts[::-1]}, probabilities.argmax(1), probabilities, {"a_ids": ids})


GRAPH = {
    "graph": "predict",
    "inputs": [
        {"name": n, "column": n, "kind": "text", "dtype": "uint8", "shape": ["batch", "n_bytes"], "max_bytes": 96}
        for n in "ab"
    ],
    "outputs": [{"name": "probabilities", "dtype": "float32", "shape": ["batch", 3]}],
    "labels": ["x", "y", "z"],
    "task": "classify",
    "target": "topic",
    "targets": {"task": "classify", "names": ["topic"], "labels": ["x", "y", "z"], "mean": [], "deviation": []},
}
SIGNATURE = {  # of the folder
    **GRAPH,
    "held_out": {"accuracy": 0.9, "learned_since": False},
}


def words_of(*batches: np.ndarray) -> list[list[str]]:
    """What `predict` writes for the answers of each batch size."""
    return [["xyz"[k] for k in answers.argmax(1)] for answers in batches]


def figures(**changed: Any) -> dict[str, Any]:
    good = {
        "signature": GRAPH,
        "labels_text": "x\ny\nz\n",
        "words": words_of(made_up_samples().answers) * 2,
        "rows_with_other_ids": {"1": [], "32": []},
        "ids_checked": ["a_ids"],
        "signatures_checked": {},
    }
    return {**good, **changed}
