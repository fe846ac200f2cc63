"""The commands to run next."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

from mmkeras.config.fusions import OWN, is_own
from mmkeras.config.tasks import line_of
from mmkeras.modalities import spec_of
from mmkeras.report.files import RunFiles


def commands(run: RunFiles) -> dict[str, Any]:
    """`again`: repeats the training; `export`, `verify`: come next; `use`: a list, commands for the exported model."""
    folder, exported = shlex.quote(str(run.folder)), f"exported/{run.name}"
    stale = [f" --no-{flag}" for flag in ("overwrite", "resume") if run.config.get(flag)]
    return {
        "again": in_python(run)
        or f"mmkeras train --config {shlex.quote(f'{run.folder}/config.json')}"
        f" --output {shlex.quote(f'{run.folder}-again')}{''.join(stale)}",
        "export": f"mmkeras export {folder}",
        "verify": f"mmkeras verify {shlex.quote(exported)}",
        "use": use_commands(exported, run.schema),
    }


def in_python(run: RunFiles) -> str:
    """The training again where the user gave layers or a fusion, which no flag can name; '' without them."""
    encoders = ", ".join(f"{spec['column']!r}: …" for spec in run.inputs if "own_encoder" in spec)
    own = {"encoder": f"{{{encoders}}}"} if encoders else {}
    if is_own(run.config.get("fusion")):
        own["fusion"] = str(run.config["fusion"]).removeprefix(OWN)
    if not own:
        return ""
    given = ", ".join(f"{name!r}: {value}" for name, value in own.items())
    flags = f"json.load(open({f'{run.folder}/config.json'!r}))"
    return f"mmkeras.train(**{{**{flags}, 'output': {f'{run.folder}-again'!r}, {given}}})"


def use_commands(folder: str, schema: Mapping[str, Any]) -> list[str]:
    """The commands that use an exported folder. schema: of the run, with `task` and `inputs` (column, kind)."""
    return line_of(USE, schema["task"])(folder, schema)


def _predict(folder: str, schema: Mapping[str, Any]) -> list[str]:
    return [f"mmkeras predict {shlex.quote(folder)} new.csv --output predictions.csv"]


def _generate(folder: str, schema: Mapping[str, Any]) -> list[str]:
    text_input = next((i for i in schema["inputs"] if i["kind"] == "text"), None)
    others = [i | i["columns"][0] if "columns" in i else i for i in schema["inputs"] if i is not text_input]
    pairs = [shlex.quote(f"{i['column']}={i.get('example') or spec_of(i['kind']).EXAMPLE}") for i in others]
    prompt = ['"a text"'] if text_input else []
    return [" ".join(["mmkeras generate", shlex.quote(folder), *prompt, *(f"--input {pair}" for pair in pairs)])]


def _continue(folder: str, schema: Mapping[str, Any]) -> list[str]:
    return [f'mmkeras {command} {shlex.quote(folder)} "a text"' for command in ("generate", "score")]


USE: Final[dict[str, Callable[[str, Mapping[str, Any]], list[str]]]] = {
    "classify": _predict,
    "multilabel": _predict,
    "regress": _predict,
    "generate": _generate,
    "language_model": _continue,
}
"""Task -> the commands that use its exported folder."""
