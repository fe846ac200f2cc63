"""Do the sample rows belong to the folder's model? Rows of another one would reject artefacts that are sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmkeras.errors import InputError
from mmkeras.graph import Signature
from mmkeras.metrics.agreement import score
from mmkeras.runtime.exported import ENCODE
from mmkeras.runtime.feeds import columns_of
from mmkeras.verification.samples import AGAIN, Samples, TextSamples


def check_belonging(samples: Samples | TextSamples, signature: Signature, path: Path) -> None:
    """Raise InputError where sample rows are of other inputs, classes or numbers than the folder's model.

    path: of the samples, for the message.
    """
    graphs = signature.graphs
    graph = graphs.get(ENCODE) if isinstance(samples, TextSamples) else next(iter(graphs.values()))
    names = {spec["name"] for spec in columns_of(graph.inputs)} if graph else set()
    if any(part.inputs.keys() != names for part in (samples, samples.others) if part is not None):
        raise _of_another(path, f"they have the inputs {', '.join(samples.inputs)}, the model {', '.join(names)}")
    if isinstance(samples, Samples) and graph is not None:
        contract, width = graph.to_json(), graph.outputs[0]["shape"][-1]
        if any(part.answers.shape[1] != width for part in (samples, samples.others) if part is not None):
            raise _of_another(path, f"they have {samples.answers.shape[1]} answers a row, the model {width}")
        if not _has_score(contract, samples):
            raise _of_another(path, "their targets are none of this model's")


def _has_score(contract: dict[str, object], samples: Samples) -> bool:
    try:
        return bool(np.isfinite(score(contract, samples.truth, samples.answers)[1]))
    except (TypeError, ValueError, IndexError):  # NumPy's, of classes or shapes that are not the model's
        return False


def _of_another(path: Path, reason: str) -> InputError:
    return InputError(f"{path}: the sample rows are of another model ({reason}). Copy the folder again. {AGAIN}")
