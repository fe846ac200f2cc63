"""Does every artefact answer as the trained model does? Each in its own clean process, on real held-out rows."""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.files import write_json
from mmkeras.samples import Samples, load_samples
from mmkeras.scores import largest_difference, rows_decided_otherwise, score

NOT_REPORTED = ("rows_with_other_ids", "ids_checked", "signature")  # of the figures, once they are compared
CONTRACT = ("graph", "inputs", "outputs", "labels", "task", "targets", "artefacts", "held_out")  # of signature.json
SAMPLES = "sample_inputs.npz"
LARGEST_DIFFERENCE = 1e-5  # of a probability, or of a number in deviations of its target, at float32
PLACES = {"savedmodel": "savedmodel/*", "tflite": "*.tflite", "onnx": "*.onnx"}  # format -> its artefacts in a folder


def artefacts(folder: Path, exported: Sequence[str]) -> list[str]:
    """Names of what must be checked: all that was exported, be it there or not, and what was put beside it since."""
    found = [path for place in PLACES.values() for path in sorted(folder.glob(place))]
    models = [p for p in found if p.suffix in (".tflite", ".onnx") or (p / "saved_model.pb").exists()]
    models = [p for p in models if p.suffix != ".rejected"]
    return list(dict.fromkeys([*exported, *(p.relative_to(folder).as_posix() for p in models)]))


def chosen(names: Sequence[str], formats: Sequence[str]) -> list[str]:
    """The names that are of one of the formats; all if there are no formats.

    Raises InputError for an unknown format, and for one that the folder has nothing of.
    """
    for name in formats:
        if name not in PLACES:
            raise InputError(f"--formats: unknown {name}. Valid formats: {', '.join(PLACES)}.")
        if not fnmatch.filter(names, PLACES[name]):
            raise InputError(f"--formats {name}: there is none of it here, only {', '.join(names)}.")
    return [n for n in names if not formats or any(fnmatch.fnmatch(n, PLACES[f]) for f in formats)]


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size


def in_own_process(module: str, arguments: Sequence[str | Path], out: Path) -> None:
    """`python -m module arguments… out`, which writes `out`. Raises RuntimeError with its last words when it fails."""
    command = [sys.executable, "-m", module, *map(str, arguments), str(out)]
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    environment["NVIDIA_TF32_OVERRIDE"] = "0"  # a GPU rounds float32 products to 10 bits if it may
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode or not out.exists():
        words = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(words[-1] if words else f"the process ended with code {done.returncode}")


def answers(path: Path, samples_path: Path) -> tuple[dict[str, Any], list[np.ndarray], dict[str, np.ndarray]]:
    """Run mmkeras.answer on one artefact. Returns its figures, the answers at batch 1 and N, and those a subset.

    Raises RuntimeError with the process's last words when it fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "answers.npz"
        in_own_process("mmkeras.answer", [path, samples_path], out)
        with np.load(out, allow_pickle=False) as data:
            parts = {name.removeprefix("subset."): data[name] for name in data.files if name.startswith("subset.")}
            return json.loads(str(data["figures"])), [data["batch_1"], data["batch_n"]], parts


def check(
    figures: dict[str, Any],
    results: list[np.ndarray],
    samples: Samples,
    signature: dict[str, Any],
    parts: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> dict[str, Any]:
    """Compare one artefact's answers with the model's: the figures, and `breaches`, a sentence for each.

    signature: the exported folder's; what an artefact says of itself must be the same. parts: answers a subset.
    """
    breaches, task, noun = [], signature["task"], noun_of(signature)
    other_labels = sorted({int(i) for p in results for i in rows_decided_otherwise(task, p, samples.answers)})
    difference = max((largest_difference(p, samples.answers, signature) for p in results), default=0.0)
    if not np.isfinite(difference):
        breaches.append(f"some {noun} are not numbers")
    other_ids = sorted({i for rows in figures["rows_with_other_ids"].values() for i in rows})
    if figures["ids_checked"] != sorted(samples.ids) or other_ids:
        breaches.append(f"token ids differ on rows {other_ids[:5]}")
    for part, said in figures["signature"].items():
        if said != signature[part]:
            breaches.append(f"its {part} inside the file are {said}, where signature.json has {signature[part]}")
    if other_labels:
        breaches.append(f"labels differ on {len(other_labels)} rows, the first {other_labels[:5]}")
    if difference > LARGEST_DIFFERENCE:
        breaches.append(f"{noun} differ by up to {difference:.1e}, more than {LARGEST_DIFFERENCE:.0e}")
    for name, found in figures["signatures_checked"].items():
        breaches += [f"its signature {name}: {breach}" for breach in signature_breaches(found, noun)]
    missing = check_subsets(parts, samples, signature)
    breaches += [f"with nothing but {m['present']}: {b}" for m in missing for b in signature_breaches(m, noun)]
    return {
        "rows": len(samples),
        "ids_identical": not other_ids,
        "labels_identical": not other_labels,
        "largest_difference": difference,
        accuracy_name(signature): score(signature, samples.truth, results[0])[1] if np.isfinite(difference) else 0.0,
        **{key: value for key, value in figures.items() if key not in NOT_REPORTED},
        **({"missing_modalities": missing} if missing else {}),
        "breaches": breaches,
    }


def check_subsets(parts: Mapping[str, np.ndarray], samples: Samples, signature: dict[str, Any]) -> list[dict[str, Any]]:
    """The missing-modality matrix of an artefact: what is there, the score, and how far it is from the model's."""
    matrix: list[dict[str, Any]] = []
    for name, expected in samples.subsets.items():
        if name not in parts:
            matrix.append({"present": name, "error": "it was not answered"})
            continue
        what, value = score(signature, samples.truth[: len(expected)], parts[name])
        same = not len(rows_decided_otherwise(signature["task"], parts[name], expected))
        difference = largest_difference(parts[name], expected, signature)
        found: dict[str, Any] = {"present": name, "rows": len(expected), what: value}
        matrix.append({**found, "largest_difference": difference, "labels_identical": same})
    return matrix


def noun_of(signature: dict[str, Any]) -> str:
    """What the answers are."""
    return "numbers" if signature["task"] == "regress" else "probabilities"


def accuracy_name(signature: dict[str, Any]) -> str:
    """What verify.json calls the score: that of rows which the model has learned since is no held-out one."""
    name = {"classify": "accuracy", "multilabel": "micro_f1", "regress": "r2"}[signature["task"]]
    return f"{name}_on_learned_rows" if signature["held_out"]["learned_since"] else name


def signature_breaches(found: dict[str, Any], noun: str = "probabilities") -> list[str]:
    """A sentence for each thing wrong with one of an artefact's signatures."""
    if "error" in found:
        return [f"it cannot be run ({found['error']})"]
    breaches = [f"{part} differ" for part in ("ids", "labels") if not found.get(f"{part}_identical", True)]
    if found["largest_difference"] > LARGEST_DIFFERENCE:
        breaches.append(f"{noun} differ by up to {found['largest_difference']:.1e}")
    return breaches


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


def read_signature(path: Path) -> dict[str, Any]:
    """The folder's contract. Raises InputError when it is absent or damaged."""
    try:
        signature = json.loads(path.read_text(encoding="utf-8"))
        signature = {part: signature[part] for part in CONTRACT}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: the signature cannot be read ({error}). Export again.") from None
    if not signature["artefacts"]:
        raise InputError(f"{path}: it names no artefact to verify. Export again.")
    return signature


def writes(folder: Path) -> bool:
    """Is it a model that writes texts? Its signature has several graphs."""
    try:
        return "graphs" in json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def reject(path: Path) -> None:
    """Keep a failed artefact under a name that nothing deploys."""
    rejected = path.with_name(path.name + ".rejected")
    if rejected.is_dir():
        shutil.rmtree(rejected)
    path.replace(rejected)


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
        from mmkeras.verify_text import verify_text

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


def verdict(result: dict[str, Any]) -> str:
    """The word for an artefact's result."""
    return "ok" if result["passed"] else "ABSENT" if result.get("absent") else "REJECTED"


def table(results: dict[str, dict[str, Any]], accuracy: str) -> str:
    """The verification as lines to print. accuracy: what the results call it; a star stands for a longer name."""
    short = accuracy.removesuffix("_on_learned_rows")
    head = ["artefact", "ids", "labels", "largest diff", short if short == accuracy else f"{short}*"]
    head += ["size MB", "load s", "p50 ms", "p95 ms", "peak MiB", ""]
    lines = [head]
    mark = {True: "same", False: "DIFFER"}
    for name, r in results.items():
        cells = ["-"] * 9
        if r["rows"]:
            cells = [mark[r["ids_identical"]], mark[r["labels_identical"]], f"{r['largest_difference']:.1e}"]
            cells += [f"{r[accuracy]:.4f}", f"{r['size_bytes'] / 1e6:.2f}", f"{r['load_seconds']:.2f}"]
            cells += [f"{r['latency_ms_p50']:.3f}", f"{r['latency_ms_p95']:.3f}", f"{r['peak_memory_mib']:.0f}"]
        lines.append([name, *cells, verdict(r)])
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
