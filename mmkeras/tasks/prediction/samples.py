"""Sample rows: held-out rows and the trained model's answers to them, saved beside the artefacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.targets.targets import Targets
from mmkeras.graph import Graph, internal_outputs
from mmkeras.metrics.agreement import decide
from mmkeras.modalities import names_files
from mmkeras.modalities.media.paths import MediaRoot
from mmkeras.runs.run import Run
from mmkeras.runtime.answering import finite
from mmkeras.runtime.feeds import bytes_in, column_names, columns_of, sample_values, to_arrays, trim, with_tokenizers
from mmkeras.runtime.subsets import modalities_of, subsets
from mmkeras.tasks.held_out import MOST_ROWS, read_sample
from mmkeras.tasks.reference import KerasRunner
from mmkeras.verification.lengths import ROWS, as_a_client_cuts, rows_of_other_lengths
from mmkeras.verification.samples import Samples

SAMPLE_BATCH = 64
SAMPLE_ROWS = 256  # largest number of sample rows if inputs are pictures or clips
SUBSET_ROWS = 128  # the first sample rows, which each subset of the modalities answers


def samples(graphs: Mapping[str, Graph], run: Run, folder: Path) -> Samples:
    """Held-out rows' raw inputs and the model's answers: the rows of `read_sample`, SAMPLE_ROWS with media."""
    (graph,) = graphs.values()
    inputs = with_tokenizers(graph.signature()["inputs"], [folder])
    with_media = any(names_files(spec["kind"]) for spec in columns_of(inputs))
    rows, count = read_sample(run.folder, column_names(inputs), SAMPLE_ROWS if with_media else MOST_ROWS)
    root = MediaRoot.of(
        run.config.data.validation or run.config.data.csv, run.config.data.media_root, run.config.data.allow_outside
    )
    cells = {str(name): rows[name].tolist() for name in rows}
    values = {spec["name"]: sample_values(cells, spec, root) for spec in columns_of(inputs)}
    runner = KerasRunner(graph)
    answers, ids = answer_samples(runner, values, len(rows))
    parts = {
        subset.name: answer_samples(runner, values, min(len(rows), SUBSET_ROWS), subset.hidden)[0]
        for subset in subsets(modalities_of(inputs))
    }
    finite(answers, f"{run.folder}: the trained model")
    targets = Targets.from_json(run.schema["targets"])
    words, _ = decide(targets.task, answers, targets.labels)
    others = other_lengths(runner, values, len(rows))
    return Samples(values, targets.truth(rows), answers, ids, parts, words, others, held_out=count)


def other_lengths(runner: KerasRunner, values: dict[str, list[Any]], count: int) -> Samples | None:
    """The rows of other lengths, whole, and the model's answers to them as a client cuts them."""
    inputs = runner.signature["inputs"]
    others = rows_of_other_lengths(values, inputs, count)
    if not others:
        return None
    answers, ids = answer_samples(runner, as_a_client_cuts(others, inputs), ROWS)
    return Samples(others, np.zeros(ROWS, int), answers, ids)


def answer_samples(
    runner: KerasRunner, values: dict[str, list[Any]], count: int, hidden: Sequence[str] = ()
) -> tuple[np.ndarray, dict[str, list[np.ndarray]]]:
    """The model's answers to the first `count` rows, float32 [count, outputs], and their token ids after `trim`."""
    inputs = runner.signature["inputs"]
    bytes_a_row = np.zeros(count, int)
    for name in [spec["name"] for spec in inputs if "max_bytes" in spec]:
        bytes_a_row += [bytes_in(value) for value in values[name][:count]]
    order = np.argsort(bytes_a_row, kind="stable")
    rows: list[Any] = [None] * count
    ids: dict[str, list[np.ndarray]] = {}
    for start in range(0, count, SAMPLE_BATCH):
        index = order[start : start + SAMPLE_BATCH]
        outputs = runner(to_arrays(values, inputs, index, hidden))
        for k, i in enumerate(index):
            rows[i] = outputs[runner.graph.answer][k]
            for name in internal_outputs(runner.graph.outputs):
                ids.setdefault(name, [np.empty(0)] * count)[i] = trim(outputs[name][k])
    return np.array(rows, "float32"), ids
