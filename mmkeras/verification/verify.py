"""Does every artefact answer as the trained model does? Each in its own clean process, on real held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmkeras.errors import InputError
from mmkeras.runtime.exported import artefacts, chosen, read_signature, size_bytes, writes
from mmkeras.system.files import write_json
from mmkeras.verification.predictions import LARGEST_DIFFERENCE, accuracy_name, answers, check, table
from mmkeras.verification.process import SAMPLES
from mmkeras.verification.result import reject, verdict
from mmkeras.verification.samples import Samples, load_samples


def verify_one(folder: Path, name: str, samples: Samples, signature: dict[str, Any]) -> dict[str, Any]:
    """One artefact's part of verify.json. One that was exported and is not there fails: nothing proves it."""
    path, rejected = folder / name, f"{name}.rejected"
    if not path.exists() and (folder / rejected).exists():
        breach = f"it was rejected earlier and is kept as {rejected}. Export again."
        return {"rows": 0, "breaches": [breach], "passed": False, "kept_as": rejected}
    if not path.exists():
        breach = "it was exported and is not here. Put it back, or check the others alone with --formats."
        return {"rows": 0, "breaches": [breach], "passed": False, "absent": True}
    size = size_bytes(path)
    try:
        figures, results, parts = answers(path, folder / SAMPLES)
        result = check(figures, results, samples, signature, parts)
    except RuntimeError as error:
        result = {"rows": 0, "breaches": [f"it cannot be run: {error}"]}
    return {"size_bytes": size, **result, "passed": not result["breaches"]}


def verify(folder: Path, formats: Sequence[str] = (), say: Any = print) -> bool:
    """Check the artefacts of an exported folder, or those of some formats; write verify.json; reject what fails.

    Returns True when all pass.
    Raises InputError when the folder is none, is damaged, or has nothing of a format.
    """
    if not folder.is_dir() or not (folder / SAMPLES).exists():
        raise InputError(
            f"{folder}: expected a folder that `mmkeras export` wrote (with {SAMPLES}); there is none here."
        )
    if writes(folder):
        from mmkeras.verification.texts import verify_text

        return verify_text(folder, formats, say)
    samples = load_samples(folder / SAMPLES)
    signature = read_signature(folder / "signature.json")
    everything = artefacts(folder, signature["artefacts"])
    names = chosen(everything, formats)
    say(f"verifying {', '.join(names)} on {len(samples)} held-out rows, each in its own process without Keras")
    results = {name: verify_one(folder, name, samples, signature) for name in names}
    say(table(results, accuracy_name(signature)))
    if signature["held_out"]["learned_since"]:
        accuracy = signature["held_out"][accuracy_name(signature).removesuffix("_on_learned_rows")]
        say(f"* on rows the model has learned since: {accuracy:.4f} while held out (train --no-fold keeps them apart)")
    for name, result in results.items():
        for breach in result["breaches"]:
            say(f"{verdict(result)} {name}: {breach}")
        if not result["passed"] and (folder / name).exists():
            reject(folder / name)
            result["kept_as"] = f"{name}.rejected"
    not_checked = [name for name in everything if name not in names]
    if not_checked:
        say(f"not checked: {', '.join(not_checked)}")
    report = {
        "passed": all(r["passed"] for r in results.values()),
        "not_checked": not_checked,
        "largest_difference_allowed": LARGEST_DIFFERENCE,
        "held_out": signature["held_out"],
        "artefacts": results,
    }
    write_json(folder / "verify.json", report)
    return bool(report["passed"])
