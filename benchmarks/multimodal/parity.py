"""Every encoder with every fusion, in every format: the largest difference of an artefact from its Keras model.

    python -m benchmarks.multimodal.parity [--encoders text-gru …] [--fusions attention …] [--docs]

Each pair is one graph, from raw inputs to class probabilities: that encoder's column and a light one. Weights are
random and shaken, so that rows differ in their answers. The Keras model answers all rows at once; each artefact answers
them one by one and four at a time, with all columns and with every subset of them missing.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import RESULTS
from benchmarks.harness.client import write_json
from benchmarks.harness.machine import describe
from benchmarks.multimodal.encoders import ENCODERS, ROOT, config_for, write_table
from benchmarks.multimodal.material import Prepared, prepared
from mmkeras.data.columns.column import Column
from mmkeras.experiments.options import FUSIONS
from mmkeras.exporting.formats import load_exporter
from mmkeras.runtime.feeds import columns_of, to_arrays, trim, with_tokenizers
from mmkeras.runtime.formats import FORMATS
from mmkeras.runtime.runners import Runner, open_artefact
from mmkeras.runtime.subsets import Subset, modalities_of, subsets
from mmkeras.system.tensorflow import import_tensorflow, native_noise_muted

DOCS = ROOT / "docs" / "parity.md"
COMMAND = "python -m benchmarks.multimodal.parity --docs"
ROWS, BATCHES = 8, (1, 4)
MOST = 1e-5  # largest allowed difference of a probability
SHAKE = 0.1  # standard deviation of the noise that is added to the weights


@contextlib.contextmanager
def graph_of(data: Prepared, fusion: str) -> Iterator[Any]:
    """The Graph of mmkeras with noise on all weights, batch normalisation's statistics included.

    The weights are restored after the block, because all fusions share the network of a preset.
    """
    import keras

    from mmkeras.models.core import build_core
    from mmkeras.tasks.prediction.graph import predict_graph

    keras.utils.set_random_seed(1)
    targets, columns = data.material.targets, data.material.columns
    config = data.config.replace(fusion=fusion)
    core = build_core(columns, targets.outputs, config, exporting=True)
    rng = np.random.default_rng(5)
    initial = [(variable, variable.numpy()) for variable in core.model.variables if "float" in variable.dtype]
    for variable, value in initial:
        variable.assign(value + SHAKE * rng.normal(size=value.shape))
    core.model.get_layer("temperature").inverse.assign(0.7)
    yield predict_graph(core, columns, {name: Column(name, "text", "input") for name in columns}, targets, {})
    for variable, value in initial:
        variable.assign(value)


def values_of(data: Prepared, inputs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The raw inputs of the first rows; pictures of several sizes."""
    from mmkeras.modalities.image.cells import pixels_of
    from mmkeras.modalities.media.paths import MediaRoot
    from mmkeras.runtime.feeds import sample_values

    flags = data.config.data
    root = MediaRoot.of(data.table.path, flags.media_root, flags.allow_outside)
    values = {}
    cells = {str(name): [str(cell) for cell in data.table.rows[name][:ROWS]] for name in data.table.rows}
    for input_spec in columns_of(inputs):
        column = sample_values(cells, input_spec, root)
        if input_spec["kind"] == "image":  # the first four have one size, so that the graph resizes a batch of them
            column = [pixels_of(file)[2 * (k // 4 * k) :] for k, file in enumerate(column)]
        values[input_spec["name"]] = column
    return values


def answer_all(
    runner: Runner, values: dict[str, list[Any]], inputs: Sequence[Any], subset: Subset, batch: int
) -> tuple[np.ndarray, list[Any]]:
    """Probabilities [rows, classes] and ids of all rows, in batches; the inputs of missing columns are left out."""
    present = [e for e in inputs if e["name"] not in subset.hidden and e.get("of") not in subset.hidden]
    probabilities, ids = [], []
    for first in range(0, ROWS, batch):
        rows = range(first, first + batch)
        # without any column the arrays of all inputs are given as missing, for the number of rows
        outputs = runner(to_arrays(values, present or inputs, rows, () if present else subset.hidden))
        probabilities.append(outputs["probabilities"])
        ids += [[trim(outputs[name][k]) for name in sorted(outputs) if name.endswith("_ids")] for k in range(batch)]
    return np.concatenate(probabilities), ids


def same(ids: list[Any], expected: list[Any]) -> bool:
    """Are the ids of all rows the same?"""
    return all(np.array_equal(a, b) for x, y in zip(ids, expected, strict=True) for a, b in zip(x, y, strict=True))


def compare(graph: Any, values: dict[str, list[Any]], inputs: Sequence[Any], folder: Path) -> dict[str, Any]:
    """Export a graph to every format, open the files, compare. Returns figures by format, and the range over rows."""
    from mmkeras.tasks.assets import Assets
    from mmkeras.tasks.reference import KerasRunner

    everything = subsets(modalities_of(inputs))
    everything.append(Subset((), tuple(entry["name"] for entry in columns_of(inputs))))
    keras_runner = KerasRunner(graph)
    expected = {subset.name: answer_all(keras_runner, values, inputs, subset, ROWS) for subset in everything}
    whole = expected[everything[-2].name][0]
    figures: dict[str, Any] = {"rows_differ_by": float(np.ptp(whole, axis=0).max()), "formats": {}}
    for name in FORMATS:
        started = time.perf_counter()
        with native_noise_muted():
            exporter = load_exporter(name)
            paths = exporter.export({graph.name: graph}, Assets("numbers", graph.labels), folder)
            runner = open_artefact(paths[graph.name], threads=1)
        result: dict[str, Any] = {"largest_difference": 0.0, "labels_identical": True, "ids_identical": True}
        figures["formats"][name] = result
        for subset in everything:
            reference, reference_ids = expected[subset.name]
            for batch in BATCHES:
                probabilities, ids = answer_all(runner, values, inputs, subset, batch)
                difference = float(np.abs(probabilities - reference).max())
                if not difference <= result["largest_difference"]:  # true for NaN too
                    result["largest_difference"] = difference
                result["labels_identical"] &= bool((probabilities.argmax(1) == reference.argmax(1)).all())
                result["ids_identical"] &= same(ids, reference_ids)
        result["seconds"] = round(time.perf_counter() - started, 1)
    formats = figures["formats"].values()
    figures["largest_difference"] = worst(f["largest_difference"] for f in formats)
    figures["passed"] = bool(
        figures["largest_difference"] <= MOST and all(f["labels_identical"] and f["ids_identical"] for f in formats)
    )
    return figures


def measure(names: Sequence[str], fusions: Sequence[str], path: Path, previous: dict[str, Any]) -> dict[str, Any]:
    """Figures of all pairs; `previous` has pairs that are not measured again. The file is written after each pair.

    An encoder that is not installed is left out, with the reason.
    """
    figures: dict[str, Any] = {"machine": describe(ROOT, {}), "pairs": {}, "left_out": {}}
    import_tensorflow()
    import keras

    for name in names:
        encoder = ENCODERS[name]
        if reason := encoder.missing():
            figures["left_out"][name] = reason
            continue
        figures["pairs"][name] = {f: previous[name][f] for f in fusions if f in previous.get(name, {})}
        missing = [fusion for fusion in fusions if fusion not in figures["pairs"][name]]
        if not missing:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            config = config_for(encoder, write_table(folder / "rows.csv"), folder)
            data = prepared(config, folder)
            for fusion in missing:
                with graph_of(data, fusion) as graph:
                    inputs = with_tokenizers(graph.signature()["inputs"], [folder])
                    pair = compare(graph, values_of(data, inputs), inputs, folder / fusion)
                figures["pairs"][name][fusion] = pair
                write_json(path, figures)
                print(f"{name} × {fusion}: {pair['largest_difference']:.1e}", file=sys.stderr, flush=True)
                del graph
                keras.backend.clear_session()
                gc.collect()
    return figures


def worst(differences: Iterable[float]) -> float:
    """The largest difference; NaN counts as larger than all."""
    return max(differences, key=lambda difference: (difference != difference, difference))


def markdown(figures: dict[str, Any]) -> str:
    """Rows are encoders, columns fusions; the largest difference over formats, batches and subsets."""
    fusions = list(dict.fromkeys(fusion for row in figures["pairs"].values() for fusion in row))
    lines = [f"| encoder | {' | '.join(fusions)} |", f"| --- |{' ---: |' * len(fusions)}"]
    for name, row in figures["pairs"].items():
        cells = [f"{row[f]['largest_difference']:.1e}{'' if row[f]['passed'] else ' FAILED'}" for f in fusions]
        lines.append(f"| {ENCODERS[name].title} | {' | '.join(cells)} |")
    pairs = [pair for row in figures["pairs"].values() for pair in row.values()]
    largest = worst(pair["largest_difference"] for pair in pairs)
    formats = [result for pair in pairs for result in pair["formats"].values()]
    words = {True: "identical", False: "NOT identical"}
    labels, ids = (words[all(f[f"{name}_identical"] for f in formats)] for name in ("labels", "ids"))
    verdict = f"all at most {MOST:.0e}" if largest <= MOST else f"NOT all at most {MOST:.0e}"
    end = f"{len(pairs)} pairs, largest difference {largest:.1e} ({verdict}); labels {labels}, token ids {ids}."
    left_out = [f"Left out: {ENCODERS[name].title}: {reason}." for name, reason in figures["left_out"].items()]
    return "\n".join([*lines, "", end, *left_out])


ABOUT = f"""# Every encoder with every fusion, in every format

`{COMMAND}` makes this page. Each pair is a graph from raw inputs to class
probabilities, made by the product's code of that encoder's column and a light one (a number; beside the number a
category), with random weights far from their initial values. It is exported to SavedModel, LiteRT and ONNX, and the
files answer {ROWS} rows of the bundled example, one by one and {BATCHES[1]} at a time, with all columns and with every
subset of them missing. A cell is the largest difference of a probability from the Keras model's, over formats, batches
and subsets.
"""


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, write mm_parity.json. Returns 1 if a pair fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", nargs="+", choices=tuple(ENCODERS), default=list(ENCODERS))
    parser.add_argument("--fusions", nargs="+", choices=FUSIONS, default=list(FUSIONS))
    parser.add_argument("--docs", action="store_true", help="write docs/parity.md too")
    parser.add_argument("--resume", action="store_true", help="keep the pairs of an interrupted run's JSON")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args(arguments)
    args.results.mkdir(parents=True, exist_ok=True)
    path = args.results / "mm_parity.json"
    previous = json.loads(path.read_text(encoding="utf-8"))["pairs"] if args.resume and path.exists() else {}
    figures = measure(args.encoders, args.fusions, path, previous)
    write_json(path, figures)
    table = markdown(figures)
    print(table)
    if args.docs:
        DOCS.write_text(f"{ABOUT}\n{table}\n", encoding="utf-8")
    return 0 if all(pair["passed"] for row in figures["pairs"].values() for pair in row.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
