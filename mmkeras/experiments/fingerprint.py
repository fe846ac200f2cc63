"""What an ablation's folder answers: older trainings of other options or data are not taken up."""

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
TRIAL: Final = "trial.json"  # in a training's folder, once it has ended
# how it is started, what no training has by itself, and files, which count by what they hold
NO_MATTER: Final = ("overwrite", "debug", "resume", "output", "example", "fusion", "seed", "csv", "validation")
MOST_SAID: Final = 4


def fingerprint_of(config: Config) -> dict[str, Any]:
    """What a training answers, as JSON has it: the options that matter, and hashes of what the files hold."""
    options = {key: value for key, value in config.flat().items() if key not in NO_MATTER}
    files = {
        "csv": file_hash(config.data.csv),
        "validation": file_hash(config.data.validation) if config.data.validation else None,
    }
    return dict(json.loads(json.dumps({"options": options, "sha256": files})))


def differences(known: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What two questions differ in, as parts of a sentence. Media count where both know them."""
    default, found = json.loads(json.dumps(DEFAULTS)), []
    for key, value in now["options"].items():
        before = known["options"].get(key, default[key])
        if before != value:
            found.append(f"--{key.replace('_', '-')} is {_said(value)} and was {_said(before)}")
    if known["sha256"]["csv"] != now["sha256"]["csv"]:
        found.append("the CSV holds something else")
    before, after = known["sha256"]["validation"], now["sha256"]["validation"]
    if before != after:
        held_out = f"is {_said(after and 'given')} and was {_said(before and 'given')}"
        found.append(f"--validation {'holds something else' if before and after else held_out}")
    if known.get("media", now.get("media")) != now.get("media", known.get("media")):
        found.append("pictures or clips have changed")
    return found


def _said(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(value) or "not given"
    return "not given" if value is None else str(value)


def refuse_others(folder: Path, question: dict[str, Any]) -> None:
    """Raise InputError where trainings of a folder have answered another question, or one nobody knows any more."""
    mend = "Give --overwrite to train all again, or another --output."
    if not (folder / QUESTION).exists():
        if any(folder.glob(f"*/{FINISHED}")):
            raise InputError(f"{folder}: its trainings do not say what they were made of ({QUESTION}). {mend}")
        return
    found = differences(read_json(folder / QUESTION), question)
    if found and any(folder.glob(f"*/{TRIAL}")):  # else nothing of it would be read again
        more = f"; and {len(found) - MOST_SAID} more" if len(found) > MOST_SAID else ""
        raise InputError(
            f"{folder}: its trainings answer another question: {'; '.join(found[:MOST_SAID])}{more}. {mend}"
        )


def begin(folder: Path, question: dict[str, Any], overwrite: bool) -> None:
    """Write the question; with `overwrite`, first forget all that has ended, so that an interruption cannot mix them.

    The trainings themselves stay until each is replaced, but without its trial.json none is read again.
    """
    for path in [*folder.glob(f"*/{TRIAL}"), *folder.glob("ablation.*")] if overwrite else []:
        path.unlink(missing_ok=True)
    write_json(folder / QUESTION, question)
