"""One artefact, one clean process: predict the sample rows and measure time. Run by `verify`, never imported by it.

    python -m mmkeras.verification.clean_process.predictions ARTEFACT SAMPLES OUT

Keras is blocked, so an artefact that needs it fails here. Everything is written to OUT (.npz), the figures as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.runtime.contract import decided
from mmkeras.runtime.feeds import to_arrays, trim
from mmkeras.runtime.runners import Runner, open_artefact
from mmkeras.runtime.subsets import modalities_of, subsets
from mmkeras.system.noise import keep_messages
from mmkeras.verification.clean_process.lengths import check_lengths
from mmkeras.verification.clean_process.signatures import check_signatures
from mmkeras.verification.process import Report, block_keras, peak_memory_mib
from mmkeras.verification.samples import Samples, load_samples

BATCH = 32
WARM_UP = 20


def answer_of(runner: Runner) -> str:
    """Name of the graph's first output."""
    return str(runner.signature["outputs"][0]["name"])


def run_rows(
    runner: Runner, samples: Samples, batch: int, order: np.ndarray, inputs: list[Any], report: Report
) -> dict[str, Any]:
    """Run all rows in batches, in a given order; outputs are put back in the samples' order.

    inputs: those of the signature, in any order. Returns answers float32 [n, outputs], token ids, seconds a batch.
    """
    answers = np.zeros_like(samples.answers)
    ids: dict[str, list[np.ndarray]] = {name: [np.empty(0)] * len(samples) for name in samples.ids}
    seconds = []
    for start in range(0, len(order), batch):
        index = order[start : start + batch]
        arrays = to_arrays(samples.inputs, inputs, index)
        begin = time.perf_counter()
        outputs = runner(arrays)
        seconds.append(time.perf_counter() - begin)
        answers[index] = outputs[answer_of(runner)]
        for name in ids:
            for i, row in zip(index, outputs[name], strict=True):
                ids[name][i] = trim(row)
        report.advance(len(index))
    return {"answers": answers, "ids": ids, "seconds": np.array(seconds)}


def run_subsets(runner: Runner, samples: Samples, inputs: list[Any], report: Report) -> dict[str, np.ndarray]:
    """The first rows with a subset of the modalities, inputs of the others left out: subset -> answers."""
    hidden = {subset.name: subset.hidden for subset in subsets(modalities_of(runner.signature["inputs"]))}
    by_subset = {}
    for name, expected in samples.subsets.items():
        batches = [np.arange(k, min(k + BATCH, len(expected))) for k in range(0, len(expected), BATCH)]
        present = [spec for spec in inputs if spec["name"] not in hidden[name] and spec.get("of") not in hidden[name]]
        outputs = [runner(to_arrays(samples.inputs, present, index), [answer_of(runner)]) for index in batches]
        by_subset[name] = np.concatenate([batch[answer_of(runner)] for batch in outputs])
        report.advance(len(expected))
    return by_subset


def rows_with_other_ids(ids: dict[str, list[np.ndarray]], samples: Samples) -> list[int]:
    """Numbers of the rows whose token ids differ from the trained model's."""
    return [
        i for i in range(len(samples)) if any(not np.array_equal(ids[name][i], samples.ids[name][i]) for name in ids)
    ]


def main(artefact: str, samples_path: str, out: str) -> None:
    """Predict, measure, write."""
    block_keras()
    keep_messages()
    samples = load_samples(Path(samples_path))
    begin = time.perf_counter()
    runner = open_artefact(artefact, threads=1, trusted=True)  # a changed one, too: what it answers is compared
    load_seconds = time.perf_counter() - begin
    rng = np.random.default_rng(0)
    inputs = [runner.signature["inputs"][k] for k in rng.permutation(len(runner.signature["inputs"]))]
    for i in range(min(WARM_UP, len(samples))):
        runner(to_arrays(samples.inputs, inputs, [i]))
    order = rng.permutation(len(samples))
    report = Report(2 * len(samples) + sum(map(len, samples.subsets.values())))
    singly = run_rows(runner, samples, 1, order, inputs, report)
    batched = run_rows(runner, samples, BATCH, order, inputs[::-1], report)
    by_subset = run_subsets(runner, samples, inputs, report)
    figures = {
        "load_seconds": load_seconds,
        "latency_ms_p50": float(np.median(singly["seconds"]) * 1e3),
        "latency_ms_p95": float(np.quantile(singly["seconds"], 0.95) * 1e3),
        "peak_memory_mib": peak_memory_mib(),
        "signatures_checked": check_signatures(runner, samples),
        **({"any_length": check_lengths(runner, samples.others)} if samples.others else {}),
        "signature": runner.signature,
        "labels_text": getattr(runner, "labels_text", None),
        "words": [decided(runner.signature, outputs["answers"])[0] for outputs in (singly, batched)],
        "rows_with_other_ids": {
            "1": rows_with_other_ids(singly["ids"], samples)[:10],
            str(BATCH): rows_with_other_ids(batched["ids"], samples)[:10],
        },
        "ids_checked": sorted(singly["ids"]),
    }
    arrays = {"batch_1": singly["answers"], "batch_n": batched["answers"]}
    arrays |= {f"subset.{name}": answers for name, answers in by_subset.items()}
    np.savez(out, figures=np.array(json.dumps(figures)), **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
