"""Does every artefact answer as the trained model does? Each in its own clean process, on real held-out rows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from mmkeras.errors import InputError
from mmkeras.files import write_json
from mmkeras.samples import Samples, load_samples

NOT_REPORTED = ("rows_with_other_ids", "ids_checked", "signature")  # of the figures, once they are compared
LARGEST_DIFFERENCE = 1e-5  # of a probability, at float32


def artefacts(folder: Path) -> list[Path]:
    """What an exported folder holds, rejected ones left aside."""
    found = [
        p.parent for p in sorted(folder.glob("savedmodel/*/saved_model.pb")) if not p.parent.name.endswith("rejected")
    ]
    return [*found, *sorted(folder.glob("*.tflite")), *sorted(folder.glob("*.onnx"))]


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file()) if path.is_dir() else path.stat().st_size


def answers(path: Path, samples_path: Path) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """Run mmkeras.answer on one artefact. Returns its figures and the probabilities at batch 1 and N.

    Raises RuntimeError with the process's last words when it fails.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "answers.npz"
        command = [sys.executable, "-m", "mmkeras.answer", str(path), str(samples_path), str(out)]
        paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or not out.exists():
            words = [line for line in done.stderr.splitlines() if line.strip()]
            raise RuntimeError(words[-1] if words else f"the process ended with code {done.returncode}")
        with np.load(out, allow_pickle=False) as data:
            return json.loads(str(data["figures"])), data["batch_1"], data["batch_n"]


def check(
    figures: dict[str, Any], results: list[np.ndarray], samples: Samples, signature: dict[str, Any]
) -> dict[str, Any]:
    """Compare one artefact's answers with the model's: the figures, and `breaches`, a sentence for each.

    signature: the exported folder's; what an artefact says of itself must be the same.
    """
    breaches = []
    expected = samples.probabilities.argmax(1)
    other_labels = sorted({int(i) for p in results for i in np.flatnonzero(p.argmax(1) != expected)})
    difference = float(max((np.abs(p - samples.probabilities).max() for p in results), default=0.0))
    if not all(np.isfinite(p).all() for p in results):
        breaches.append("some probabilities are not numbers")
        difference = float("inf")
    other_ids = sorted({i for rows in figures["rows_with_other_ids"].values() for i in rows})
    if figures["ids_checked"] != sorted(samples.ids) or other_ids:
        breaches.append(f"token ids differ on rows {other_ids[:5]}")
    for part, said in figures["signature"].items():
        if said != signature[part]:
            breaches.append(f"its {part} inside the file are {said}, where signature.json has {signature[part]}")
    if other_labels:
        breaches.append(f"labels differ on {len(other_labels)} rows, the first {other_labels[:5]}")
    if difference > LARGEST_DIFFERENCE:
        breaches.append(f"probabilities differ by up to {difference:.1e}, more than {LARGEST_DIFFERENCE:.0e}")
    return {
        "rows": len(samples),
        "ids_identical": not other_ids,
        "labels_identical": not other_labels,
        "largest_difference": difference,
        "accuracy": float((results[0].argmax(1) == samples.truth).mean()),
        **{key: value for key, value in figures.items() if key not in NOT_REPORTED},
        "breaches": breaches,
    }


def verify_one(path: Path, samples_path: Path, samples: Samples, signature: dict[str, Any]) -> dict[str, Any]:
    """One artefact's line of verify.json."""
    size = size_bytes(path)
    try:
        figures, *results = answers(path, samples_path)
        result = check(figures, results, samples, signature)
    except RuntimeError as error:
        result = {"rows": 0, "breaches": [f"it cannot be run: {error}"]}
    return {"size_bytes": size, **result, "passed": not result["breaches"]}


def read_signature(path: Path) -> dict[str, Any]:
    """The folder's contract. Raises InputError when it is absent or damaged."""
    try:
        signature = json.loads(path.read_text(encoding="utf-8"))
        return {part: signature[part] for part in ("graph", "inputs", "outputs", "labels")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: the signature cannot be read ({error}). Export again.") from None


def reject(path: Path) -> Path:
    """Keep a failed artefact under a name that nothing deploys."""
    rejected = path.with_name(path.name + ".rejected")
    if rejected.is_dir():
        shutil.rmtree(rejected)
    return path.replace(rejected)


def verify(folder: Path, say: Any = print) -> bool:
    """Check every artefact of an exported folder; write verify.json; reject what fails.

    Returns True when all pass. Raises InputError when the folder holds nothing to verify.
    """
    samples_path = folder / "sample_inputs.npz"
    if not folder.is_dir() or not samples_path.exists():
        raise InputError(
            f"{folder}: expected a folder that `mmkeras export` wrote (with sample_inputs.npz); there is none here."
        )
    found = artefacts(folder)
    if not found:
        raise InputError(f"{folder}: there is no artefact to verify (savedmodel/1, *.tflite, *.onnx). Export again.")
    samples = load_samples(samples_path)
    signature = read_signature(folder / "signature.json")
    results = {}
    say(f"verifying {len(found)} artefacts on {len(samples)} held-out rows, each in its own process without Keras")
    for path in found:
        name = str(path.relative_to(folder))
        results[name] = verify_one(path, samples_path, samples, signature)
    say(table(results))
    for path in found:
        result = results[str(path.relative_to(folder))]
        for breach in result["breaches"]:
            say(f"REJECTED {path.relative_to(folder)}: {breach}")
        if not result["passed"]:
            result["kept_as"] = str(reject(path).relative_to(folder))
    report = {
        "passed": all(r["passed"] for r in results.values()),
        "largest_difference_allowed": LARGEST_DIFFERENCE,
        "artefacts": results,
    }
    write_json(folder / "verify.json", report)
    return bool(report["passed"])


def table(results: dict[str, dict[str, Any]]) -> str:
    """The verification as lines to print."""
    head = ["artefact", "ids", "labels", "largest diff", "accuracy"]
    head += ["size MB", "load s", "p50 ms", "p95 ms", "peak MiB", ""]
    lines = [head]
    mark = {True: "same", False: "DIFFER"}
    for name, r in results.items():
        cells = ["-"] * 9
        if "accuracy" in r:
            cells = [mark[r["ids_identical"]], mark[r["labels_identical"]], f"{r['largest_difference']:.1e}"]
            cells += [f"{r['accuracy']:.4f}", f"{r['size_bytes'] / 1e6:.2f}", f"{r['load_seconds']:.2f}"]
            cells += [f"{r['latency_ms_p50']:.3f}", f"{r['latency_ms_p95']:.3f}", f"{r['peak_memory_mib']:.0f}"]
        lines.append([name, *cells, "ok" if r["passed"] else "REJECTED"])
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
