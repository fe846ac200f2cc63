"""Inputs of other lengths than the held-out ones, whole: nothing is cut before the graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mmkeras.data.targets.target_tokenizer import EOS
from mmkeras.metrics.agreement import max_abs_diff
from mmkeras.runtime.feeds import Arrays, to_arrays
from mmkeras.runtime.runners import Runner
from mmkeras.verification.clean_process.signatures import by_row, compare_answers
from mmkeras.verification.lengths import as_a_client_cuts
from mmkeras.verification.samples import LONGEST_SCORED, Samples

Call = Callable[[Arrays], Mapping[str, np.ndarray]]


def uncut(runner: Any) -> Call:
    """The graph's function of any length. A Runner without one is called itself."""
    call: Call = getattr(runner, "uncut", runner)
    return call


class Uncut:
    """A Runner that gets its inputs whole: nothing is cut before the graph."""

    def __init__(self, runner: Runner) -> None:
        self.signature, self.call = runner.signature, uncut(runner)

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        outputs = self.call(inputs)
        return {name: outputs[name] for name in output_names or outputs}


def check_lengths(runner: Runner, others: Samples) -> dict[str, Any]:
    """Rows of other lengths, whole, all at once and one by one, against the same rows as a client cuts them.

    The ids are compared with the trained model's, and so are the answers, as `difference_from_model`: sums over
    thousands of tokens round differently in each runtime.
    """
    call, inputs, answer = uncut(runner), runner.signature["inputs"], runner.signature["outputs"][0]["name"]
    cut = as_a_client_cuts(others.inputs, inputs)
    batches = [range(len(others)), *([k] for k in range(len(others)))]
    try:
        outputs = by_row([call(to_arrays(others.inputs, inputs, index)) for index in batches])
        expected = np.concatenate([call(to_arrays(cut, inputs, index))[answer] for index in batches])
    except Exception as error:  # a runtime may raise anything
        return {"rows": len(others), "error": f"{type(error).__name__}: {error}".strip().split("\n")[0]}
    answers = np.array(outputs[answer])
    apart = max_abs_diff(answers, np.concatenate([others.answers] * 2), runner.signature)
    ids = [pair for name, rows in others.ids.items() for pair in zip(outputs[name], [*rows] * 2, strict=True)]
    identical = {"ids_identical": all(np.array_equal(a, b) for a, b in ids)} if ids else {}
    figures = compare_answers(answers, expected, runner.signature)
    return {"rows": len(others), **figures, **identical, "difference_from_model": apart}


def score_other_lengths(runner: Runner, ids: Sequence[Sequence[int]]) -> dict[str, Any]:
    """`difference` of log P where `score` gets no token, or more than its window, from what it reads of them; `error`.

    {} for a graph exported before 0.3. ids: tokens of held-out lines.
    """
    if "any_length" not in runner.signature["inputs"][0]:
        return {}
    window = runner.signature.get("window", LONGEST_SCORED)
    long = np.resize(np.concatenate([np.array(row, "int32") for row in ids]), 2 * window)[None].astype("int32")
    read = long if "window" not in runner.signature else long[:, :window]
    try:
        call, end = uncut(runner), np.array([[EOS]], "int32")
        differences = [
            call({"pieces": whole})["log_probabilities"] - runner({"pieces": part})["log_probabilities"]
            for whole, part in ((long, read), (long[:, :0], end))
        ]
        return {"difference": max(float(np.abs(difference).max()) for difference in differences)}
    except Exception as error:  # a runtime may raise anything
        return {"error": f"{type(error).__name__}: {error}".strip().split("\n")[0]}
