"""Every artefact against the trained model, each in its own clean process, on real held-out rows."""

from __future__ import annotations

import contextlib
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmkeras.errors import InputError
from mmkeras.graph import FLOAT32, Answers, Artefact, Signature
from mmkeras.runtime.choice import absent
from mmkeras.runtime.damage import LABELS
from mmkeras.runtime.exported import SIGNATURE, artefacts_to_check, chosen, read_signature, size_bytes
from mmkeras.runtime.formats import FORMATS
from mmkeras.system.contained import can_be_changed
from mmkeras.system.files import write_json
from mmkeras.system.packages import is_installed, missing
from mmkeras.system.progress import Log, Progress, not_silent
from mmkeras.verification import predictions, texts
from mmkeras.verification.belonging import check_belonging
from mmkeras.verification.legend import legend
from mmkeras.verification.process import heard_by
from mmkeras.verification.result import reject, table, table_cells, verdict
from mmkeras.verification.samples import SAMPLES
from mmkeras.verification.tolerances import TOLERANCES

PROOF = "verify.json"
DAMAGED = 600.0  # seconds of an artefact that its digest tells to be damaged: its runtime may never end

# numbers or texts -> the module that loads the samples, runs an artefact, compares, and formats the artefact's line
COMPARISONS: dict[Answers, Any] = {"numbers": predictions, "texts": texts}


@dataclass(frozen=True)
class Proof:
    """The results of a verification.

    artefacts: name -> its part of verify.json. cells: of the table that is printed, the head first. lines: what is
    printed, the table as one.
    """

    passed: bool
    artefacts: dict[str, dict[str, Any]]
    cells: list[list[str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.passed


def verify_one(folder: Path, artefact: Artefact, samples: Any, signature: Signature) -> dict[str, Any]:
    """One artefact's part of verify.json. An exported artefact whose files are absent fails: nothing proves it."""
    if missing := absent(folder, artefact):
        return result_of_absent(folder, artefact, missing)
    comparison = COMPARISONS[signature.answers]
    size = sum(size_bytes(folder / path) for path in artefact.files)
    damage = damage_of(folder, artefact)
    try:
        outputs = comparison.run_artefact(folder, artefact, **({"seconds": DAMAGED} if damage else {}))
        result = comparison.compare(outputs, samples, signature, folder, artefact.precision)
    except RuntimeError as error:
        result = {"rows": 0, "breaches": [f"it cannot be run: {error}"]}
    result["breaches"] += [
        sentence for sentence in damage if not any(sentence in other for other in result["breaches"])
    ]
    return {"size_bytes": size, **tolerance_entry(artefact, signature), **result, "passed": not result["breaches"]}


def damage_of(folder: Path, artefact: Artefact) -> list[str]:
    """A sentence for each file of an artefact that is other than its own digest says."""
    sentences = []
    for place in artefact.files:
        # what cannot even be read cannot be run, which is a mismatch of its own
        with contextlib.suppress(
            OSError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error, NotImplementedError
        ):
            sentences.append(FORMATS[artefact.format].damage_of(folder / place))
    return [sentence for sentence in sentences if sentence]


def tolerance_entry(artefact: Artefact, signature: Signature) -> dict[str, Any]:
    """The tolerance of a precision other than float32, for verify.json; float32's stands once for the whole folder."""
    if artefact.precision == FLOAT32:
        return {}
    tolerance = TOLERANCES[artefact.precision]
    allowed = {
        "difference_allowed": tolerance.difference[signature.answers],
        "score_loss_allowed": tolerance.score_loss,
    }
    return {"precision": artefact.precision, **allowed}


def result_of_absent(folder: Path, artefact: Artefact, missing: Sequence[str]) -> dict[str, Any]:
    """The result of an artefact with missing files: rejected earlier, or lost."""
    names = "it" if artefact.name in missing else ", ".join(missing)
    kept = [f"{path}.rejected" for path in missing if (folder / f"{path}.rejected").exists()]
    if kept:
        mismatch = f"{names} was rejected earlier and is kept as {', '.join(kept)}. Export again."
        return {"rows": 0, "breaches": [mismatch], "passed": False, "kept_as": one_or_all(kept)}
    mismatch = f"{names} was exported and is not here. Put it back, or check the others alone with --formats."
    return {"rows": 0, "breaches": [mismatch], "passed": False, "absent": True}


def one_or_all(names: list[str]) -> str | list[str]:
    """The name of a single artefact, else the list of names."""
    return names[0] if len(names) == 1 else names


def verify(folder: Path, formats: Sequence[str] = (), log: Log = print) -> Proof:
    """Check the artefacts of an exported folder, or of its named formats; write verify.json; reject what fails.

    Where the folder cannot be written to, a line says so. Returns the results; true when all pass.
    Raises InputError when `export` did not write the folder, the folder is damaged, or a format has no artefact.
    """
    if not folder.is_dir() or not (folder / SAMPLES).exists():
        raise InputError(
            f"{folder}: expected a folder that `mmkeras export` wrote (with {SAMPLES}); there is none here."
        )
    signature = read_signature(folder)
    check_folder(folder, signature)
    comparison = COMPARISONS[signature.answers]
    samples = comparison.load(folder / SAMPLES)
    check_belonging(samples, signature, folder / SAMPLES)
    all_artefacts = artefacts_to_check(folder, signature)
    artefacts = chosen(all_artefacts, formats)
    check_runtimes(artefacts)
    names = ", ".join(artefact.name for artefact in artefacts)
    log(f"verifying {names} on {len(samples)} held-out {samples.noun}, each in its own process without Keras")
    results = {}
    for artefact in artefacts:
        with progress_of(artefact.name, log):
            results[artefact.name] = verify_one(folder, artefact, samples, signature)
    printed: list[str] = []
    log_results(results, signature, samples.noun, printed.append)
    for line in printed:
        log(line)
    for artefact in artefacts:
        if not results[artefact.name]["passed"]:
            reject_files(folder, artefact, results[artefact.name], log)
    not_checked = [artefact.name for artefact in all_artefacts if artefact not in artefacts]
    if not_checked:
        log(f"not checked: {', '.join(not_checked)}")
    report = {
        "passed": all(result["passed"] for result in results.values()),
        "not_checked": not_checked,
        "largest_difference_allowed": TOLERANCES[FLOAT32].difference[signature.answers],
        "held_out": signature.held_out,
        "artefacts": results,
    }
    try:
        write_json(folder / PROOF, report)
    except (OSError, InputError) as error:  # a folder that may only be read is verified, too; a link is left alone
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        log(f"{folder / PROOF}: the results are printed only; no file can be written there ({reason})")
    cells = table_cells(results, comparison, comparison.score_name(signature))
    return Proof(bool(report["passed"]), results, cells, printed)


def check_runtimes(artefacts: Sequence[Artefact]) -> None:
    """Raise InputError where a runtime is not installed: its artefacts would be rejected, and they are not at fault."""
    for artefact in artefacts:
        module = FORMATS[artefact.format].runtime
        if module and not is_installed(module):
            raise InputError(f"{missing(module)}; or leave it out with --formats.")


@contextlib.contextmanager
def progress_of(name: str, log: Log) -> Iterator[None]:
    """Lines on an artefact's clean process: the answers that it has compared so far, and the time left."""
    with not_silent(log, f"verifying {name}") as heard:
        progress = Progress((f"verifying {name}: ", " answers"), 0, heard)

        def listen(done: int, total: int) -> None:
            if not progress.total:  # from now on: the runtime and the artefact are loaded
                progress.total, progress.began = total, time.perf_counter()
            progress.reach(done)

        with heard_by(listen):
            yield


def check_folder(folder: Path, signature: Signature) -> None:
    """Raise InputError for what makes every artefact of a folder wrong or unproven; none of them is touched then."""
    path = folder / SIGNATURE
    if not signature.artefacts:
        raise InputError(f"{path}: it names no artefact to verify. Export again.")
    for key, artefact in signature.artefacts.items():
        if artefact.precision not in TOLERANCES:
            raise InputError(f"{path}: artefacts.{key} has the precision {artefact.precision!r}, which is unknown.")
    labels = folder / LABELS
    expected = ("\n".join(signature.labels) + "\n").encode()
    if signature.answers == "numbers" and labels.exists() and labels.read_bytes() != expected:
        raise InputError(f"{labels}: its lines are other than the labels in {SIGNATURE}. Export again.")


def log_results(results: dict[str, dict[str, Any]], signature: Signature, noun: str, log: Log) -> None:
    """Log the table, what its score is, and a line for each mismatch. noun: of the samples, `rows` or `lines`."""
    comparison = COMPARISONS[signature.answers]
    score = comparison.score_name(signature)
    log(table(results, comparison, score))
    answered = max((result["rows"] for result in results.values()), default=0)
    if answered:
        log(legend(score, answered, noun, signature.held_out))
    if signature.metadata.get("slim"):
        log("slim artefacts have no token ids: these were not compared, the answers were")
    for name, result in results.items():
        for mismatch in result["breaches"]:
            log(f"{verdict(result)} {name}: {mismatch}")


def reject_files(folder: Path, artefact: Artefact, result: dict[str, Any], log: Log) -> None:
    """Rename the files of a failed artefact, so that nobody deploys them, and note their new names in the result.

    A file that cannot be renamed, or that a symbolic link leads to outside the folder, is left alone, with a line.
    """
    kept = []
    for place in artefact.files:
        path = folder / place
        if not (path.exists() or path.is_symlink()):
            continue
        try:
            reason = "" if can_be_changed(folder, path) else "a symbolic link leads out of the folder"
            if not reason:
                reject(path)
                kept.append(f"{place}.rejected")
        except OSError as error:
            reason = error.strerror or str(error)
        if reason:
            log(f"{path}: it is rejected, but keeps its name ({reason}). Do not deploy it.")
    if kept:
        result["kept_as"] = one_or_all(kept)
