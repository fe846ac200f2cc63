"""A value has one answer, however it is spelled: in every format, as a cell, as a number, and through TF Serving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import written_tables as tables

import mmkeras

pytestmark = pytest.mark.slow
FORMATS = {"tflite": "predict.tflite", "onnx": "predict.onnx", "savedmodel": "savedmodel/1"}
ROW = {"sex": "male", "member": "True", "class": "3", "fare": "1.234,50"}
SPELLINGS: list[dict[str, Any]] = [
    *({"sex": "Male"}, {"sex": " MALE "}, {"member": "TRUE"}, {"member": "true"}, {"class": "3.0"}, {"class": 3.0}),
    *({"fare": 1234.5}, {"fare": "1234,5"}, {"fare": " 1.234,500 "}),
]
MISSING: list[dict[str, Any]] = [{"fare": ""}, {"fare": "n/a"}, {"fare": None}, {"fare": "-9.999,00"}]


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Artefacts of a table in German notation, with a sentinel."""
    folder = tmp_path_factory.mktemp("spellings")
    fares = [f"{v:,.2f}".translate({ord(","): ".", ord("."): ","}) for v in tables.numbers(1, 4000)]
    path = tables.write(
        folder / "people.csv",
        {
            "sex": tables.chosen("male", "female", seed=3),
            "member": tables.chosen("True", "False", seed=4),
            "class": [f"{cell}" for cell in tables.chosen("1", "2", "3", seed=5)],
            "fare": tables.with_odd(fares, *["-9.999,00"] * 6),
            "lived": tables.chosen("yes", "no", seed=6),
        },
        ";",
    )
    run = mmkeras.train(path, category="class", keep=["sex", "member", "fare"], epochs=1, output=str(folder / "run"))
    return mmkeras.export(run, output=folder / "exported").folder


@pytest.mark.parametrize("name", FORMATS)
def test_spellings_have_one_answer(name: str, artefacts: Path) -> None:
    model = mmkeras.load(artefacts / FORMATS[name])
    assert isinstance(model, mmkeras.Predictor)
    expected = model(ROW).probabilities["yes"]
    for spelling in SPELLINGS:
        assert model({**ROW, **spelling}).probabilities["yes"] == pytest.approx(expected, abs=1e-6), spelling
    missing = [model({**ROW, **cell}).probabilities["yes"] for cell in MISSING]
    assert missing == pytest.approx([missing[0]] * len(missing), abs=1e-6)
    with pytest.raises(mmkeras.errors.InputError, match=r"expected a number such as 1\.234,56"):
        model({**ROW, "fare": "1,234.50"})


def test_tf_serving_answers_alike(artefacts: Path) -> None:
    import tensorflow as tf

    serve = tf.saved_model.load(str(artefacts / "savedmodel/1")).signatures["serving_default"]
    rows = [("male", "True", "3"), ("Male", "TRUE", "3.0"), ("MALE", "true", "3.00"), (" male", "True ", "3")]
    columns = dict(zip(("sex", "member", "class"), zip(*rows, strict=True), strict=True))
    inputs = {name: tf.constant(cells) for name, cells in columns.items()} | {"fare": tf.constant([1234.5] * len(rows))}
    names = serve.structured_input_signature[1]
    outputs = serve(**{name: next(v for key, v in inputs.items() if name.startswith(key)) for name in names})
    numbers = next(v.numpy() for v in outputs.values() if v.dtype == tf.float32 and v.shape.rank == 2)
    np.testing.assert_allclose(numbers, np.tile(numbers[:1], (len(rows), 1)), atol=1e-6)


def test_unknown_values_are_counted(artefacts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tables.write(
        tmp_path / "new.csv", {**{name: [cell] * 3 for name, cell in ROW.items()}, "sex": ["Male", "m", "?"]}, ";"
    )
    from mmkeras.cli.main import main

    with pytest.raises(SystemExit) as done:
        raise SystemExit(
            main(["predict", str(artefacts / "predict.tflite"), str(path), "--output", str(tmp_path / "out.csv")])
        )
    said = "".join(capsys.readouterr())
    assert not done.value.code, said
    assert "sex: 1 of 2 values are unknown to the model, such as 'm'" in said
