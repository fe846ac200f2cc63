"""How far a clean process that generates texts has come, in rows that are encoded or texts that are scored."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmkeras.generation.generator import TextGenerator
from mmkeras.graph import internal_outputs
from mmkeras.runtime.exported import ENCODE, SCORE
from mmkeras.runtime.feeds import Arrays
from mmkeras.runtime.runners import Runner
from mmkeras.verification.process import Report
from mmkeras.verification.samples import TextSamples


class Counted:
    """The graph `encode`, which reports the rows that it encodes: each is decoded at once."""

    def __init__(self, runner: Runner, report: Report) -> None:
        self.runner, self.signature, self.report = runner, runner.signature, report

    def __call__(self, inputs: Arrays, output_names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        outputs = self.runner(inputs, output_names)
        self.report.advance(len(next(iter(inputs.values()))))
        return outputs


def count_of(generator: TextGenerator, samples: TextSamples) -> int:
    """How many rows are encoded, or texts scored, singly and in batches; more where texts differ at ties."""
    if SCORE in generator.graphs:
        return 2 * len(samples)
    ids = bool(internal_outputs(generator.graphs[ENCODE].signature["outputs"]))
    return (2 + 2 * ids) * len(samples) + sum(map(len, samples.subsets.values()))
