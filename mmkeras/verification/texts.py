"""Texts against texts: are an artefact's texts and log-probabilities those of the trained model?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.targets.target_tokenizer import TargetTokenizer
from mmkeras.graph import FLOAT32, Artefact, Signature
from mmkeras.metrics.texts import text_figures
from mmkeras.runtime.contract import differences
from mmkeras.verification.lengths import any_length
from mmkeras.verification.process import in_own_process
from mmkeras.verification.samples import TextSamples, as_lists, load_text_samples
from mmkeras.verification.tolerances import TOLERANCES

load = load_text_samples


def run_artefact(folder: Path, artefact: Artefact, seconds: float | None = None) -> dict[str, Any]:
    """Run `clean_process.texts` on one artefact. Raises RuntimeError with the process's error when it fails."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "answers.json"
        in_own_process("mmkeras.verification.clean_process.texts", [folder, artefact.key], out, seconds)
        return dict(json.loads(out.read_text(encoding="utf-8")))


def compare(
    outputs: Mapping[str, Any], samples: TextSamples, signature: Signature, folder: Path, precision: str
) -> dict[str, Any]:
    """An artefact's part of verify.json. outputs: what `run_artefact` returns."""
    return check(outputs, samples, TargetTokenizer.load(folder), signature, precision)


@dataclass(frozen=True)
class Compared:
    """Texts against the trained model's.

    other: number of rows that differ. at_ties: rows that differ only from a position on where the artefact finds two
    tokens equally likely and takes the other one. largest: the largest difference of a token's log P.
    """

    other: int
    at_ties: int
    largest: float


def compare_texts(decoded: Mapping[str, Sequence[Any]], expected: Sequence[Any]) -> Compared:
    """Compare decoded texts with the trained model's. A text is (ids, log P of each).

    decoded: `free` and, where any text differs, `tied`; see `clean_process.texts.decode_with_ties`.
    """
    free, tied = decoded["free"], decoded.get("tied", decoded["free"])
    n_missing = abs(len(tied) - len(expected)) + abs(len(free) - len(tied))
    other, at_ties, largest = n_missing, 0, 0.0
    for (free_ids, _), (ids, log_probs), (expected_ids, expected_log_probs) in zip(free, tied, expected, strict=False):
        if list(ids) != list(expected_ids) or len(log_probs) != len(expected_log_probs):
            other += 1
            continue
        at_ties += list(free_ids) != list(expected_ids)
        largest = max(largest, max_abs_diff(log_probs, expected_log_probs))
    return Compared(other, at_ties, largest)


def max_abs_diff(log_probs: Sequence[float], expected: Sequence[float]) -> float:
    """The largest difference of two rows of log P; infinite where one is not finite."""
    difference = float(np.abs(np.subtract(log_probs, expected)).max()) if len(expected) else 0.0
    return difference if np.isfinite(difference) else float("inf")


def check(
    outputs: Mapping[str, Any],
    samples: TextSamples,
    tokenizer: TargetTokenizer,
    signature: Signature,
    precision: str = FLOAT32,
) -> dict[str, Any]:
    """Compare the texts of one artefact with the model's: figures, and `breaches`, a sentence for each mismatch."""
    mismatches: list[str] = []
    allowed = TOLERANCES[precision].difference["texts"]
    batches = [compare_texts(decoded, as_lists(samples.written)) for decoded in outputs["written"].values()]
    absent: dict[str, Any] = {"free": []}
    by_subset = {
        name: compare_texts(outputs.get("subsets", {}).get(name, absent), as_lists(expected))
        for name, expected in samples.subsets.items()
    }
    other, at_ties = max(b.other for b in batches), max(b.at_ties for b in batches)
    largest = max(b.largest for b in [*batches, *by_subset.values()])
    log_probs = [text.log_probabilities for text in samples.written]
    for name, expected in (("scored", samples.scored), ("batched", log_probs)) if "scored" in outputs else ():
        if [len(row) for row in outputs[name]] != [len(row) for row in expected]:
            mismatches.append("scores of texts have another length")
        else:
            largest = max([largest, *map(max_abs_diff, outputs[name], expected)])
    batches_of_ids = outputs.get("ids", {}).values()
    if other_ids := {row for token_ids in batches_of_ids for row in rows_of_other_ids(token_ids, samples.ids)}:
        mismatches.append(f"token ids differ on rows {sorted(other_ids)[:5]}")
    if other:
        mismatches.append(f"{other} of {len(samples)} texts differ")
    if largest > allowed:
        mismatches.append(f"log-probabilities differ by up to {largest:.1e}, more than {allowed:.0e}")
    mismatches += contract_mismatches(outputs["signature"], signature)
    mismatches += [f"with nothing but {name}: {c.other} texts differ" for name, c in by_subset.items() if c.other]
    mismatches += length_mismatches(outputs.get("any_length"), samples.others, signature, allowed)
    scored = outputs.get("score_lengths") or {"difference": 0.0}
    if not scored.get("difference", np.inf) <= allowed:
        mismatches.append(f"score of no token, or of more than its window: {scored.get('error', scored)}")
    served = outputs.get("served")
    if served and not (served["texts_identical"] and served["largest_difference"] <= allowed):
        mismatches.append(f"serving_default: texts or log P differ ({served['largest_difference']:.1e})")
    seconds = outputs["seconds"] / max(outputs["n_tokens"], 1)
    return {
        "rows": len(samples),
        "ids_identical": not other_ids if samples.ids else None,
        "texts_identical": not other and not at_ties,
        "texts_other": other,
        "texts_apart_at_ties": at_ties,
        "largest_difference": largest,
        **scores(outputs, samples, tokenizer),
        "subsets_checked": sorted(samples.subsets),
        "subset_texts_apart_at_ties": sum(compared.at_ties for compared in by_subset.values()),
        **({"other_lengths": len(samples.others)} if samples.others else {}),
        "served": served,
        "ms_a_piece": 1e3 * seconds,
        "load_seconds": outputs["load_seconds"],
        "peak_memory_mib": outputs["peak_memory_mib"],
        "breaches": mismatches,
    }


def length_mismatches(
    outputs: Mapping[str, Any] | None, others: TextSamples | None, signature: Signature, allowed: float
) -> list[str]:
    """A sentence for each mismatch on the rows of other lengths, which the artefact got whole."""
    if outputs is None or others is None:
        free = any(any_length(graph.inputs) for graph in signature.graphs.values())
        return ["there are no rows of other lengths to run it on. Export again"] if free else []
    if "error" in outputs:
        return [f"on rows of other lengths: it cannot be run ({outputs['error']})"]
    compared, mismatches = compare_texts(outputs["written"], as_lists(others.written)), []
    if other_ids := rows_of_other_ids(outputs["ids"], others.ids):
        mismatches.append(f"on rows of other lengths: token ids differ on rows {other_ids[:5]}")
    if compared.other:
        mismatches.append(f"on rows of other lengths: {compared.other} of {len(others)} texts differ")
    if compared.largest > allowed:
        mismatches.append(f"on rows of other lengths: log-probabilities differ by up to {compared.largest:.1e}")
    return mismatches


def contract_mismatches(inside: Mapping[str, Mapping[str, Any]], signature: Signature) -> list[str]:
    """A sentence for each key of a contract that differs inside the artefact. inside: graph -> its contract."""
    mismatches = []
    for name, contract in inside.items():
        read = {**contract, "inputs": without_folders(contract["inputs"])}
        keys = differences(read, signature.graphs[name].to_json())
        mismatches += [f"{name}: its {key} inside the file are other than those in signature.json" for key in keys]
    return mismatches


def rows_of_other_ids(token_ids: Mapping[str, Sequence[Any]], expected: Mapping[str, Sequence[Any]]) -> list[int]:
    """Numbers of the rows whose token ids differ; of all rows where an input's ids are absent."""
    if token_ids.keys() != expected.keys():
        return list(range(max(map(len, [*token_ids.values(), *expected.values()]))))
    pairs = {name: zip(token_ids[name], expected[name], strict=True) for name in expected}
    return [row for rows in pairs.values() for row, (a, b) in enumerate(rows) if a != b]


def without_folders(value: Any) -> Any:
    """Inputs without `tokenizer_folder`, which `with_tokenizers` adds."""
    if not isinstance(value, list):
        return value
    return [{key: part for key, part in spec.items() if key != "tokenizer_folder"} for spec in value]


def scores(outputs: Mapping[str, Any], samples: TextSamples, tokenizer: TargetTokenizer) -> dict[str, float]:
    """The figures of the task, from the artefact's own texts or scores."""
    if "scored" in outputs:
        terms = np.concatenate([np.asarray(row) for row in outputs["scored"]])
        return {"perplexity": float(np.exp(-terms.mean()))}
    texts = [tokenizer.decode(ids) for ids, _ in outputs["written"]["1"]["free"]]
    figures = text_figures(texts, samples.references)
    return {name: figures[name] for name in ("bleu", "chrf", "exact", "word_error_rate")}


def score_name(signature: Signature) -> str:
    """The figure in the table: `perplexity`, `bleu` or `chrf`."""
    return next(iter(signature.held_out))


def words_of(result: Mapping[str, Any]) -> str:
    """The table's cell of the texts: `same`, `same but 2 at ties`, `DIFFER`."""
    if result["texts_other"]:
        return "DIFFER"
    return f"same but {result['texts_apart_at_ties']} at ties" if result["texts_apart_at_ties"] else "same"


def head(score: str) -> list[str]:
    """The table's first line."""
    return ["format", "texts", "largest diff of log P", score, "size MB", "load s", "ms/token", "peak MiB"]


def cells(r: Mapping[str, Any], score: str) -> list[str]:
    """An artefact's line of the table, without its name."""
    return [
        *(words_of(r), f"{r['largest_difference']:.1e}", f"{r[score]:.2f}"),
        *(f"{r['size_bytes'] / 1e6:.2f}", f"{r['load_seconds']:.2f}"),
        *(f"{r['ms_a_piece']:.3f}", f"{r['peak_memory_mib']:.0f}"),
    ]
