"""Every encoder with every fusion, in every format: how far is an artefact from the Keras model it was made of?

    python -m benchmarks.multimodal.parity [--encoders text-gru …] [--fusions attention …] [--docs]

Each pair is a graph of its own, from raw inputs to class probabilities: that encoder's column and a light one. Weights
are random and shaken, so that rows differ in their answers. The Keras model answers all rows at once; each artefact
answers them one by one and four at a time, with all columns there and with every subset of them missing.
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
MOST = 1e-5  # difference of a probability
SHAKE = 0.1


@contextlib.contextmanager
def graph_of(made: Prepared, fusion: str) -> Iterator[Any]:
    """The product's Graph with random weights: none at their first value, batch normalisation's statistics neither.

    They have that again behind the block: a preset's network is one and the same for all fusions.
    """
    import keras

    from mmkeras.models.core import build_core
    from mmkeras.tasks.prediction.graph import predict_graph

    keras.utils.set_random_seed(1)
    targets, columns = made.material.targets, made.material.columns
    config = made.config.replace(fusion=fusion)
    core = build_core(columns, targets.outputs, config, exporting=True)
    rng = np.random.default_rng(5)
    first = [(variable, variable.numpy()) for variable in core.model.variables if "float" in variable.dtype]
    for variable, value in first:
        variable.assign(value + SHAKE * rng.normal(size=value.shape))
    core.model.get_layer("temperature").inverse.assign(0.7)
    yield predict_graph(core, columns, {name: name for name in columns}, targets, {})
    for variable, value in first:
        variable.assign(value)


def values_of(made: Prepared, inputs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """The raw inputs of the first rows; pictures of several sizes."""
    from mmkeras.modalities.image.cells import pixels_of
    from mmkeras.modalities.media.paths import MediaRoot
    from mmkeras.runtime.feeds import sample_values

    data = made.config.data
    root = MediaRoot.of(made.table.path, data.media_root, data.allow_outside)
    values = {}
    for entry in columns_of(inputs):
        found = sample_values([str(cell) for cell in made.table.rows[str(entry["column"])][:ROWS]], entry, root)
        if entry["kind"] == "image":  # the first four of one size, so that a batch of them is resized by the graph
            found = [pixels_of(file)[2 * (k // 4 * k) :] for k, file in enumerate(found)]
        values[entry["name"]] = found
    return values


def answer_all(
    runner: Runner, values: dict[str, list[Any]], inputs: Sequence[Any], subset: Subset, batch: int
) -> tuple[np.ndarray, list[Any]]:
    """Probabilities [rows, classes] and ids of all rows, in batches; columns that are missing are not given."""
    given = [e for e in inputs if e["name"] not in subset.hidden and e.get("of") not in subset.hidden]
    probabilities, ids = [], []
    for first in range(0, ROWS, batch):
        rows = range(first, first + batch)
        # where nothing is there, something must say how many rows there are
        outputs = runner(to_arrays(values, given or inputs, rows, () if given else subset.hidden))
        probabilities.append(outputs["probabilities"])
        ids += [[trim(outputs[name][k]) for name in sorted(outputs) if name.endswith("_ids")] for k in range(batch)]
    return np.concatenate(probabilities), ids


def same(found: list[Any], expected: list[Any]) -> bool:
    """Are the ids of all rows the same, to the last one?"""
    return all(np.array_equal(a, b) for x, y in zip(found, expected, strict=True) for a, b in zip(x, y, strict=True))


def compare(graph: Any, values: dict[str, list[Any]], inputs: Sequence[Any], folder: Path) -> dict[str, Any]:
    """Export a graph to every format, open what was written, ask. Returns figures a format, and how rows differ."""
    from mmkeras.tasks.assets import Assets
    from mmkeras.tasks.reference import KerasRunner

    everything = subsets(modalities_of(inputs))
    everything.append(Subset((), tuple(entry["name"] for entry in columns_of(inputs))))
    keras_runner = KerasRunner(graph)
    expected = {subset.name: answer_all(keras_runner, values, inputs, subset, ROWS) for subset in everything}
    whole = expected[everything[-2].name][0]
    figures: dict[str, Any] = {"rows_differ_by": float(np.ptp(whole, axis=0).max()), "formats": {}}
    for name in FORMATS:
        began = time.perf_counter()
        with native_noise_muted():
            exporter = load_exporter(name)
            paths = exporter.export({graph.name: graph}, Assets("numbers", graph.labels), folder)
            runner = open_artefact(paths[graph.name], threads=1)
        found: dict[str, Any] = {"largest_difference": 0.0, "labels_identical": True, "ids_identical": True}
        figures["formats"][name] = found
        for subset in everything:
            want, want_ids = expected[subset.name]
            for batch in BATCHES:
                got, got_ids = answer_all(runner, values, inputs, subset, batch)
                difference = float(np.abs(got - want).max())
                if not difference <= found["largest_difference"]:  # NaN, too
                    found["largest_difference"] = difference
                found["labels_identical"] &= bool((got.argmax(1) == want.argmax(1)).all())
                found["ids_identical"] &= same(got_ids, want_ids)
        found["seconds"] = round(time.perf_counter() - began, 1)
    formats = figures["formats"].values()
    figures["largest_difference"] = worst(f["largest_difference"] for f in formats)
    figures["passed"] = bool(
        figures["largest_difference"] <= MOST and all(f["labels_identical"] and f["ids_identical"] for f in formats)
    )
    return figures


def measure(names: Sequence[str], fusions: Sequence[str], path: Path, known: dict[str, Any]) -> dict[str, Any]:
    """All pairs but those known; the file has them after each. An encoder that cannot be had is left out and said."""
    figures: dict[str, Any] = {"machine": describe(ROOT, {}), "pairs": {}, "left_out": {}}
    import_tensorflow()
    import keras

    for name in names:
        encoder = ENCODERS[name]
        if reason := encoder.missing():
            figures["left_out"][name] = reason
            continue
        figures["pairs"][name] = {fusion: known[name][fusion] for fusion in fusions if fusion in known.get(name, {})}
        wanted = [fusion for fusion in fusions if fusion not in figures["pairs"][name]]
        if not wanted:
            continue
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            config = config_for(encoder, write_table(folder / "rows.csv"), folder)
            made = prepared(config, folder)
            for fusion in wanted:
                with graph_of(made, fusion) as graph:
                    inputs = with_tokenizers(graph.signature()["inputs"], [folder])
                    found = compare(graph, values_of(made, inputs), inputs, folder / fusion)
                figures["pairs"][name][fusion] = found
                write_json(path, figures)
                print(f"{name} × {fusion}: {found['largest_difference']:.1e}", file=sys.stderr, flush=True)
                del graph
                keras.backend.clear_session()
                gc.collect()
    return figures


def worst(differences: Iterable[float]) -> float:
    """The largest; NaN is larger than all."""
    return max(differences, key=lambda difference: (difference != difference, difference))


def markdown(figures: dict[str, Any]) -> str:
    """Rows are encoders, columns fusions; the largest difference over formats, batches and subsets. And a last line."""
    fusions = list(dict.fromkeys(fusion for row in figures["pairs"].values() for fusion in row))
    lines = [f"| encoder | {' | '.join(fusions)} |", f"| --- |{' ---: |' * len(fusions)}"]
    for name, row in figures["pairs"].items():
        cells = [f"{row[f]['largest_difference']:.1e}{'' if row[f]['passed'] else ' FAILED'}" for f in fusions]
        lines.append(f"| {ENCODERS[name].title} | {' | '.join(cells)} |")
    pairs = [pair for row in figures["pairs"].values() for pair in row.values()]
    largest = worst(pair["largest_difference"] for pair in pairs)
    formats = [found for pair in pairs for found in pair["formats"].values()]
    words = {True: "identical", False: "NOT identical"}
    labels, ids = (words[all(f[f"{what}_identical"] for f in formats)] for what in ("labels", "ids"))
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
    """Measure, print the table, write mm_parity.json. Returns 1 when a pair fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoders", nargs="+", choices=tuple(ENCODERS), default=list(ENCODERS))
    parser.add_argument("--fusions", nargs="+", choices=FUSIONS, default=list(FUSIONS))
    parser.add_argument("--docs", action="store_true", help="write docs/parity.md too")
    parser.add_argument("--resume", action="store_true", help="keep the pairs of an interrupted run's JSON")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args(arguments)
    args.results.mkdir(parents=True, exist_ok=True)
    path = args.results / "mm_parity.json"
    known = json.loads(path.read_text(encoding="utf-8"))["pairs"] if args.resume and path.exists() else {}
    figures = measure(args.encoders, args.fusions, path, known)
    write_json(path, figures)
    table = markdown(figures)
    print(table)
    if args.docs:
        DOCS.write_text(f"{ABOUT}\n{table}\n", encoding="utf-8")
    return 0 if all(pair["passed"] for row in figures["pairs"].values() for pair in row.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
