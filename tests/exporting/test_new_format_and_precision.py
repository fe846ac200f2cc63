"""A new format, and a new precision of a format, are one file and one or two lines each: exported, verified, answered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import new_lines
import numpy as np
import pytest
import small_mixtures as mixtures
import small_runs
from made_up_samples import SIGNATURE, figures, made_up_samples

from mmkeras import api
from mmkeras.errors import InputError
from mmkeras.graph import Signature
from mmkeras.runtime import exported
from mmkeras.runtime.runners import open_artefact
from mmkeras.verification import predictions
from mmkeras.verification.tolerances import TOLERANCES, Tolerance

FORMAT = (
    "mmkeras.runtime.formats:FORMATS",
    "onnxgz",
    "Format('an .onnxgz file', '*.onnxgz', 'toy_format', 'toy_format:open_packed')",
)
PRECISION = (
    ("mmkeras.exporting.formats.onnx:PRECISIONS", "float16", "__import__('toy_precision').round_weights"),
    ("mmkeras.verification.tolerances:TOLERANCES", "float16", "Tolerance({'numbers': 5e-3}, score_loss=0.01)"),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small mixture, trained."""
    folder = tmp_path_factory.mktemp("run")
    mixtures.write(folder, 40)
    columns = ("--number", "price", "--category", "brand", "--target", "label", "--fusion", "concat", "--width", "16")
    done = small_runs.main("train", folder / "mix.csv", *columns, "--epochs", "20", "--output", folder / "run")
    assert done.code == 0, done.err
    return folder / "run"


@pytest.fixture
def with_format(tmp_path: Path) -> Iterator[None]:
    (tmp_path / "start").mkdir()
    with new_lines.added(tmp_path / "start", FORMAT):
        yield


@pytest.mark.slow
def test_a_new_format_is_exported_verified_and_answered(run: Path, with_format: None, tmp_path: Path) -> None:
    folder = tmp_path / "exported"
    with small_runs.working_folder(tmp_path):
        done = small_runs.main("export", run, "--formats", "onnx", "onnxgz", "--output", folder)
        assert done.code == 0, done.out + done.err
        again = small_runs.main("verify", folder, "--formats", "onnxgz")
        assert again.code == 0, again.out + again.err
        answering = small_runs.main("predict", folder / "predict.onnxgz", run.parent / "mix.csv")
        assert answering.code == 0, answering.err
    assert list(small_runs.proof(folder)["artefacts"]) == ["predict.onnxgz"]
    signature = json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    assert signature["artefacts"]["onnxgz"]["callables"].keys() == {"predict"}
    (packed,), (plain,) = (exported.open(folder, name).values() for name in ("onnxgz", "onnx"))
    assert packed.signature == plain.signature
    assert (folder / "predict.onnxgz").stat().st_size < (folder / "predict.onnx").stat().st_size
    row = {"price": "10.2", "brand": "h-brand 1"}
    assert api.load(folder, "onnxgz")(row) == api.load(folder / "predict.onnx")(row)
    (folder / "predict.onnxgz").write_bytes(b"damaged")
    with small_runs.working_folder(tmp_path):
        rejected = small_runs.main("verify", folder)
    assert rejected.code == 1
    assert (folder / "predict.onnxgz.rejected").exists()


def test_the_formats_are_listed_once(with_format: None, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(InputError, match=r"expected a .tflite file, an .onnx file, an .onnxgz file or a SavedModel"):
        open_artefact(tmp_path / "a.txt")
    with pytest.raises(InputError, match=r"--format pt: expected tflite, onnx, onnxgz or savedmodel\."):
        exported.check_format("pt")
    exported.check_format("onnxgz.float16")


@pytest.mark.slow
def test_a_new_precision_is_exported_beside_float32_verified_and_answered(run: Path, tmp_path: Path) -> None:
    with new_lines.added(None, *PRECISION), small_runs.working_folder(tmp_path):
        written = api.export(run, ["tflite", "onnx"], tmp_path / "exported", precisions=["float32", "float16"])
        results = written.verification.artefacts
        assert written.passed
        assert list(results) == ["predict.tflite", "predict.onnx", "predict.float16.onnx"]
        rounded = results["predict.float16.onnx"]
        assert 1e-5 < rounded["largest_difference"] <= 5e-3
        assert (rounded["precision"], rounded["difference_allowed"], rounded["score_loss_allowed"]) == (
            *("float16", 5e-3, 0.01),
        )
        assert "precision" not in results["predict.onnx"]
        artefacts = exported.read_signature(written.folder).artefacts
        assert [*artefacts] == ["tflite", "onnx", "onnx.float16"]
        assert artefacts["onnx.float16"].callables.keys() == {"predict"}
        (runner,) = exported.open(written.folder, "onnx.float16").values()
        assert runner.signature["graph"] == "predict"
        row = {"price": "10.2", "brand": "h-brand 1"}
        assert api.load(written.folder, "onnx.float16")(row).label == api.load(written.folder, "onnx")(row).label
        for formats, precisions, expected in (
            (["tflite"], ["float16"], "precisions: tflite is written in float32 alone"),
            (["onnx"], ["float32", "int4"], "precisions: none of onnx is written in int4"),
        ):
            with pytest.raises(InputError, match=expected):
                api.export(run, formats, tmp_path / "no", precisions=precisions)


@pytest.mark.parametrize(("rows", "passed"), [(1, True), (3, False)])
def test_a_precision_has_a_budget_of_its_own(rows: int, passed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some rows may be decided otherwise, as long as the score is not much lower."""
    samples = made_up_samples()
    budget = 2.5 / len(samples)
    monkeypatch.setitem(TOLERANCES, "toy", Tolerance({"numbers": 1.0}, score_loss=budget))  # type: ignore[misc]
    contract = Signature.from_json({**SIGNATURE, "artefacts": []})
    right = np.flatnonzero(samples.answers.argmax(1) == samples.truth)[:rows]
    other = samples.answers.copy()
    other[right] = np.roll(other[right], 1, axis=1)
    result: dict[str, Any] = predictions.check(figures(), [other, other], samples, contract, precision="toy")
    assert not result["labels_identical"]
    assert (result["breaches"] == []) is passed
    assert passed or "accuracy is " in result["breaches"][0]
    exact = predictions.check(figures(), [other, other], samples, contract)
    assert any(breach.startswith("labels differ") for breach in exact["breaches"])


def test_the_docs_show_the_toys_as_they_are() -> None:
    docs = (small_runs.ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n# (toy_\w+\.py)\n(.*?)```", docs, re.DOTALL)
    assert {name for name, _ in blocks} == {f"toy_{part}.py" for part in ("fusion", "task", "format", "precision")}
    for name, code in blocks:
        assert code in (new_lines.SUPPORT / name).read_text(encoding="utf-8"), name
