"""What to type next, as commands that work."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from mmkeras.report.files import RunFiles

EXAMPLES = {
    "image": "picture.jpg",
    "audio": "clip.wav",
    "number": "1",
    "category": "a name",
    "date": "2026-11-26",
    "text": "a text",
}


def writing_commands(folder: str, schema: Mapping[str, Any]) -> list[str]:
    """What asks an exported model for a text. schema: of the run, whose `inputs` have a column and a kind each."""
    quoted = shlex.quote(folder)
    if schema["task"] == "language_model":
        return [f'mmkeras generate {quoted} "a text"', f'mmkeras score {quoted} "a text"']
    first = next((i for i in schema["inputs"] if i["kind"] == "text"), None)
    others = [shlex.quote(f"{i['column']}={EXAMPLES.get(i['kind'], '…')}") for i in schema["inputs"] if i is not first]
    asked = ['"a text"'] if first else []
    return [" ".join(["mmkeras generate", quoted, *asked, *(f"--input {pair}" for pair in others)])]


def commands(run: RunFiles) -> dict[str, str]:
    """What to type: the same training again, and what comes next."""
    folder, exported = shlex.quote(str(run.folder)), f"exported/{run.name}"
    stale = [f" --no-{flag}" for flag in ("overwrite", "resume") if run.config.get(flag)]
    tflite = shlex.quote(f"{exported}/predict.tflite")
    return {
        "again": f"mmkeras train --config {shlex.quote(f'{run.folder}/config.json')}"
        f" --output {shlex.quote(f'{run.folder}-again')}{''.join(stale)}",
        "export": f"mmkeras export {folder}",
        "predict": f"mmkeras predict {tflite} new.csv --output predictions.csv",
        "verify": f"mmkeras verify {shlex.quote(exported)}",
    }
