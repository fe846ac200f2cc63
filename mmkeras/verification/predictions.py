"""Numbers against numbers: are an artefact's probabilities or values those of the trained model?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mmkeras.graph import FLOAT32, Artefact, Signature
from mmkeras.metrics import agreement
from mmkeras.metrics.agreement import (
    decide,
    is_labelled,
    largest_log_odds,
    max_abs_diff,
    rows_with_different_decisions,
    score,
)
from mmkeras.runtime.contract import differences
from mmkeras.verification.legend import LEARNED
from mmkeras.verification.lengths import any_length
from mmkeras.verification.process import in_own_process
from mmkeras.verification.samples import SAMPLES, Samples, load_samples
from mmkeras.verification.tolerances import TOLERANCES, Tolerance

NOT_REPORTED = (
    "rows_with_other_ids",
    "ids_checked",
    "signature",
    "words",
    "labels_text",
)  # figures that are compared, not written
LONGEST_SHOWN = 200  # characters of a value in a message
LONG_TEXTS = 10  # times the tolerance: of sums over thousands of tokens, which runtimes round differently
NOUN = {"probabilities": "probabilities", "values": "numbers"}  # a graph's first output -> its noun in messages
load = load_samples
Predictions = tuple[dict[str, Any], list[np.ndarray], dict[str, np.ndarray]]


def run_artefact(folder: Path, artefact: Artefact, seconds: float | None = None) -> Predictions:
    """Figures and predictions of an artefact, which has one graph and one path. Raises RuntimeError if it fails.

    seconds: of its process at most.
    """
    limit = {} if seconds is None else {"seconds": seconds}
    return predict_in_own_process(folder / artefact.name, folder / SAMPLES, **limit)


def compare(
    predictions: Predictions, samples: Samples, signature: Signature, folder: Path, precision: str
) -> dict[str, Any]:
    """An artefact's part of verify.json."""
    figures, batches, by_subset = predictions
    return check(figures, batches, samples, signature, by_subset, precision)


def predict_in_own_process(path: Path, samples_path: Path, seconds: float | None = None) -> Predictions:
    """Run `clean_process.predictions` on one artefact. Returns figures, predictions at batch 1 and N, and by subset.

    Raises RuntimeError with the last line of the process's stderr when it fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "predictions.npz"
        in_own_process("mmkeras.verification.clean_process.predictions", [path, samples_path], out, seconds)
        with np.load(out, allow_pickle=False) as data:
            by_subset = {name.removeprefix("subset."): data[name] for name in data.files if name.startswith("subset.")}
            return json.loads(str(data["figures"])), [data["batch_1"], data["batch_n"]], by_subset


def check(
    figures: dict[str, Any],
    batches: list[np.ndarray],
    samples: Samples,
    signature: Signature,
    by_subset: Mapping[str, np.ndarray] = MappingProxyType({}),
    precision: str = FLOAT32,
) -> dict[str, Any]:
    """Compare one artefact's predictions with the model's: the figures, and `breaches`, a sentence for each mismatch.

    batches: predictions at batch 1 and N, float32 [n, outputs] each. signature: the exported folder's; the signature
    inside the artefact must be the same. by_subset: name of a subset -> predictions, float32 [r, outputs].
    """
    mismatches: list[str] = []
    task = signature.task
    (contract,) = (graph.to_json() for graph in signature.graphs.values())
    noun = NOUN.get(contract["outputs"][0]["name"], "answers")
    answers = [samples.answers, *samples.subsets.values()]
    tolerance = TOLERANCES[precision].at_scale(max(largest_log_odds(task, a) for a in answers))
    allowed = tolerance.difference["numbers"]
    other_labels = other_decisions(task, batches, samples.answers, ties=False)
    at_ties = len(other_decisions(task, batches, samples.answers)) - len(other_labels)
    difference = max((max_abs_diff(p, samples.answers, contract) for p in batches), default=0.0)
    if not np.isfinite(difference):
        mismatches.append(f"some {noun} are not numbers")
    other_ids = sorted({i for rows in figures["rows_with_other_ids"].values() for i in rows})
    if figures["ids_checked"] != sorted(samples.ids) or other_ids:
        mismatches.append(f"token ids differ on rows {other_ids[:5]}")
    mismatches += contract_mismatches(figures["signature"], figures["labels_text"], contract)
    if tolerance.score_loss is not None:
        mismatches += lost_score(batches, samples, contract, tolerance.score_loss)
    elif other_labels:
        mismatches.append(f"labels differ on {len(other_labels)} rows, the first {other_labels[:5]}")
    if other_words := rows_of_other_words(figures["words"], batches, samples, contract):
        mismatches.append(
            f"`predict` writes other labels than the trained model's on {len(other_words)} rows, the first "
            f"{other_words[:5]}"
        )
    if difference > allowed:
        mismatches.append(f"{noun} differ by up to {difference:.1e}, more than {allowed:.0e}")
    longer = [*answers, samples.others.answers] if samples.others else answers
    scaled = TOLERANCES[precision].at_scale(max(largest_log_odds(task, a) for a in longer))
    mismatches += length_mismatches(figures.get("any_length"), contract, noun, scaled)
    for name, result in figures["signatures_checked"].items():
        mismatches += [f"its signature {name}: {text}" for text in signature_mismatches(result, noun, tolerance)]
    matrix = check_subsets(by_subset, samples, contract)
    for row in matrix:
        mismatches += [
            f"with nothing but {row['present']}: {text}" for text in signature_mismatches(row, noun, tolerance)
        ]
    return {
        "rows": len(samples),
        "ids_identical": not other_ids if samples.ids else None,
        "labels_identical": not other_labels,
        **({"labels_apart_at_ties": at_ties} if at_ties else {}),
        "largest_difference": difference,
        score_name(signature): score(contract, samples.truth, batches[0])[1] if np.isfinite(difference) else 0.0,
        **{key: value for key, value in figures.items() if key not in NOT_REPORTED},
        **({"missing_modalities": matrix} if matrix else {}),
        **({"difference_allowed": allowed} if allowed > TOLERANCES[precision].difference["numbers"] else {}),
        "breaches": mismatches,
    }


def other_decisions(task: str, batches: list[np.ndarray], answers: np.ndarray, ties: bool = True) -> list[int]:
    """The rows with another decision than the model's at any batch size. ties: also where the model's is tied."""
    return sorted({int(i) for p in batches for i in rows_with_different_decisions(task, p, answers, ties)})


def contract_mismatches(
    inside: Mapping[str, Any], labels_text: str | None, contract: Mapping[str, Any], name: str = ""
) -> list[str]:
    """A sentence for each key of a contract, and for labels.txt, that is inside an artefact other than in the folder.

    inside: the contract that answers are read by. name: of the graph, where there are several.
    """
    whose = f"{name}: its" if name else "its"
    mismatches = [
        f"{whose} {key} inside the file are {shortened(inside.get(key))}, where signature.json has "
        f"{shortened(contract.get(key))}"
        for key in differences(inside, contract)
    ]
    if labels_text is not None and labels_text != "\n".join(contract["labels"]) + "\n":
        mismatches.append(f"{whose} labels.txt inside the file has other lines than the labels in signature.json")
    return mismatches


def shortened(value: Any) -> str:
    """A value for a message."""
    text = str(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def rows_of_other_words(
    words: Sequence[Sequence[str]], batches: Sequence[np.ndarray], samples: Samples, contract: Mapping[str, Any]
) -> list[int]:
    """Numbers of the rows on which an artefact decides as the model does, and calls its decision otherwise.

    words: what `predict` writes on each row at batch 1 and N; none for numbers.
    """
    task = contract["task"]
    if not is_labelled(task):
        return []
    expected = samples.words or decide(task, samples.answers, contract["labels"])[0]
    rows: set[int] = set()
    for predictions, written in zip(batches, words, strict=True):
        differ = {*rows_with_different_decisions(task, predictions, samples.answers)}  # counted already
        rows |= {i for i, (a, b) in enumerate(zip(written, expected, strict=True)) if a != b and i not in differ}
    return sorted(rows)


def check_subsets(
    by_subset: Mapping[str, np.ndarray], samples: Samples, contract: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The missing-modality matrix of an artefact: of each subset the score and the difference from the model's.

    by_subset: name of a subset -> predictions, float32 [r, outputs]. contract: the graph's, as JSON.
    """
    matrix: list[dict[str, Any]] = []
    for name, expected in samples.subsets.items():
        if name not in by_subset:
            matrix.append({"present": name, "error": "it was not answered"})
            continue
        metric, value = score(contract, samples.truth[: len(expected)], by_subset[name])
        same = not len(rows_with_different_decisions(contract["task"], by_subset[name], expected, ties=False))
        difference = max_abs_diff(by_subset[name], expected, contract)
        row: dict[str, Any] = {"present": name, "rows": len(expected), metric: value}
        matrix.append({**row, "largest_difference": difference, "labels_identical": same})
    return matrix


def score_name(signature: Signature) -> str:
    """The score's name in verify.json: with a suffix where the model was refit on the held-out rows."""
    name = agreement.score_name(signature.task)
    return f"{name}{LEARNED}" if signature.held_out["learned_since"] else name


def lost_score(batches: list[np.ndarray], samples: Samples, contract: Mapping[str, Any], allowed: float) -> list[str]:
    """A sentence where the score is lower than the model's by more than the precision's tolerance."""
    name, expected = score(contract, samples.truth, samples.answers)
    finite = [predictions for predictions in batches if np.isfinite(predictions).all()]  # others are a mismatch already
    worst = min((score(contract, samples.truth, predictions)[1] for predictions in finite), default=expected)
    if expected - worst <= allowed:
        return []
    return [f"{name} is {worst:.4f}, more than {allowed:g} below the model's {expected:.4f}"]


def signature_mismatches(result: dict[str, Any], noun: str, tolerance: Tolerance) -> list[str]:
    """A sentence for each mismatch in the result of one signature, or of one subset of the modalities."""
    if "error" in result:
        return [f"it cannot be run ({result['error']})"]
    identical = ("ids", "labels") if tolerance.score_loss is None else ("ids",)
    mismatches = [f"{part} differ" for part in identical if not result.get(f"{part}_identical", True)]
    if result["largest_difference"] > tolerance.difference["numbers"]:
        mismatches.append(f"{noun} differ by up to {result['largest_difference']:.1e}")
    return mismatches


def length_mismatches(
    result: dict[str, Any] | None, contract: Mapping[str, Any], noun: str, tolerance: Tolerance
) -> list[str]:
    """A sentence for each mismatch on the rows of other lengths, which the artefact got whole."""
    if result is None:
        free = any_length(contract["inputs"])
        return ["there are no rows of other lengths to run it on. Export again"] if free else []
    mismatches = signature_mismatches(result, noun, tolerance)
    if not result.get("difference_from_model", 0.0) <= LONG_TEXTS * tolerance.difference["numbers"]:
        mismatches.append(f"{noun} differ from the model's by up to {result['difference_from_model']:.1e}")
    return [f"on rows of other lengths: {text}" for text in mismatches]


def head(score: str) -> list[str]:
    """The table's first line. score: its key in the results; a star stands for the suffix of a longer name."""
    short = score.removesuffix(LEARNED)
    heading = short if short == score else f"{short}*"
    return [
        *("artefact", "ids", "labels", "largest diff", heading),
        *("size MB", "load s", "p50 ms", "p95 ms", "peak MiB"),
    ]


def cells(r: Mapping[str, Any], score: str) -> list[str]:
    """An artefact's line of the table, without its name."""
    mark = {True: "same", False: "DIFFER", None: "-"}  # no ids: a slim artefact, or inputs without
    labels = mark[r["labels_identical"]]
    if r["labels_identical"] and r.get("labels_apart_at_ties"):
        labels = f"same but {r['labels_apart_at_ties']} at ties"
    return [
        *(mark[r["ids_identical"]], labels, f"{r['largest_difference']:.1e}"),
        *(f"{r[score]:.4f}", f"{r['size_bytes'] / 1e6:.2f}", f"{r['load_seconds']:.2f}"),
        *(f"{r['latency_ms_p50']:.3f}", f"{r['latency_ms_p95']:.3f}", f"{r['peak_memory_mib']:.0f}"),
    ]
