"""Which artefact of an exported folder answers: the fastest that `verify` measured, and never a rejected one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mmkeras.errors import InputError
from mmkeras.graph import FLOAT32, Artefact
from mmkeras.runtime.formats import FORMATS, fast_first
from mmkeras.system.json_files import read_object
from mmkeras.system.packages import is_installed

PROOF: Final = "verify.json"
TIMES: Final = {"latency_ms_p50": "a row", "ms_a_piece": "a token"}
"""Keys of verify.json with milliseconds -> of what: a model that predicts rows, one that generates text."""


@dataclass(frozen=True)
class Choice:
    """An artefact, and the reason for it in words: `the fastest of 3 by verify.json, 0.050 ms a row`."""

    artefact: Artefact
    why: str = ""


def choose(folder: Path, artefacts: Mapping[str, Artefact], name: str | None = None) -> Choice:
    """The artefact of a key of signature.json; None: the fastest.

    The fastest is the one of the shortest time in verify.json; among those without a time the one whose runtime starts
    fastest. Artefacts of another precision than float32 and those whose runtime is not installed come last.
    Raises InputError where the artefact is absent or was rejected.
    """
    results = proof_of(folder)
    present = {key: artefact for key, artefact in artefacts.items() if not absent(folder, artefact)}
    rejected = [key for key, artefact in artefacts.items() if is_rejected(folder, artefact, results)]
    if name in rejected:
        raise InputError(f"{folder}: {name} was rejected by `mmkeras verify` (see {PROOF}). Export it again.")
    usable = [key for key in present if key not in rejected]
    if name is None and rejected and not usable:
        raise InputError(f"{folder}: every artefact here was rejected by `mmkeras verify` (see {PROOF}). Export again.")
    if (name is None and not usable) or (name is not None and name not in present):
        raise InputError(f"{folder}: there is no {name or 'artefact'} here, only {', '.join(usable) or 'other files'}.")
    if name is not None:
        return Choice(present[name])

    def slowness(key: str) -> tuple[bool, bool, float, int]:
        artefact = present[key]
        runtime = FORMATS[artefact.format].runtime
        installed = not runtime or is_installed(runtime)
        milliseconds, _ = time_of(results.get(artefact.name, {}))
        return not installed, artefact.precision != FLOAT32, milliseconds, fast_first().index(artefact.format)

    chosen = min(usable, key=slowness)
    return Choice(present[chosen], reason(results.get(present[chosen].name, {}), len(usable)))


def is_rejected(folder: Path, artefact: Artefact, results: Mapping[str, Mapping[str, Any]]) -> bool:
    """Was an artefact rejected, whether or not its files could be renamed?"""
    gone = absent(folder, artefact)
    if gone:
        return any((folder / f"{path}.rejected").exists() for path in gone)
    return results.get(artefact.name, {}).get("passed") is False


def absent(folder: Path, artefact: Artefact) -> list[str]:
    """Files of an artefact that the folder lacks."""
    return [path for path in artefact.files if not (folder / path).exists()]


def proof_of(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Name of an artefact -> its part of verify.json; {} where nothing was verified, or the file is damaged."""
    try:
        results = read_object(folder / PROOF).get("artefacts", {})
    except (InputError, OSError):
        return {}
    return {k: v for k, v in results.items() if isinstance(v, dict)} if isinstance(results, dict) else {}


def time_of(result: Mapping[str, Any]) -> tuple[float, str]:
    """Milliseconds that `verify` measured, and of what; infinite where it did not."""
    for key, of in TIMES.items():
        if isinstance(milliseconds := result.get(key), int | float):
            return float(milliseconds), of
    return math.inf, ""


def reason(result: Mapping[str, Any], count: int) -> str:
    """Why an artefact is chosen, in words; '' where there is no other."""
    milliseconds, of = time_of(result)
    if count == 1:
        return ""
    if of:
        return f"the fastest of {count} by {PROOF}, {milliseconds:.3f} ms {of}"
    return f"the first of {count}, in the order {', '.join(fast_first())}"
