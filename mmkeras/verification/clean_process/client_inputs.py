"""Probes for graphs that take more than texts: what TF Serving's clients send, and LiteRT's fast row.

The right answers are those of the signature that the held-out rows have proven, given the same rows as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mmkeras.modalities import spec_of
from mmkeras.modalities.image.cells import pixels_of
from mmkeras.modalities.image.resize import resize_pixels
from mmkeras.runtime.feeds import columns_of, to_arrays
from mmkeras.verification.samples import Samples

Call = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
Row = dict[str, Any]


def served_rows(samples: Samples, index: np.ndarray, inputs: list[Any]) -> tuple[dict[str, np.ndarray], list[Row]]:
    """Some rows as a client sends them, and as values; behind them rows where all cells but one are missing."""
    columns = columns_of(inputs)
    values = [{e["name"]: samples.inputs[e["name"]][i] for e in columns} for i in index]
    values += [
        {**dict.fromkeys(row), kept["name"]: row[kept["name"]]} for kept, row in zip(columns, values, strict=False)
    ]
    sent: dict[str, np.ndarray] = {}
    rows: list[Row] = [{} for _ in values]
    for e in columns:
        spec = spec_of(e["kind"])
        pairs = [spec.as_served(row[e["name"]], e) for row in values]
        sent[spec.served_name(e["name"])] = spec.stack_served([out for out, _ in pairs], e)
        for row, (_, value) in zip(rows, pairs, strict=True):
            row[e["name"]] = value
    return sent, rows


def as_arrays(rows: list[Row], inputs: list[Any]) -> dict[str, np.ndarray]:
    """Values of some rows -> arrays."""
    return to_arrays({name: [row[name] for row in rows] for name in rows[0]}, inputs, range(len(rows)))


def answers_served(
    proven: Call, samples: Samples, signature: Mapping[str, Any], serve: Call, index: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What `serve` answers, one by one and all at once, and what it should: {answer, prediction}, float32 [2 n, …]."""
    inputs, answer = signature["inputs"], signature["outputs"][0]["name"]
    sent, rows = served_rows(samples, index, inputs)
    expected = np.concatenate([proven(as_arrays([row], inputs))[answer] for row in rows])
    single = [serve({name: column[k : k + 1] for name, column in sent.items()}) for k in range(len(rows))]
    outputs = [*single, serve(sent)]
    return {name: np.concatenate([o[name] for o in outputs]) for name in outputs[0]}, np.concatenate([expected] * 2)


def answers_of_a_row(
    proven: Call, samples: Samples, signature: Mapping[str, Any], n_bytes: int, call: Call, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """What a signature of one row answers, pictures of the model's size and texts padded; and what it should."""
    from mmkeras.runtime.feeds import pad_bytes

    columns, answer = columns_of(signature["inputs"]), signature["outputs"][0]["name"]
    got, expected = [], []
    for i in range(len(samples)):
        row = {e["name"]: samples.inputs[e["name"]][i] for e in columns}
        for e in columns:
            if "size" in e and row[e["name"]] is not None:
                row[e["name"]] = resize_pixels(pixels_of(row[e["name"]]), e["size"])
            elif "max_bytes" in e and len(row[e["name"]] or b"") > n_bytes:
                break
        else:
            arrays = as_arrays([row], signature["inputs"])
            expected.append(proven(arrays)[answer])
            fixed = {e["name"]: min(n_bytes, e["max_bytes"]) for e in columns if "max_bytes" in e}
            padded = {n: pad_bytes(a, fixed[n]) if n in fixed else a for n, a in arrays.items()}
            for e in columns:
                if "padding" in e:
                    padded[e["name"]] = pad_bytes(arrays[e["name"]], e["max_tokens"], e["padding"])
            got.append(call(padded)[answer])
        if len(got) == count:
            break
    empty = np.zeros((0, samples.answers.shape[1]), "float32")
    return np.concatenate([empty, *got]), np.concatenate([empty, *expected])
