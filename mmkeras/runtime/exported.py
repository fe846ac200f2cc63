"""An exported folder: its signature.json, its formats, where the graphs of each lie and how they are opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mmkeras.errors import InputError
from mmkeras.graph import Artefact, Signature
from mmkeras.runtime.choice import Choice, choose
from mmkeras.runtime.contract import AGAIN, folder_signature
from mmkeras.runtime.formats import FORMATS, fast_first
from mmkeras.runtime.runners import Runner, SavedModelRunner, open_artefact
from mmkeras.system.contained import check_plain, contained
from mmkeras.system.digests import SEAL, changed_files, digests_of, is_intact, sealed
from mmkeras.system.files import write_json
from mmkeras.system.json_files import check_shape, read_object

SIGNATURE = "signature.json"
FILES = "files"  # key of signature.json: the digests of the files that are neither artefacts nor for people
UNSEALED = {SIGNATURE, "verify.json", "MODEL_CARD.md"}
ENCODE, STEP, SCORE = "encode", "decode_step", "score"  # graphs of models that generate text


def open_graphs(paths: Mapping[str, Path], threads: int | None) -> dict[str, Runner]:
    """A Runner for each graph. Graphs of one SavedModel share its session."""
    opened = {path: open_artefact(path, threads) for path in dict.fromkeys(paths.values())}
    runners: dict[str, Runner] = {}
    for graph, path in paths.items():
        runner = opened[path]
        runners[graph] = runner.graph(graph) if isinstance(runner, SavedModelRunner) else runner
        if runners[graph].signature["graph"] != graph:
            raise InputError(f"{path}: it holds the graph {runners[graph].signature['graph']!r}; expected {graph!r}.")
    return runners


def read_signature(folder: Path) -> Signature:
    """The folder's contract.

    Raises InputError when it is absent or damaged, and when it or a file beside it has changed since the export.
    """
    check_plain(folder)
    path = folder / SIGNATURE
    if not folder.exists():
        raise InputError(f"{folder}: there is no such folder. Expected one that `mmkeras export` wrote.")
    if not path.is_file():
        raise InputError(f"{folder}: expected a folder that `mmkeras export` wrote; it has no {SIGNATURE}.")
    value = read_object(path, AGAIN)
    if not is_intact(value):
        raise InputError(f"{path}: it is not as it was exported. Copy the folder again, or export again.")
    value.pop(SEAL, None)
    digests = value.pop(FILES, {})
    check_shape(digests, {"*": str}, path, AGAIN, FILES)
    for name in changed_files(folder, digests, path):
        raise InputError(f"{folder / name}: this file is not as it was exported. Copy it again, or export again.")
    return folder_signature(value, folder, path)


def write_signature(folder: Path, signature: Signature) -> None:
    """Write signature.json, with the digests of the files beside it, and a seal.

    The artefacts are not among these files: each carries its own digest, since it may travel alone.
    """
    own = {*(path.split("/")[0] for artefact in signature.artefacts.values() for path in artefact.files)}
    files = [path for path in folder.iterdir() if path.name not in own | UNSEALED]
    write_json(folder / SIGNATURE, sealed({**signature.to_json(), FILES: digests_of(folder, files)}))


def open(folder: str | Path, name: str | None = None, threads: int | None = None) -> dict[str, Runner]:
    """A Runner for each graph of an exported folder, opened from one of its artefacts.

    name: a key of signature.json's `artefacts`: a format, or `tflite.int8` where the precision is not float32; None for
    the fastest, see `choose`. Raises InputError where the artefact is absent or was rejected.
    """
    folder = Path(folder)
    return open_chosen(folder, choose(folder, read_signature(folder).artefacts, name), threads)


def open_chosen(folder: Path, choice: Choice, threads: int | None = None) -> dict[str, Runner]:
    """A Runner for each graph of the chosen artefact."""
    paths = choice.artefact.paths.items()
    return open_graphs({graph: contained(folder, path, folder / SIGNATURE) for graph, path in paths}, threads)


def artefacts_to_check(folder: Path, signature: Signature) -> list[Artefact]:
    """Every exported artefact, present or absent, and artefacts that were added to the folder since.

    An added file is left alone where the model has several graphs: the file's graph is unknown.
    """
    exported = list(signature.artefacts.values())
    if len(signature.graphs) != 1:
        return exported
    listed = {path for artefact in exported for path in artefact.files}
    (graph,) = signature.graphs
    for name, file_format in FORMATS.items():
        for path in sorted(folder.glob(file_format.place)):
            place = path.relative_to(folder).as_posix()
            if file_format.matches(path) and path.suffix != ".rejected" and place not in listed:
                exported.append(Artefact(name, {graph: place}))
    return exported


def chosen(artefacts: Sequence[Artefact], formats: Sequence[str]) -> list[Artefact]:
    """The artefacts of these formats; without formats, all.

    Raises InputError for an unknown format, and for a format without an artefact.
    """
    for name in formats:
        if name not in FORMATS:
            raise InputError(f"--formats: unknown {name}. Valid formats: {', '.join(FORMATS)}.")
        if not any(artefact.format == name for artefact in artefacts):
            names = ", ".join(artefact.name for artefact in artefacts)
            raise InputError(f"--formats {name}: there is none of it here, only {names}.")
    return [artefact for artefact in artefacts if not formats or artefact.format in formats]


def check_format(name: str | None) -> None:
    """Raise InputError for an artefact's key, the value of `--format`, that begins with no format's name."""
    if name is not None and name.partition(".")[0] not in FORMATS:
        *others, last = fast_first()
        raise InputError(f"--format {name}: expected {', '.join(others)} or {last}.")


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size
