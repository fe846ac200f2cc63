"""Numbers against numbers: does an artefact give the trained model's probabilities or values?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mmkeras.graph import FLOAT32, Artefact, Signature
from mmkeras.metrics import agreement
from mmkeras.metrics.agreement import max_abs_diff, rows_decided_otherwise, score
from mmkeras.verification.process import SAMPLES, in_own_process
from mmkeras.verification.samples import Samples, load_samples
from mmkeras.verification.tolerances import TOLERANCES, Tolerance

NOT_REPORTED = ("rows_with_other_ids", "ids_checked", "signature")  # of the figures, once they are compared
NOUN = {"probabilities": "probabilities", "values": "numbers"}  # what the answers of a graph's first output are
load = load_samples
Answers = tuple[dict[str, Any], list[np.ndarray], dict[str, np.ndarray]]


def ask(folder: Path, artefact: Artefact) -> Answers:
    """Figures and answers of an artefact, whose only graph has one path. Raises RuntimeError when it cannot be run."""
    return answers(folder / artefact.name, folder / SAMPLES)


def compare(found: Answers, samples: Samples, signature: Signature, folder: Path, precision: str) -> dict[str, Any]:
    """An artefact's part of verify.json."""
    figures, results, parts = found
    return check(figures, results, samples, signature, parts, precision)


def answers(path: Path, samples_path: Path) -> Answers:
    """Run `clean_process.predictions` on one artefact. Returns figures, answers at batch 1 and N, and by subset.

    Raises RuntimeError with the process's last words when it fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "answers.npz"
        in_own_process("mmkeras.verification.clean_process.predictions", [path, samples_path], out)
        with np.load(out, allow_pickle=False) as data:
            parts = {name.removeprefix("subset."): data[name] for name in data.files if name.startswith("subset.")}
            return json.loads(str(data["figures"])), [data["batch_1"], data["batch_n"]], parts


def check(
    figures: dict[str, Any],
    results: list[np.ndarray],
    samples: Samples,
    signature: Signature,
    parts: Mapping[str, np.ndarray] = MappingProxyType({}),
    precision: str = FLOAT32,
) -> dict[str, Any]:
    """Compare one artefact's answers with the model's: the figures, and `breaches`, a sentence for each.

    signature: the exported folder's; what an artefact says of itself must be the same. parts: answers a subset.
    """
    mismatches, task = [], signature.task
    (contract,) = (graph.to_json() for graph in signature.graphs.values())
    noun = NOUN.get(contract["outputs"][0]["name"], "answers")
    tolerance = TOLERANCES[precision]
    allowed = tolerance.difference["numbers"]
    other_labels = sorted({int(i) for p in results for i in rows_decided_otherwise(task, p, samples.answers)})
    difference = max((max_abs_diff(p, samples.answers, contract) for p in results), default=0.0)
    if not np.isfinite(difference):
        mismatches.append(f"some {noun} are not numbers")
    other_ids = sorted({i for rows in figures["rows_with_other_ids"].values() for i in rows})
    if figures["ids_checked"] != sorted(samples.ids) or other_ids:
        mismatches.append(f"token ids differ on rows {other_ids[:5]}")
    for part, said in figures["signature"].items():
        if said != contract[part]:
            mismatches.append(f"its {part} inside the file are {said}, where signature.json has {contract[part]}")
    if tolerance.score_loss is not None:
        mismatches += lost_score(results, samples, contract, tolerance.score_loss)
    elif other_labels:
        mismatches.append(f"labels differ on {len(other_labels)} rows, the first {other_labels[:5]}")
    if difference > allowed:
        mismatches.append(f"{noun} differ by up to {difference:.1e}, more than {allowed:.0e}")
    for name, found in figures["signatures_checked"].items():
        mismatches += [f"its signature {name}: {breach}" for breach in signature_mismatches(found, noun, tolerance)]
    missing = check_subsets(parts, samples, contract)
    mismatches += [
        f"with nothing but {m['present']}: {b}" for m in missing for b in signature_mismatches(m, noun, tolerance)
    ]
    return {
        "rows": len(samples),
        "ids_identical": not other_ids,
        "labels_identical": not other_labels,
        "largest_difference": difference,
        score_name(signature): score(contract, samples.truth, results[0])[1] if np.isfinite(difference) else 0.0,
        **{key: value for key, value in figures.items() if key not in NOT_REPORTED},
        **({"missing_modalities": missing} if missing else {}),
        "breaches": mismatches,
    }


def check_subsets(
    parts: Mapping[str, np.ndarray], samples: Samples, contract: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The missing-modality matrix of an artefact: what is there, the score, and how far it is from the model's.

    contract: the graph's, as JSON.
    """
    matrix: list[dict[str, Any]] = []
    for name, expected in samples.subsets.items():
        if name not in parts:
            matrix.append({"present": name, "error": "it was not answered"})
            continue
        what, value = score(contract, samples.truth[: len(expected)], parts[name])
        same = not len(rows_decided_otherwise(contract["task"], parts[name], expected))
        difference = max_abs_diff(parts[name], expected, contract)
        found: dict[str, Any] = {"present": name, "rows": len(expected), what: value}
        matrix.append({**found, "largest_difference": difference, "labels_identical": same})
    return matrix


def score_name(signature: Signature) -> str:
    """What verify.json calls the score: that of rows which the model has learned since is no held-out one."""
    name = agreement.score_name(signature.task)
    return f"{name}_on_learned_rows" if signature.held_out["learned_since"] else name


def lost_score(results: list[np.ndarray], samples: Samples, contract: Mapping[str, Any], allowed: float) -> list[str]:
    """A sentence where the answers are worse than the model's by more than a precision may cost."""
    name, known = score(contract, samples.truth, samples.answers)
    finite = [answers for answers in results if np.isfinite(answers).all()]  # others have a sentence of their own
    worst = min((score(contract, samples.truth, answers)[1] for answers in finite), default=known)
    return [f"{name} is {worst:.4f}, more than {allowed:g} below the model's {known:.4f}"] * (known - worst > allowed)


def signature_mismatches(found: dict[str, Any], noun: str, tolerance: Tolerance) -> list[str]:
    """A sentence for each thing wrong with one of an artefact's signatures."""
    if "error" in found:
        return [f"it cannot be run ({found['error']})"]
    identical = ("ids", "labels") if tolerance.score_loss is None else ("ids",)
    mismatches = [f"{part} differ" for part in identical if not found.get(f"{part}_identical", True)]
    if found["largest_difference"] > tolerance.difference["numbers"]:
        mismatches.append(f"{noun} differ by up to {found['largest_difference']:.1e}")
    return mismatches


def head(score: str) -> list[str]:
    """The table's first line. score: what the results call it; a star stands for a longer name."""
    short = score.removesuffix("_on_learned_rows")
    figure = short if short == score else f"{short}*"
    return [
        *("artefact", "ids", "labels", "largest diff", figure),
        *("size MB", "load s", "p50 ms", "p95 ms", "peak MiB"),
    ]


def cells(r: Mapping[str, Any], score: str) -> list[str]:
    """An artefact's line, without its name."""
    mark = {True: "same", False: "DIFFER"}
    return [
        *(mark[r["ids_identical"]], mark[r["labels_identical"]], f"{r['largest_difference']:.1e}"),
        *(f"{r[score]:.4f}", f"{r['size_bytes'] / 1e6:.2f}", f"{r['load_seconds']:.2f}"),
        *(f"{r['latency_ms_p50']:.3f}", f"{r['latency_ms_p95']:.3f}", f"{r['peak_memory_mib']:.0f}"),
    ]
