"""The share of a training's time that is spent waiting for input.

    python -m benchmarks.multimodal.waiting [--sets example fsdd] [--epochs 2]

The batches of mmkeras are taken by hand where `fit` takes them, and given to the training step of mmkeras: the time of
`next(batch)` is waiting, the time of `train_on_batch` is work. The first epoch, in which the step is traced, does not
count.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import RESULTS, ROOT
from benchmarks.harness.client import write_json
from benchmarks.harness.machine import describe
from benchmarks.multimodal.material import Prepared, prepared
from mmkeras import Config
from mmkeras.examples.flags import EXAMPLES, with_example

MOST = 0.05  # largest allowed share of the time that is spent waiting
SETS = {
    "example": "the bundled example: text, image, audio, number",
    "fsdd": "spoken digits: audio",
    "mvsa": "tweets: text, image",
}


def config_for(name: str, shared: Path) -> Config:
    """The Config of a training on a set."""
    if name == "example":
        csv = str(ROOT / EXAMPLES["multimodal"]["csv"])
        return with_example(Config.of(example="multimodal")).replace(csv=csv)
    table = shared / name / "train.csv"
    if name == "fsdd":
        return Config.of(csv=str(table), audio=("audio",), target=("label",), audio_rate=8000, seconds=1.0)
    return Config.of(csv=str(table), text=("text",), image=("image",), target=("label",))


def measure(data: Prepared, epochs: int) -> dict[str, Any]:
    """Milliseconds of the waits and the steps, over `epochs` epochs after the first; the waits' share of the time."""
    from mmkeras.models import MODELS
    from mmkeras.models.core import build_core, make_variables
    from mmkeras.tasks import TASKS

    config, material = data.config, data.material
    recipe = importlib.import_module(MODELS[config.model.model])
    size = config.training.batch_size or recipe.BATCH_SIZE
    batches = material.batches("train", size, config.training, config.training.seed)
    model = build_core(material.columns, material.targets.outputs, config).model
    task = importlib.import_module(TASKS[config.model.task])
    training = config.training
    recipe.compile_model(model, training, len(batches) * (epochs + 1), task.loss(training), task.metrics())
    make_variables(model)
    waits, steps = [], []
    for epoch in range(epochs + 1):
        batches.on_epoch_begin(epoch)
        started = time.perf_counter()
        for inputs, targets, weights in batches.dataset():
            received = time.perf_counter()
            model.train_on_batch(inputs, targets, weights)
            ended = time.perf_counter()
            if epoch:
                waits.append(received - started)
                steps.append(ended - received)
            started = ended
    n_bytes = [sum(a.nbytes for a in (*x.values(), y, w)) for x, y, w in (batches[k] for k in range(len(batches)))]
    return {
        "steps": len(steps),
        "batch_size": size,
        "batch_kib": float(np.mean(n_bytes)) / 1024,
        "wait_ms_p50": 1e3 * float(np.median(waits)),
        "wait_ms_p95": 1e3 * float(np.quantile(waits, 0.95)),
        "step_ms_p50": 1e3 * float(np.median(steps)),
        "assemble_ms": 1e3 * assembling(batches),
        "share": sum(waits) / (sum(waits) + sum(steps)),
    }


def assembling(batches: Any) -> float:
    """Seconds in which one batch is put together, without a training step at the same time."""
    started = time.perf_counter()
    for k in range(len(batches)):
        batches[k]
    return (time.perf_counter() - started) / len(batches)


def markdown(figures: dict[str, Any]) -> str:
    """A line a set."""
    head = "| set | steps | batch | KiB a batch | wait ms p50 | p95 | step ms p50 | put together ms | share waiting |"
    lines = [head, f"| --- |{' ---: |' * 8}"]
    for name, row in figures["sets"].items():
        numbers = [row["wait_ms_p50"], row["wait_ms_p95"], row["step_ms_p50"], row["assemble_ms"]]
        cells = [f"{row['steps']}", f"{row['batch_size']}", f"{row['batch_kib']:.0f}"]
        cells += [f"{number:.2f}" for number in numbers]
        lines.append(f"| {SETS[name]} | {' | '.join(cells)} | {row['share']:.1%} |")
    worst = max(row["share"] for row in figures["sets"].values())
    verdict = "as it should be" if worst <= MOST else "TOO MUCH"
    return "\n".join([*lines, "", f"At most {worst:.1%} of the time is spent waiting ({MOST:.0%} allowed): {verdict}."])


def main(arguments: list[str] | None = None) -> int:
    """Measure, print the table, write mm_waiting.json. Returns 1 if a set waits too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=["example", "fsdd"])
    parser.add_argument("--epochs", type=int, default=2, help="that count; one more is trained before")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data", help="holds fsdd/, mvsa/")
    parser.add_argument("--results", type=Path, default=RESULTS)
    args = parser.parse_args(arguments)
    figures: dict[str, Any] = {"machine": describe(ROOT, {}), "sets": {}}
    args.results.mkdir(parents=True, exist_ok=True)
    for name in args.sets:
        with tempfile.TemporaryDirectory() as scratch:
            figures["sets"][name] = measure(prepared(config_for(name, args.shared), Path(scratch)), args.epochs)
        write_json(args.results / "mm_waiting.json", figures)
    print(markdown(figures))
    return 0 if all(row["share"] <= MOST for row in figures["sets"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
