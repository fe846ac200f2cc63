"""Inputs of clients for graphs that take more than texts: requests to TF Serving, rows for LiteRT's fast signatures.

The expected outputs are those of the reference: the signature that the held-out rows have verified, called with the
same rows as arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mmkeras.graph import InputSpec
from mmkeras.modalities import cells_of, spec_of
from mmkeras.modalities.blocks import flat_values, rows_of
from mmkeras.runtime.feeds import Values, bytes_in, columns_of, pad_bytes, to_arrays
from mmkeras.verification.samples import Samples

Call = Callable[[Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
Row = dict[str, Any]


def request_and_rows(
    values: Values, index: np.ndarray, inputs: Sequence[InputSpec]
) -> tuple[dict[str, np.ndarray], list[Row]]:
    """The rows of an index as a client's request and as values, then rows with all cells but one missing.

    Of a block every other cell is missing in the last row.
    """
    columns = columns_of(inputs)
    cells: list[Row] = [{c["name"]: values[c["name"]][i] for c in columns} for i in index]
    cells += [
        {**dict.fromkeys(row), kept["name"]: row[kept["name"]]} for kept, row in zip(columns, cells, strict=False)
    ]
    if any("columns" in c for c in columns):
        cells.append({name: every_other(value) for name, value in cells[0].items()})
    request: dict[str, np.ndarray] = {}
    rows: list[Row] = [{} for _ in cells]
    for input_spec in columns:
        name, spec = input_spec["name"], spec_of(input_spec["kind"])
        count = len(input_spec.get("columns", "1"))
        block = "columns" in input_spec
        sent = flat_values([row[name] for row in cells], count) if block else [row[name] for row in cells]
        pairs = [spec.as_served(value, input_spec) for value in sent]
        stacked = spec.stack_served([sent for sent, _ in pairs], input_spec)
        request[spec.served_name(name)] = stacked.reshape(-1, count) if block else stacked  # [b * n] -> [b, n]
        served: list[Any] = [value for _, value in pairs]
        for row, value in zip(rows, rows_of(served, count) if block else served, strict=True):
            row[name] = value
    return request, rows


def every_other(value: Any) -> Any:
    """A block's value with every other cell missing; any other value as it is."""
    return tuple(v if k % 2 else None for k, v in enumerate(value)) if isinstance(value, tuple) else value


def as_arrays(rows: list[Row], inputs: Sequence[InputSpec]) -> dict[str, np.ndarray]:
    """Rows of values -> arrays."""
    return to_arrays({name: [row[name] for row in rows] for name in rows[0]}, inputs, range(len(rows)))


def responses(
    reference: Call, samples: Samples, signature: Mapping[str, Any], serve: Call, index: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Outputs of `serve` by name and the expected first output, [2 n, …] each: n rows one by one, then all at once."""
    inputs, answer = signature["inputs"], signature["outputs"][0]["name"]
    request, rows = request_and_rows(samples.inputs, index, inputs)
    expected = np.concatenate([reference(as_arrays([row], inputs))[answer] for row in rows])
    single = [serve({name: column[k : k + 1] for name, column in request.items()}) for k in range(len(rows))]
    outputs = [*single, serve(request)]
    return {name: np.concatenate([o[name] for o in outputs]) for name in outputs[0]}, np.concatenate([expected] * 2)


def row_outputs(
    reference: Call, samples: Samples, signature: Mapping[str, Any], n_bytes: int, call: Call, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Outputs of a signature of one row, pictures resized and texts padded, and the expected ones; [n, outputs] each.

    n_bytes: the signature's length of texts; rows with longer texts are passed over. count: largest n.
    """
    columns, answer = columns_of(signature["inputs"]), signature["outputs"][0]["name"]
    outputs, expected = [], []
    for i in range(len(samples)):
        row = {c["name"]: samples.inputs[c["name"]][i] for c in columns}
        for c in columns:
            if "size" in c and row[c["name"]] is not None:
                row[c["name"]] = cells_of(c["kind"]).resize(row[c["name"]], c)
            elif "max_bytes" in c and bytes_in(row[c["name"]]) > n_bytes:
                break
        else:
            arrays = as_arrays([row], signature["inputs"])
            expected.append(reference(arrays)[answer])
            fixed = {c["name"]: min(n_bytes, c["max_bytes"]) for c in columns if "max_bytes" in c}
            padded = {name: pad_bytes(a, fixed[name]) if name in fixed else a for name, a in arrays.items()}
            for c in columns:
                if "padding" in c:
                    padded[c["name"]] = pad_bytes(arrays[c["name"]], c["max_tokens"], c["padding"])
            outputs.append(call(padded)[answer])
        if len(outputs) == count:
            break
    empty = np.zeros((0, samples.answers.shape[1]), "float32")
    return np.concatenate([empty, *outputs]), np.concatenate([empty, *expected])
