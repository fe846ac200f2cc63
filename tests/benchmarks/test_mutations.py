"""A thousand seeded mutations of each kind of file: each ends in the right answer or in a sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from made_up_samples import SIGNATURE, made_up_samples
from small_runs import SmallRun, exported_run, main
from small_texts import write_pairs

from benchmarks.mutations.kinds import kinds_of_numbers, kinds_of_run, kinds_of_texts
from benchmarks.mutations.mutate import of_json
from benchmarks.mutations.outcomes import GOOD, Kind, try_kind
from mmkeras.data.targets.target_tokenizer import TargetTokenizer, train_tokenizer
from mmkeras.graph import Signature
from mmkeras.runs.integrity import check_schema, flags_digest
from mmkeras.runs.run import read_json
from mmkeras.runtime.exported import write_signature
from mmkeras.verification.samples import save_samples

COUNT = 1000
SLOW = {"saved_model.pb": 200, "variables": 200, "variables.index": 200}  # a file of a megabyte is hashed each time


def check(kind: Kind, count: int = COUNT) -> None:
    outcomes = try_kind(kind, max(1, count // kind.cost))
    assert not outcomes.faults, outcomes.faults[:5]
    assert outcomes.counts["sentence"] > 0
    if not kind.old:
        assert set(outcomes.counts) <= set(GOOD)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An exported folder that no model was trained for: everything but the artefacts."""
    folder = tmp_path / "e"
    folder.mkdir()
    samples = made_up_samples()
    samples.words.extend("xyz"[k] for k in samples.truth)
    save_samples(samples, folder / "sample_inputs.npz")
    (folder / "labels.txt").write_text("x\ny\nz\n")
    (folder / "verify.json").write_text(json.dumps({"passed": True, "artefacts": {"predict.onnx": {"passed": True}}}))
    write_signature(folder, Signature.from_json({**SIGNATURE, "artefacts": ["predict.onnx"]}))
    return folder


NAMES = [
    *("signature.json", "signature.json, old", "labels.txt", "sample_inputs.npz", "sample_inputs.npz, old"),
    *("sample_inputs.npz, bomb", "verify.json"),
]


@pytest.mark.parametrize("name", NAMES)
def test_mutations_of_an_exported_folder(name: str, folder: Path) -> None:
    (kind,) = [kind for kind in kinds_of_numbers(folder) if kind.name == name]
    check(kind)


def test_mutations_of_a_tokenizer(tmp_path: Path) -> None:
    train_tokenizer("word", ["the old dog", "a dog"], 100).save(tmp_path)
    check(Kind("pieces.json", tmp_path / "pieces.json", of_json, lambda: len(TargetTokenizer.load(tmp_path)), old=True))


SCHEMA: dict[str, Any] = {
    "task": "classify",
    "target": "topic",
    "targets": {"task": "classify", "names": ["topic"], "labels": ["x", "y"], "mean": [], "deviation": []},
    "labels": ["x", "y"],
    "inputs": [{"name": "text", "column": "text", "kind": "text"}],
    "columns": [{"name": "text", "kind": "text", "role": "input"}],
    "file": {"path": "a.csv"},
}


def test_mutations_of_a_schema(tmp_path: Path) -> None:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))

    def labels() -> Any:
        schema = read_json(path)
        check_schema(schema, path)
        return schema["labels"]

    check(Kind("schema.json", path, of_json, labels, old=True))


def test_flags_that_say_where_files_lie_may_be_edited() -> None:
    values = {"csv": "a.csv", "media_root": None, "output": "runs/a", "width": 64}
    moved = {**values, "csv": "b.csv", "media_root": "/m", "output": "runs/b"}
    assert flags_digest(values) == flags_digest(moved)
    assert flags_digest(values) != flags_digest({**values, "width": 65})


@pytest.mark.slow
def test_mutations_of_artefacts(run: SmallRun, tmp_path: Path) -> None:
    folder = shutil.copytree(run.exported, tmp_path / "e")
    for kind in kinds_of_numbers(folder):
        check(kind, SLOW.get(kind.name, COUNT))


@pytest.mark.slow
def test_mutations_of_a_run(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    run = exported_run(tmp_path_factory.getbasetemp())
    folder, old = (shutil.copytree(run.folder, tmp_path / name) for name in ("run", "old"))
    (old / "sha256.json").unlink()
    for kind in kinds_of_run(folder):
        check(kind, COUNT)
    for kind in kinds_of_run(old, old=True):
        check(kind, COUNT)


@pytest.mark.slow
def test_mutations_of_a_folder_of_texts(tmp_path: Path) -> None:
    flags = ("--task", "generate", "--text", "en", "--target", "de", "--pieces", "word", "--epochs", "1")
    small = ("--width", "32", "--depth", "1", "--max-target", "16", "--max-tokens", "16")
    done = main("train", write_pairs(tmp_path / "pairs.csv"), *flags, *small, "--output", tmp_path / "run")
    assert done.code == 0, done.err
    assert main("export", tmp_path / "run", "--formats", "tflite", "--output", tmp_path / "e").code == 0
    for kind in kinds_of_texts(tmp_path / "e"):
        check(kind)
