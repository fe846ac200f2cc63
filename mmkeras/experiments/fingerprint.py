"""The fingerprint of an ablation: its options and data. Older trainings with another fingerprint are not reused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import DEFAULTS, Config
from mmkeras.errors import InputError
from mmkeras.runs.environment import file_hash
from mmkeras.runs.run import FINISHED, read_json
from mmkeras.system.files import write_json

QUESTION: Final = "question.json"
TRIAL: Final = "trial.json"  # in the folder of a finished training
# flags that do not change a result, flags that differ between the trials, and files, whose contents are hashed
IGNORED: Final = ("overwrite", "debug", "resume", "output", "example", "fusion", "seed", "csv", "validation")
MOST_DIFFERENCES: Final = 4  # that an error message lists


def fingerprint_of(config: Config) -> dict[str, Any]:
    """The options that change a result, and SHA-256 hashes of the files, as JSON types."""
    options = {key: value for key, value in config.flat().items() if key not in IGNORED}
    files = {
        "csv": file_hash(config.data.csv),
        "validation": file_hash(config.data.validation) if config.data.validation else None,
    }
    return dict(json.loads(json.dumps({"options": options, "sha256": files})))


def differences(previous: dict[str, Any], current: dict[str, Any]) -> list[str]:
    """Differences of two fingerprints, as parts of a sentence. Media are compared where both fingerprints have them."""
    default, changes = json.loads(json.dumps(DEFAULTS)), []
    for key, value in current["options"].items():
        before = previous["options"].get(key, default[key])
        if before != value:
            changes.append(f"--{key.replace('_', '-')} is {_as_text(value)} and was {_as_text(before)}")
    if previous["sha256"]["csv"] != current["sha256"]["csv"]:
        changes.append("the CSV holds something else")
    before, after = previous["sha256"]["validation"], current["sha256"]["validation"]
    if before != after:
        held_out = f"is {_as_text(after and 'given')} and was {_as_text(before and 'given')}"
        changes.append(f"--validation {'holds something else' if before and after else held_out}")
    if previous.get("media", current.get("media")) != current.get("media", previous.get("media")):
        changes.append("pictures or clips have changed")
    return changes


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value) or "not given"
    return "not given" if value is None else str(value)


def refuse_others(folder: Path, fingerprint: dict[str, Any]) -> None:
    """Raise InputError if a folder has trainings with another fingerprint, or trainings without a fingerprint."""
    remedy = "Give --overwrite to train all again, or another --output."
    if not (folder / QUESTION).exists():
        if any(folder.glob(f"*/{FINISHED}")):
            raise InputError(f"{folder}: its trainings have no record of their options and data ({QUESTION}). {remedy}")
        return
    changes = differences(read_json(folder / QUESTION), fingerprint)
    if changes and any(folder.glob(f"*/{TRIAL}")):  # without a finished training nothing would be reused
        more = f"; and {len(changes) - MOST_DIFFERENCES} more" if len(changes) > MOST_DIFFERENCES else ""
        listed = "; ".join(changes[:MOST_DIFFERENCES])
        raise InputError(f"{folder}: its trainings had other options or data: {listed}{more}. {remedy}")


def write_fingerprint(folder: Path, fingerprint: dict[str, Any], overwrite: bool) -> None:
    """Write question.json; with `overwrite`, first delete the records of all finished trainings.

    Otherwise an interruption could leave old and new trainings side by side. The old run folders stay until each is
    replaced, but a training without trial.json is not reused.
    """
    results = (folder / f"ablation.{suffix}" for suffix in ("json", "csv", "html"))
    for path in [*folder.glob(f"*/{TRIAL}"), *results] if overwrite else []:
        path.unlink(missing_ok=True)
    write_json(folder / QUESTION, fingerprint)
