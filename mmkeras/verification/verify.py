"""Does every artefact answer as the trained model does? Each in its own clean process, on real held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmkeras.errors import InputError
from mmkeras.graph import FLOAT32, Answers, Artefact, Signature
from mmkeras.runtime.exported import SIGNATURE, absent, artefacts_to_check, chosen, read_signature, size_bytes
from mmkeras.system.files import write_json
from mmkeras.system.progress import Log
from mmkeras.verification import predictions, texts
from mmkeras.verification.process import SAMPLES
from mmkeras.verification.result import reject, table, verdict
from mmkeras.verification.tolerances import TOLERANCES

# what a model answers with -> the module that loads its samples, asks an artefact, compares, and writes its line
COMPARISONS: dict[Answers, Any] = {"numbers": predictions, "texts": texts}


def verify_one(folder: Path, artefact: Artefact, samples: Any, signature: Signature) -> dict[str, Any]:
    """One artefact's part of verify.json. One that was exported and is not there fails: nothing proves it."""
    if gone := absent(folder, artefact):
        return without_artefact(folder, artefact, gone)
    comparison = COMPARISONS[signature.answers]
    size = sum(size_bytes(folder / path) for path in artefact.files)
    try:
        found = comparison.ask(folder, artefact)
        result = comparison.compare(found, samples, signature, folder, artefact.precision)
    except RuntimeError as error:
        result = {"rows": 0, "breaches": [f"it cannot be run: {error}"]}
    return {"size_bytes": size, **allowed_of(artefact, signature), **result, "passed": not result["breaches"]}


def allowed_of(artefact: Artefact, signature: Signature) -> dict[str, Any]:
    """What verify.json says of a precision other than float32, whose tolerance holds for the whole folder."""
    if artefact.precision == FLOAT32:
        return {}
    tolerance = TOLERANCES[artefact.precision]
    allowed = {
        "difference_allowed": tolerance.difference[signature.answers],
        "score_loss_allowed": tolerance.score_loss,
    }
    return {"precision": artefact.precision, **allowed}


def without_artefact(folder: Path, artefact: Artefact, gone: Sequence[str]) -> dict[str, Any]:
    """The result where files are not there: rejected earlier, or lost."""
    what = "it" if artefact.name in gone else ", ".join(gone)
    kept = [f"{path}.rejected" for path in gone if (folder / f"{path}.rejected").exists()]
    if kept:
        breach = f"{what} was rejected earlier and is kept as {', '.join(kept)}. Export again."
        return {"rows": 0, "breaches": [breach], "passed": False, "kept_as": one_or_all(kept)}
    breach = f"{what} was exported and is not here. Put it back, or check the others alone with --formats."
    return {"rows": 0, "breaches": [breach], "passed": False, "absent": True}


def one_or_all(names: list[str]) -> str | list[str]:
    """The only name, or a list."""
    return names[0] if len(names) == 1 else names


def verify(folder: Path, formats: Sequence[str] = (), log: Log = print) -> bool:
    """Check the artefacts of an exported folder, or those of some formats; write verify.json; reject what fails.

    Returns True when all pass.
    Raises InputError when the folder is none, is damaged, or has nothing of a format.
    """
    if not folder.is_dir() or not (folder / SAMPLES).exists():
        raise InputError(
            f"{folder}: expected a folder that `mmkeras export` wrote (with {SAMPLES}); there is none here."
        )
    signature = read_signature(folder)
    if not signature.artefacts:
        raise InputError(f"{folder / SIGNATURE}: it names no artefact to verify. Export again.")
    comparison = COMPARISONS[signature.answers]
    samples = comparison.load(folder / SAMPLES)
    everything = artefacts_to_check(folder, signature)
    artefacts = chosen(everything, formats)
    names = ", ".join(artefact.name for artefact in artefacts)
    log(f"verifying {names} on {len(samples)} held-out {samples.what}, each in its own process without Keras")
    results = {artefact.name: verify_one(folder, artefact, samples, signature) for artefact in artefacts}
    say_results(results, signature, log)
    for artefact in artefacts:
        if not results[artefact.name]["passed"]:
            reject_files(folder, artefact, results[artefact.name])
    not_checked = [artefact.name for artefact in everything if artefact not in artefacts]
    if not_checked:
        log(f"not checked: {', '.join(not_checked)}")
    report = {
        "passed": all(result["passed"] for result in results.values()),
        "not_checked": not_checked,
        "largest_difference_allowed": TOLERANCES[FLOAT32].difference[signature.answers],
        "held_out": signature.held_out,
        "artefacts": results,
    }
    write_json(folder / "verify.json", report)
    return bool(report["passed"])


def say_results(results: dict[str, dict[str, Any]], signature: Signature, log: Log) -> None:
    """The table, and a line for each breach."""
    comparison = COMPARISONS[signature.answers]
    score = comparison.score_name(signature)
    log(table(results, comparison, score))
    if signature.held_out.get("learned_since"):
        held_out = signature.held_out[score.removesuffix("_on_learned_rows")]
        log(f"* on rows the model has learned since: {held_out:.4f} while held out (train --no-fold keeps them apart)")
    for name, result in results.items():
        for breach in result["breaches"]:
            log(f"{verdict(result)} {name}: {breach}")


def reject_files(folder: Path, artefact: Artefact, result: dict[str, Any]) -> None:
    """Take what failed out of the way of whoever deploys it; the result says under which names it is kept."""
    paths = [path for path in artefact.files if (folder / path).exists()]
    for path in paths:
        reject(folder / path)
    if paths:
        result["kept_as"] = one_or_all([f"{path}.rejected" for path in paths])
