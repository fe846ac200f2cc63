"""Tokens a second of training an LSTM of 2 x 200 over 10,000 words: `model.fit` as `train.py` calls it, and PyTorch.

python -m benchmarks.generation.throughput [--rounds 3] [--seconds 35] [--shapes 20x35 20x20 64x35]

Both take turns, each in a separate process, with the same batch, steps and threads: read the ratio. PyTorch has its
environment, `.venv-torch`, which is made on first use.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks import RESULTS, ROOT
from benchmarks.harness.machine import describe

TORCH = "torch==2.13.0"
VOCABULARY_SIZE = 10_000
MMKERAS = """
import sys, time
from mmkeras import Config
from mmkeras.system.tensorflow import start_tensorflow
batch, steps, threads, seconds, vocabulary_size = map(int, sys.argv[1:6])
config = Config.of(task="language_model", dropout=0.2, batch_size=batch, steps=steps)
start_tensorflow(config.training.seed, large_tensors=True)
import numpy as np, tensorflow as tf
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
from mmkeras.models.language_model import streaming
from mmkeras.features.stream_batches import StreamBatches
def random_batches(n):
    stream = np.random.default_rng(0).integers(0, vocabulary_size, batch * steps * n + 1)
    return StreamBatches(stream.astype("int32"), batch, steps)
model = streaming(config, vocabulary_size, batch, 1000).model
model.fit(random_batches(3).dataset(), verbose=0)
started = time.perf_counter()
model.fit(random_batches(10).dataset(), verbose=0)
n = int(10 * seconds / (time.perf_counter() - started))
started = time.perf_counter()
model.fit(random_batches(n).dataset(), verbose=0)  # one epoch of about `seconds`
print(batch * steps * n / (time.perf_counter() - started))
"""


def torch_python() -> Path:
    """The interpreter of PyTorch's environment, made and filled on first use."""
    environment = ROOT / ".venv-torch"
    python = environment / "bin" / "python"
    if not python.exists() or subprocess.run([str(python), "-c", "import torch"], check=False).returncode:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "numpy", TORCH], check=True)
    return python


def rate(command: list[str]) -> float:
    """Run a command. Returns the last number of its output. Raises RuntimeError if it fails."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return float(done.stdout.split()[-1])


def main(arguments: list[str] | None = None) -> int:
    """Measure in turns, print a table, write results/lm_throughput.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=35)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shapes", nargs="+", default=["20x35", "20x20", "64x35"])
    args = parser.parse_args(arguments)
    peer = str(ROOT / "benchmarks" / "peers" / "torch_lstm.py")
    figures: dict[str, object] = {"machine": describe(ROOT, {}), "threads": args.threads}
    print("| batch x steps | mmkeras tokens/s | PyTorch tokens/s | ratio (each round) |\n|---|---:|---:|---|")
    for shape in args.shapes:
        sizes = [*shape.split("x"), str(args.threads), str(args.seconds), str(VOCABULARY_SIZE)]
        rounds = [
            (rate([sys.executable, "-c", MMKERAS, *sizes]), rate([str(torch_python()), peer, *sizes]))
            for _ in range(args.rounds)
        ]
        ratios = [ours / theirs for ours, theirs in rounds]
        figures[shape] = {"rounds": rounds, "median_ratio": statistics.median(ratios)}
        ours, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"| {shape} | {ours:.0f} | {theirs:.0f} | {', '.join(f'{r:.2f}' for r in ratios)} |", flush=True)
    path = RESULTS / "lm_throughput.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
