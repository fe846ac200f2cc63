"""An exported folder: its signature.json, its formats, where the graphs of each lie and how they are opened."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmkeras.errors import InputError
from mmkeras.graph import Artefact, Signature
from mmkeras.runtime.formats import FORMATS, fast_first
from mmkeras.runtime.runners import Runner, SavedModelRunner, open_artefact

SIGNATURE = "signature.json"
ENCODE, STEP, SCORE = "encode", "decode_step", "score"  # graphs of models that write texts


def open_graphs(paths: Mapping[str, Path], threads: int | None) -> dict[str, Runner]:
    """A Runner a graph. Graphs that lie in one SavedModel share what is loaded."""
    opened = {path: open_artefact(path, threads) for path in dict.fromkeys(paths.values())}
    runners = {graph: opened[path] for graph, path in paths.items()}
    return {graph: one.graph(graph) if isinstance(one, SavedModelRunner) else one for graph, one in runners.items()}


def read_signature(folder: Path) -> Signature:
    """The folder's contract. Raises InputError when it is absent or damaged."""
    path = folder / SIGNATURE
    if not path.exists():
        raise InputError(f"{folder}: expected a folder that `mmkeras export` wrote; it has no {SIGNATURE}.")
    try:
        return Signature.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: the signature cannot be read ({error}). Export again.") from None


def open(folder: str | Path, name: str | None = None, threads: int | None = None) -> dict[str, Runner]:
    """Every graph of an exported folder by one of its artefacts, a Runner each.

    name: a key of signature.json's `artefacts`, which is a format, or `tflite.int8` where the precision is another;
    None for the first that is there and starts fast. Raises InputError where the folder has none of it.
    """
    folder = Path(folder)
    artefacts = read_signature(folder).artefacts
    there = [key for key, artefact in artefacts.items() if not absent(folder, artefact)]
    if name is None and there:
        name = min(there, key=lambda key: FORMATS[artefacts[key].format].slow_start)
    if name is None or name not in there:
        raise InputError(f"{folder}: there is no {name or 'artefact'} here, only {', '.join(there) or 'other files'}.")
    artefact = artefacts[name]
    paths = {graph: folder / path for graph, path in artefact.paths.items()}
    return open_graphs(paths, threads)


def absent(folder: Path, artefact: Artefact) -> list[str]:
    """Those of its files that are not there."""
    return [path for path in artefact.files if not (folder / path).exists()]


def artefacts_to_check(folder: Path, signature: Signature) -> list[Artefact]:
    """All that was exported, be it there or not, and what was put beside it since.

    Of a model with several graphs nobody can tell which graph another file is: it is left alone.
    """
    exported = list(signature.artefacts.values())
    if len(signature.graphs) != 1:
        return exported
    known = {path for artefact in exported for path in artefact.files}
    (graph,) = signature.graphs
    for name, form in FORMATS.items():
        for path in sorted(folder.glob(form.place)):
            place = path.relative_to(folder).as_posix()
            if form.matches(path) and path.suffix != ".rejected" and place not in known:
                exported.append(Artefact(name, {graph: place}))
    return exported


def chosen(artefacts: Sequence[Artefact], formats: Sequence[str]) -> list[Artefact]:
    """Those that are of one of the formats; all if there are no formats.

    Raises InputError for an unknown format, and for one that the folder has nothing of.
    """
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"--formats: unknown {name}. Valid formats: {', '.join(FORMATS)}.")
        if not any(artefact.format == name for artefact in artefacts):
            names = ", ".join(artefact.name for artefact in artefacts)
            raise InputError(f"--formats {name}: there is none of it here, only {names}.")
    return [artefact for artefact in artefacts if not formats or artefact.format in formats]


def check_format(name: str | None) -> None:
    """Raise InputError for a key of an artefact whose format is none: `--format`."""
    if name is not None and name.partition(".")[0] not in FORMATS:
        *others, last = fast_first()
        raise InputError(f"--format {name}: expected {', '.join(others)} or {last}.")


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size
