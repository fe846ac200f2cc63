"""What an export of made-up news leaves: the folder, the proof, the contract, the ops of each format, equal answers."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from small_runs import COLUMNS, FORMATS, LABELS, MAX_BYTES, TARGET, SmallRun

from mmkeras.modalities.text.cells import encode_cell, encode_cells
from mmkeras.runtime.runners import open_artefact
from mmkeras.verification.samples import load_samples

pytestmark = pytest.mark.slow
INPUTS = ("input_0", "news_text")


@pytest.fixture(scope="session")
def runners(run: SmallRun) -> dict[str, Any]:
    """Every artefact, and the trained model itself, behind the one interface."""
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction.load import load_graph
    from mmkeras.tasks.reference import KerasRunner

    opened: dict[str, Any] = {name: open_artefact(run.exported / name) for name in FORMATS}
    return {**opened, "run": KerasRunner(load_graph(open_run(run.folder)))}


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# export


def test_the_exported_folder_holds_what_the_design_lists(run: SmallRun) -> None:
    files = {str(p.relative_to(run.exported)) for p in run.exported.rglob("*") if p.is_file()}
    assert files == {
        *("MODEL_CARD.md", "labels.txt", "signature.json", "sample_inputs.npz", "verify.json"),
        *("predict.tflite", "predict.onnx", "savedmodel/1/saved_model.pb"),
        *(f"savedmodel/1/assets/{name}" for name in ("labels.txt", "signature.json")),
        "savedmodel/1/assets.extra/sha256.json",
        *(f"savedmodel/1/variables/variables.{name}" for name in ("index", "data-00000-of-00001")),
    }
    assert not list(run.exported.parent.glob(".*")), "nothing half-written beside it"


def test_exporting_ends_with_where_things_are_and_what_comes_next(run: SmallRun) -> None:
    folder, following = run.exporting.lines[-2:]
    assert folder == "artefacts: exported/news  proof: exported/news/verify.json"
    assert following.startswith("next: ")
    assert following.endswith("mmkeras predict exported/news news.csv --output predictions.csv")


def test_the_proof_is_no_empty_one(run: SmallRun) -> None:
    report = read_json(run.exported / "verify.json")
    metrics = read_json(run.folder / "metrics.json")
    assert report["passed"] is True
    assert list(report["artefacts"]) == list(FORMATS)
    for name, figures in report["artefacts"].items():
        assert figures["passed"] is figures["ids_identical"] is figures["labels_identical"] is True
        assert figures["breaches"] == []
        assert figures["rows"] == metrics["rows"]["validation"]
        assert figures["largest_difference"] <= 1e-5
        assert figures["accuracy"] == pytest.approx(metrics["validation"]["accuracy"])
        assert 0 < figures["latency_ms_p50"] <= figures["latency_ms_p95"] < 1000
        assert 0 < figures["load_seconds"] < 60
        assert 10 < figures["peak_memory_mib"] < 2000
        (line,) = [line for line in run.exporting.lines if line.startswith(f"{name} ")]
        assert line.endswith(" ok")
        assert f"{figures['accuracy']:.4f}" in line
    samples = load_samples(run.exported / "sample_inputs.npz")
    confidence = samples.answers.max(1)
    assert np.median(confidence) < 0.999, "where every answer is 1.0, any two models agree"
    assert len({row.tobytes() for row in samples.answers}) > len(samples) / 2
    assert all(max(map(np.size, rows)) > 5 for rows in samples.ids.values())


def test_samples_are_the_held_out_rows(run: SmallRun) -> None:
    samples = load_samples(run.exported / "sample_inputs.npz")
    rows = small_runs.read_csv(run.folder / "validation.csv")
    for name, column in zip(INPUTS, COLUMNS, strict=True):
        assert samples.inputs[name] == [encode_cell(row[column], MAX_BYTES) for row in rows]
        assert b"" in samples.inputs[INPUTS[0]], "an empty cell is among them"
    assert [LABELS[k] for k in samples.truth] == [row[TARGET] for row in rows]
    assert [LABELS[k] for k in samples.answers.argmax(1)] == [row["mmkeras:prediction"] for row in rows]
    shown = [float(row["mmkeras:probability"]) for row in rows]
    np.testing.assert_allclose(samples.answers.max(1), shown, atol=2e-6)


def test_the_contract_is_the_same_everywhere(run: SmallRun) -> None:
    """signature.json and labels.txt beside the artefacts, in the .tflite's zip, in the .onnx, among the assets."""
    import onnx

    folder = read_json(run.exported / "signature.json")
    (signature,) = folder["graphs"].values()
    assert [artefact["paths"] for artefact in folder["artefacts"].values()] == [{"predict": name} for name in FORMATS]
    measured = read_json(run.folder / "metrics.json")["validation"]["accuracy"]
    assert folder["held_out"] == {"accuracy": measured, "learned_since": False}
    labels = "".join(f"{label}\n" for label in LABELS)
    assert (run.exported / "labels.txt").read_text(encoding="utf-8") == labels
    assert signature["labels"] == list(LABELS)
    assert [(i["name"], i["column"], i["dtype"]) for i in signature["inputs"]] == [
        (name, column, "uint8") for name, column in zip(INPUTS, COLUMNS, strict=True)
    ]
    assert [o["name"] for o in signature["outputs"]] == ["probabilities", *(f"{name}_ids" for name in INPUTS)]
    assert signature["target"] == TARGET
    assets = run.exported / "savedmodel/1/assets"
    assert read_json(assets / "signature.json") == {"graphs": {"predict": signature}}
    assert (assets / "labels.txt").read_text(encoding="utf-8") == labels
    with zipfile.ZipFile(run.exported / "predict.tflite") as archive:
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode() == labels
        inside = json.loads(archive.read("signature.json"))
    assert {key: inside[key] for key in signature} == signature
    properties = {p.key: p.value for p in onnx.load(run.exported / "predict.onnx").metadata_props}
    assert json.loads(properties["signature"]) == signature
    assert properties["labels"] == labels.strip()


def test_onnx_is_standard_onnx(run: SmallRun) -> None:
    import onnx

    model = onnx.load(run.exported / "predict.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [
        (o.domain, o.version >= 17) for o in model.opset_import if o.domain in {n.domain for n in model.graph.node}
    ] == [("", True)]
    assert {node.domain for node in model.graph.node} == {""}
    assert not model.functions
    assert sorted(i.name for i in model.graph.input) == sorted(INPUTS)
    assert [o.name for o in model.graph.output] == ["probabilities", *(f"{name}_ids" for name in INPUTS)]


def test_tflite_has_builtin_ops_alone(run: SmallRun) -> None:
    from tensorflow.lite.python import schema_py_generated as schema

    model = schema.Model.GetRootAsModel((run.exported / "predict.tflite").read_bytes(), 0)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    codes = [model.OperatorCodes(k) for k in range(model.OperatorCodesLength())]
    ops = {names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())] for code in codes}
    assert {"CUSTOM", "DELEGATE"}.isdisjoint(ops)
    assert not [code.CustomCode() for code in codes if code.CustomCode()]
    assert "GATHER" in ops
    signatures = [model.SignatureDefs(k).SignatureKey().decode() for k in range(model.SignatureDefsLength())]
    assert "predict" in signatures
    assert f"predict_{MAX_BYTES}" in signatures


def test_saved_model_has_both_signatures(run: SmallRun, runners: dict[str, Any]) -> None:
    import tensorflow as tf

    model = tf.saved_model.load(str(run.exported / "savedmodel/1"))
    assert sorted(model.signatures) == ["serving_default", "tensors"]
    strings = model.signatures["serving_default"]
    tensors = model.signatures["tensors"]
    assert {k: (s.dtype, s.shape.rank) for k, s in strings.structured_input_signature[1].items()} == dict.fromkeys(
        INPUTS, (tf.string, 1)
    )
    assert {k: (s.dtype, s.shape.rank) for k, s in tensors.structured_input_signature[1].items()} == dict.fromkeys(
        INPUTS, (tf.uint8, 2)
    )
    texts = ["米饭 tea", "", "goal ⚽ " * 40, "中" * 99, "é" * 47 + "xyz中", "a" * MAX_BYTES, "a" * 94 + "👩🏽‍💻"]
    answer = strings(**{name: tf.constant(texts) for name in INPUTS})
    expected = runners["run"]({name: encode_cells(texts, MAX_BYTES) for name in INPUTS})["probabilities"]
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    assert [p.decode() for p in answer["prediction"].numpy()] == [LABELS[k] for k in expected.argmax(1)]


@pytest.mark.parametrize("name", FORMATS)
def test_inputs_are_bound_by_name(name: str, runners: dict[str, Any]) -> None:
    """In any order; and given to each other's input, the texts get another answer."""
    cells = {"input_0": ["tea 米饭", "goal"], "news_text": ["phone chip phone", "手机 芯片 tea"]}
    inputs = {key: encode_cells(texts, MAX_BYTES) for key, texts in cells.items()}
    swapped = dict(zip(inputs, reversed(inputs.values()), strict=True))
    expected, other = (runners["run"](i)["probabilities"] for i in (inputs, swapped))
    assert np.abs(expected - other).max() > 1e-3
    for order in (INPUTS, INPUTS[::-1]):
        answer = runners[name]({key: inputs[key] for key in order})["probabilities"]
        np.testing.assert_allclose(answer, expected, atol=1e-5)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "texts",
    [["", ""], ["tea", ""], ["", "goal " * 99], ["中" * 32, "x"], ["\0\0a", "\ufeff"], ["👩🏽‍💻⚽", "Ü" * 48]],
    ids=["both empty", "second empty", "first empty", "full", "odd", "emoji"],
)
def test_a_row_answers_the_same_alone_and_in_company(name: str, texts: list[str], runners: dict[str, Any]) -> None:
    company = ["手机 phone", "chip " * 30]
    alone = {key: encode_cells([text], MAX_BYTES) for key, text in zip(INPUTS, texts, strict=True)}
    together = {
        key: encode_cells([other, text, other], MAX_BYTES)
        for key, text, other in zip(INPUTS, texts, company, strict=True)
    }
    expected = runners["run"](alone)["probabilities"]
    assert expected.shape == (1, len(LABELS))
    assert expected.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(runners[name](alone)["probabilities"], expected, atol=1e-5)
    np.testing.assert_allclose(runners[name](together)["probabilities"][1:2], expected, atol=1e-5)


def test_the_model_card_is_about_this_model(run: SmallRun) -> None:
    card = (run.exported / "MODEL_CARD.md").read_text(encoding="utf-8")
    metrics = read_json(run.folder / "metrics.json")
    assert card.startswith("# news\n")
    assert f"Held-out accuracy {metrics['validation']['accuracy']:.4f}" in card
    for word in (TARGET, *LABELS, *COLUMNS, *INPUTS, str(MAX_BYTES)):
        assert word in card


# predict


def test_overwrite_replaces_an_exported_folder(run: SmallRun, tmp_path: Path) -> None:
    """As a whole: what is not asked for again is gone."""
    (tmp_path / "e").mkdir()
    for name in ("predict.tflite", "stale.txt"):
        (tmp_path / "e" / name).write_text("{}")
    (tmp_path / "e/signature.json").write_text('{"artefacts": {}}')
    with small_runs.working_folder(tmp_path):
        done = small_runs.main("export", run.folder, "--formats", "onnx", "--output", "e", "--overwrite")
    assert done.code == 0, done.out + done.err
    assert sorted(p.name for p in (tmp_path / "e").iterdir()) == [
        *("MODEL_CARD.md", "labels.txt", "predict.onnx", "sample_inputs.npz", "signature.json", "verify.json"),
    ]
    assert "predict.tflite" not in done.out, "no advice to use what is not there"
