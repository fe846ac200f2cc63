"""Checks of signatures that clients call and a runner does not: strings for TF Serving, every length of a .tflite.

For held-out rows the expected outputs are the trained model's. For texts joined of them, as long as a length allows or
longer than any, they are those of the reference: the signature that the held-out rows have verified, called with the
bytes of a client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from mmkeras.graph import row_signature
from mmkeras.metrics.agreement import TIE, max_abs_diff, rows_with_different_decisions
from mmkeras.modalities.text.cells import encode_cell, pad, truncate
from mmkeras.runtime.feeds import Arrays, to_arrays, trim
from mmkeras.runtime.litert import LiteRTRunner
from mmkeras.runtime.runners import Runner, SavedModelRunner
from mmkeras.verification.clean_process import client_inputs
from mmkeras.verification.lengths import evenly_spaced, joined, other_texts
from mmkeras.verification.samples import Samples

Call = Callable[[Arrays], Mapping[str, np.ndarray]]
Rows = dict[str, list[Any]]  # a value a row, by input or output
SERVED, FITTING = 16, 3  # held-out rows sent as strings; run by the signature of each length
FULL = 2  # texts joined of held-out rows, as long as a length


def check_signatures(runner: Runner, samples: Samples) -> dict[str, dict[str, Any]]:
    """Name -> figures of each signature; `error` in place of figures if it cannot be run. ONNX has no signatures."""
    checks: dict[str, Callable[[Call], dict[str, Any]]] = {}
    signature = runner.signature
    texts_alone = all(input_spec["kind"] == "text" for input_spec in signature["inputs"])
    if isinstance(runner, SavedModelRunner):
        strings = partial(check_strings, runner) if texts_alone else partial(check_served, runner.uncut)
        checks = {"serving_default": partial(strings, samples, signature)}
    elif isinstance(runner, LiteRTRunner):
        graph = signature["graph"]
        reference, lengths = runner.endpoint(graph), {row_signature(graph, n): n for n in runner.lengths}
        if texts_alone:
            all_lengths = {graph: None, **lengths}
            checks = {name: partial(check_length, reference, samples, signature, n) for name, n in all_lengths.items()}
        else:  # the signature of any size has run in batches of 32, with most pictures resized before
            checks = {graph: partial(check_any_size, samples, signature)}
            checks |= {name: partial(check_row, reference, samples, signature, n) for name, n in lengths.items()}
    else:
        return {}
    figures = {}
    for name, check in checks.items():
        try:
            figures[name] = check(runner.endpoint(name))
        except Exception as error:  # a runtime may raise anything; the other signatures are still to be run
            figures[name] = {"error": f"{type(error).__name__}: {error}".strip().split("\n")[0]}
    return figures


def check_strings(reference: Call, samples: Samples, signature: dict[str, Any], serve: Call) -> dict[str, Any]:
    """Strings, one by one and all at once: the graph must cut them where a client would."""
    max_bytes = {spec["name"]: spec["max_bytes"] for spec in signature["inputs"]}
    texts, expected = held_out(samples, evenly_spaced(np.arange(len(samples)), SERVED))
    others = {name: other_texts(samples.inputs[name], n) for name, n in max_bytes.items()}
    as_cut = {name: [encode_cell(text, max_bytes[name]) for text in column] for name, column in others.items()}
    texts, expected = concatenated(texts, others), concatenated(expected, by_row([reference(padded(as_cut))]))
    probabilities = expected["probabilities"]
    expected = {
        "probabilities": probabilities,
        "prediction": [signature["labels"][p.argmax()].encode() for p in probabilities],
    }
    strings = {name: np.array(column, object) for name, column in texts.items()}
    single = [serve({name: column[k : k + 1] for name, column in strings.items()}) for k in range(len(probabilities))]
    return {"texts": len(probabilities), **compare(by_row([*single, serve(strings)]), concatenated(expected, expected))}


def check_served(reference: Call, samples: Samples, signature: dict[str, Any], serve: Call) -> dict[str, Any]:
    """Strings, files and numbers, one by one and all at once; those of the other lengths whole."""
    index = evenly_spaced(np.arange(len(samples)), SERVED)
    if samples.others is not None:
        index = np.append(index, len(samples) + np.arange(len(samples.others)))
        samples = replace(samples, inputs=concatenated(samples.inputs, samples.others.inputs))
    outputs, expected = client_inputs.responses(reference, samples, signature, serve, index)
    figures = compare_answers(outputs[signature["outputs"][0]["name"]], expected, signature)
    if "prediction" in outputs:
        labels = [signature["labels"][k].encode() for k in expected.argmax(1)]
        figures["labels_identical"] &= same_words(list(outputs["prediction"]), labels, expected)
    return {"rows": len(expected) // 2, **figures}


def check_any_size(samples: Samples, signature: dict[str, Any], call: Call) -> dict[str, Any]:
    """Rows one by one as they stand in the CSV, with pictures of any size: the graph resizes them."""
    index = evenly_spaced(np.arange(len(samples)), FITTING)
    inputs, answer = signature["inputs"], signature["outputs"][0]["name"]
    outputs = [call(to_arrays(samples.inputs, inputs, [i]))[answer] for i in index]
    return {"rows": len(index), **compare_answers(np.concatenate(outputs), samples.answers[index], signature)}


def check_row(reference: Call, samples: Samples, signature: dict[str, Any], n_bytes: int, call: Call) -> dict[str, Any]:
    """Rows one by one through a signature of one row of fixed sizes."""
    outputs, expected = client_inputs.row_outputs(reference, samples, signature, n_bytes, call, FITTING)
    return {"rows": len(expected), **compare_answers(outputs, expected, signature)}


def compare_answers(outputs: np.ndarray, expected: np.ndarray, signature: dict[str, Any]) -> dict[str, Any]:
    """Figures of outputs, float32 [n, outputs], against the expected ones."""
    same = not len(rows_with_different_decisions(signature["task"], outputs, expected, ties=False))
    return {"largest_difference": max_abs_diff(outputs, expected, signature), "labels_identical": same}


def check_length(
    reference: Call, samples: Samples, signature: dict[str, Any], n_bytes: int | None, call: Call
) -> dict[str, Any]:
    """Rows one by one, padded to `n_bytes`: held-out texts that fit and joined texts that fill it. None: not padded."""
    lengths = np.max([[len(cell) for cell in cells] for cells in samples.inputs.values()], axis=0)
    order = np.argsort(lengths, kind="stable")
    fitting = order[lengths[order] <= n_bytes] if n_bytes else order
    texts, expected = held_out(samples, evenly_spaced(fitting, FITTING))
    if n_bytes:
        ends = {i["name"]: min(n_bytes, i["max_bytes"]) for i in signature["inputs"]}
        full = {
            name: [truncate(joined(samples.inputs[name], start, end), end) for start in evenly_spaced(order, FULL)]
            for name, end in ends.items()
        }
        texts, expected = concatenated(texts, full), concatenated(expected, by_row([reference(padded(full))]))
    rows = range(len(expected["probabilities"]))
    outputs = by_row([call(padded({name: [cells[k]] for name, cells in texts.items()}, n_bytes)) for k in rows])
    return {"texts": len(rows), **compare(outputs, expected)}


def held_out(samples: Samples, index: np.ndarray) -> tuple[Rows, Rows]:
    """The texts of the rows of an index, and the trained model's outputs for them."""
    answers = {"probabilities": list(samples.answers), **samples.ids}
    texts = {name: [cells[i] for i in index] for name, cells in samples.inputs.items()}
    return texts, {name: [rows[i] for i in index] for name, rows in answers.items()}


def concatenated(first: Rows, second: Rows) -> Rows:
    """The rows of `first` and then those of `second`, for the names of `first`."""
    return {name: [*rows, *second[name]] for name, rows in first.items()}


def padded(texts: Rows, n_bytes: int | None = None) -> dict[str, np.ndarray]:
    """Texts by input -> the graph's arrays."""
    return {name: pad(column, n_bytes) for name, column in texts.items()}


def by_row(outputs: Sequence[Mapping[str, np.ndarray]]) -> Rows:
    """The outputs of several calls, row by row; token ids are trimmed."""
    rows: Rows = {name: [row for output in outputs for row in output[name]] for name in outputs[0]}
    return {name: [trim(row) for row in values] if name.endswith("_ids") else values for name, values in rows.items()}


def compare(outputs: Rows, expected: Rows) -> dict[str, Any]:
    """Figures of outputs by name against the expected ones: probabilities, and labels and token ids if expected."""
    a, b = np.array(outputs["probabilities"]), np.array(expected["probabilities"])
    difference = float(np.abs(a - b).max())
    words_agree = "prediction" not in expected or same_words(outputs["prediction"], expected["prediction"], b)
    figures = {
        "largest_difference": difference if np.isfinite(difference) else float("inf"),
        "labels_identical": words_agree and not len(rows_with_different_decisions("classify", a, b, ties=False)),
    }
    ids = [
        pair for name in expected if name.endswith("_ids") for pair in zip(outputs[name], expected[name], strict=True)
    ]
    return {**figures, "ids_identical": all(np.array_equal(x, y) for x, y in ids)} if ids else figures


def same_words(words: Sequence[bytes], expected: Sequence[bytes], probabilities: np.ndarray) -> bool:
    """Are the words those expected, but for rows whose best two probabilities are tied? probabilities: [n, classes]."""
    second, best = np.partition(probabilities, -2, axis=1)[:, -2:].T  # [n] each
    pairs = zip(words, expected, best - second, strict=True)
    return all(word == right or gap <= TIE for word, right, gap in pairs)
