"""Texts against texts: does an artefact write what the trained model writes?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.data.target_tokenizer import TargetTokenizer
from mmkeras.graph import FLOAT32, Artefact, Signature
from mmkeras.metrics.texts import text_figures
from mmkeras.verification.process import in_own_process
from mmkeras.verification.samples import TextSamples, as_lists, load_text_samples
from mmkeras.verification.tolerances import TOLERANCES

load = load_text_samples


def ask(folder: Path, artefact: Artefact) -> dict[str, Any]:
    """Run `clean_process.texts` on one artefact. Raises RuntimeError with the process's last words when it fails."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "answers.json"
        in_own_process("mmkeras.verification.clean_process.texts", [folder, artefact.key], out)
        return dict(json.loads(out.read_text(encoding="utf-8")))


def compare(
    found: Mapping[str, Any], samples: TextSamples, signature: Signature, folder: Path, precision: str
) -> dict[str, Any]:
    """An artefact's part of verify.json."""
    return check(found, samples, TargetTokenizer.load(folder), signature, precision)


@dataclass(frozen=True)
class Compared:
    """Texts against the trained model's. other: rows that differ; at_ties: rows that are the trained model's but for a
    place where the format finds two pieces equally likely, and takes the other. largest: difference of a piece's log P.
    """

    other: int
    at_ties: int
    largest: float


def compare_texts(found: Mapping[str, Sequence[Any]], expected: Sequence[Any]) -> Compared:
    """found: the texts written freely and, where some part, following the trained model's at ties; see `answer_text`.

    A text is (ids, log P of each).
    """
    free, following = found["free"], found.get("following", found["free"])
    missing = abs(len(following) - len(expected)) + abs(len(free) - len(following))
    other, at_ties, largest = missing, 0, 0.0
    for (ids, _), (settled, chances), (own, known) in zip(free, following, expected, strict=False):
        if list(settled) != list(own) or len(chances) != len(known):
            other += 1
            continue
        at_ties += list(ids) != list(own)
        largest = max(largest, max_abs_diff(chances, known))
    return Compared(other, at_ties, largest)


def max_abs_diff(found: Sequence[float], known: Sequence[float]) -> float:
    """Of two rows of log P; infinite where one is no number."""
    difference = float(np.abs(np.subtract(found, known)).max()) if len(known) else 0.0
    return difference if np.isfinite(difference) else float("inf")


def check(
    found: Mapping[str, Any],
    samples: TextSamples,
    pieces: TargetTokenizer,
    signature: Signature,
    precision: str = FLOAT32,
) -> dict[str, Any]:
    """Compare what one format wrote with what the model wrote: figures, and `breaches`, a sentence for each."""
    mismatches: list[str] = []
    allowed = TOLERANCES[precision].difference["texts"]
    batches = [compare_texts(ways, as_lists(samples.written)) for ways in found["written"].values()]
    nothing: dict[str, Any] = {"free": []}
    parts = {
        name: compare_texts(found.get("subsets", {}).get(name, nothing), as_lists(known))
        for name, known in samples.subsets.items()
    }
    other, at_ties = max(b.other for b in batches), max(b.at_ties for b in batches)
    largest = max(b.largest for b in [*batches, *parts.values()])
    alone = [w.log_probabilities for w in samples.written]
    for name, known in (("scored", samples.scored), ("side_by_side", alone)) if "scored" in found else ():
        if [len(row) for row in found[name]] != [len(row) for row in known]:
            mismatches.append("scores of texts have another length")
        else:
            largest = max([largest, *map(max_abs_diff, found[name], known)])
    if others := {int(row) for ids in found.get("ids", {}).values() for row in rows_of_other_ids(ids, samples.ids)}:
        mismatches.append(f"token ids differ on rows {sorted(others)[:5]}")
    if other:
        mismatches.append(f"{other} of {len(samples)} texts differ")
    if largest > allowed:
        mismatches.append(f"log-probabilities differ by up to {largest:.1e}, more than {allowed:.0e}")
    for name, said in found["signature"].items():
        contract = signature.graphs[name].to_json()
        for part, value in said.items():
            if without_folders(value) != contract[part]:
                mismatches.append(f"{name}: its {part} inside the file are other than those in signature.json")
    mismatches += [f"with nothing but {name}: {part.other} texts differ" for name, part in parts.items() if part.other]
    served = found.get("served")
    if served and not (served["texts_identical"] and served["largest_difference"] <= allowed):
        mismatches.append(f"serving_default: texts or log P differ ({served['largest_difference']:.1e})")
    seconds = found["seconds"] / max(found["pieces_written"], 1)
    return {
        "rows": len(samples),
        "ids_identical": not others,
        "texts_identical": not other and not at_ties,
        "texts_other": other,
        "texts_apart_at_ties": at_ties,
        "largest_difference": largest,
        **scores(found, samples, pieces),
        "subsets_checked": sorted(samples.subsets),
        "subset_texts_apart_at_ties": sum(part.at_ties for part in parts.values()),
        "served": served,
        "ms_a_piece": 1e3 * seconds,
        "load_seconds": found["load_seconds"],
        "peak_memory_mib": found["peak_memory_mib"],
        "breaches": mismatches,
    }


def rows_of_other_ids(found: Mapping[str, Sequence[Any]], known: Mapping[str, Sequence[Any]]) -> list[int]:
    """Numbers of the rows in which another thing was recognised; all of them where an input's are not there."""
    if found.keys() != known.keys():
        return list(range(max(map(len, [*found.values(), *known.values()]))))
    return [k for name in known for k, (a, b) in enumerate(zip(found[name], known[name], strict=True)) if a != b]


def without_folders(value: Any) -> Any:
    """Inputs without what was added when they were read."""
    return (
        [{k: v for k, v in e.items() if k != "tokenizer_folder"} for e in value] if isinstance(value, list) else value
    )


def scores(found: Mapping[str, Any], samples: TextSamples, pieces: TargetTokenizer) -> dict[str, float]:
    """The figure of the task, from the format's own texts or scores."""
    if "scored" in found:
        terms = np.concatenate([np.asarray(row) for row in found["scored"]])
        return {"perplexity": float(np.exp(-terms.mean()))}
    texts = [pieces.decode(ids) for ids, _ in found["written"]["1"]["free"]]
    figures = text_figures(texts, samples.references)
    return {name: figures[name] for name in ("bleu", "chrf", "exact", "word_error_rate")}


def score_name(signature: Signature) -> str:
    """The figure that is read first: `perplexity`, `bleu` or `chrf`."""
    return next(iter(signature.held_out))


def words_of(result: Mapping[str, Any]) -> str:
    """How the texts are."""
    if result["texts_other"]:
        return "DIFFER"
    return f"same but {result['texts_apart_at_ties']} at ties" if result["texts_apart_at_ties"] else "same"


def head(score: str) -> list[str]:
    """The table's first line."""
    return ["format", "texts", "largest diff of log P", score, "size MB", "load s", "ms a piece", "peak MiB"]


def cells(r: Mapping[str, Any], score: str) -> list[str]:
    """An artefact's line, without its name."""
    return [
        *(words_of(r), f"{r['largest_difference']:.1e}", f"{r[score]:.2f}"),
        *(f"{r['size_bytes'] / 1e6:.2f}", f"{r['load_seconds']:.2f}"),
        *(f"{r['ms_a_piece']:.3f}", f"{r['peak_memory_mib']:.0f}"),
    ]
