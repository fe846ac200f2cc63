"""Layers and a fusion of the user: trained as copies, rebuilt from the run, exported and verified like ours."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import own_parts
import pytest
import small_mixtures as mixtures
import small_runs
from keras import layers

import mmkeras
from mmkeras.api import FinishedRun
from mmkeras.errors import InputError
from mmkeras.runs.integrity import DIGESTS
from mmkeras.runs.run import FINISHED, open_run

TABLE, COLUMNS = "products.csv", {"image": "photo", "number": "price", "target": "season"}
SIZES: dict[str, Any] = {"width": 16, "image_size": 16, "epochs": 1, "min_rows": 1}


def write_products(folder: Path, rows: int = 24) -> None:
    """A picture, a price, a title and the season of each product."""
    table = [{"title": r["note"], **r, "season": r["label"]} for r in mixtures.rows(folder, rows)]
    names = ("title", "photo", "price", "season")
    small_runs.write_rows(folder / TABLE, [{name: row[name] for name in names} for row in table])


@dataclass(frozen=True)
class Trained:
    """Two trainings on the same layers. before: the weights of `pictures` when they were given."""

    folder: Path
    pictures: Any
    before: list[np.ndarray]
    first: FinishedRun
    second: FinishedRun
    lines: list[str]

    def given(self) -> dict[str, Any]:
        return {"encoder": {"photo": self.pictures, "price": own_parts.Scaled(4)}, "fusion": own_parts.gated}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("own")
    write_products(folder)
    pictures = own_parts.pictures()
    pictures(np.zeros((1, 16, 16, 3), "float32"))  # now it has weights: pretrained ones, as it were
    pictures.layers[0].trainable = False
    before, lines = pictures.get_weights(), []
    encoder = {"photo": pictures, "price": own_parts.Scaled(4)}
    with contextlib.chdir(folder):
        first, second = (
            mmkeras.train(
                TABLE, **COLUMNS, **SIZES, encoder=encoder, fusion=own_parts.gated, output=out, log=lines.append
            )
            for out in ("first", "second")
        )
    runs = [FinishedRun(folder / run.folder) for run in (first, second)]
    return Trained(folder, pictures, before, *runs, lines)


def copy_of(run: FinishedRun, folder: Path, *without: str) -> Path:
    """A copy of a run, without some of its files."""
    shutil.copytree(run.folder, folder)
    for name in without:
        (folder / name).unlink()
    return folder


def test_the_given_layers_are_not_changed_and_a_second_training_does_not_go_on_from_the_first(trained: Trained) -> None:
    for weights, before in zip(trained.pictures.get_weights(), trained.before, strict=True):
        np.testing.assert_array_equal(weights, before)
    first, second = ([v.numpy() for v in run.model.variables] for run in (trained.first, trained.second))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_layer_is_trained_from_its_weights_and_what_is_frozen_stays(trained: Trained) -> None:
    weights = [v.numpy() for v in trained.first.model.variables]
    frozen, *_, last, _ = trained.before
    assert any(np.array_equal(frozen, w) for w in weights)
    (closest,) = [w for w in weights if w.shape == last.shape]
    assert 0 < np.abs(closest - last).max() < 0.1, "a few steps away from where it began"


def test_the_run_names_them(trained: Trained) -> None:
    assert "photo: encoded by your Sequential, 840 weights, starting from those it has, 240 of them not trained" in (
        trained.lines
    )
    assert "price: encoded by your Scaled, 13 weights" in trained.lines
    assert any(line.startswith("fusion: your gated, ") for line in trained.lines)
    folder = trained.first.folder
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert (config["fusion"], config["model"]) == ("own:gated", "multimodal")
    page = trained.first.report.read_text(encoding="utf-8")
    assert "own:gated" in page
    assert "mmkeras.train(**{**json.load(open(" in page


def test_a_run_is_loaded_in_the_process_that_trained_it(trained: Trained) -> None:
    answer = mmkeras.load(trained.first)({"photo": "pictures/0.png", "price": "10"}, str(trained.folder))
    assert set(answer.probabilities) == {"high", "low"}


def test_its_description_is_sealed(trained: Trained, tmp_path: Path) -> None:
    folder = copy_of(trained.first, tmp_path / "run")
    path = folder / "own_layers.json"
    path.write_text(path.read_text(encoding="utf-8").replace("sigmoid", "tanh"), encoding="utf-8")
    with pytest.raises(InputError, match=r"own_layers.json: the run is damaged, this file has changed"):
        open_run(folder)
    path.unlink()
    (folder / DIGESTS).unlink()
    with pytest.raises(InputError, match="own_layers.json: there is no such file"):
        _ = FinishedRun(folder).models


def test_another_process_must_import_the_class_first(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a new process: nothing was given for this folder, and the module is not imported."""
    folder = copy_of(trained.first, tmp_path / "run")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "own_parts>Scaled")
    monkeypatch.delitem(sys.modules, "own_parts")
    with pytest.raises(InputError) as caught:
        mmkeras.load(folder)
    assert f"{folder}/own_layers.json: the encoder of 'price' has the class Scaled of the module own_parts" in str(
        caught.value
    )
    assert f"import own_parts, mmkeras; mmkeras.export('{folder}')" in str(caught.value)
    assert "own_parts" not in sys.modules


def test_opening_a_run_imports_nothing_that_it_names(trained: Trained, tmp_path: Path, monkeypatch: Any) -> None:
    folder = copy_of(trained.first, tmp_path / "run", DIGESTS)
    (tmp_path / "planted_module.py").write_text("open('planted', 'w').write('')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    path = folder / "own_layers.json"
    value = (
        path.read_text(encoding="utf-8").replace('"own_parts"', '"planted_module"').replace("own_parts>", "planted>")
    )
    path.write_text(value, encoding="utf-8")
    with pytest.raises(InputError, match="which is not loaded: a run imports no code by itself"):
        mmkeras.load(folder)
    assert "planted_module" not in sys.modules
    assert not (tmp_path / "planted").exists()


def test_an_interrupted_run_goes_on_with_the_same_layers_alone(trained: Trained, tmp_path: Path) -> None:
    folder = copy_of(trained.first, tmp_path / "run", FINISHED, DIGESTS)
    flags = {"resume": True, "output": str(folder), "log": lambda line: None}
    with contextlib.chdir(trained.folder):
        with pytest.raises(InputError, match=r"began with layers of your own.*mmkeras.train\(resume=True"):
            mmkeras.train(**flags)
        with pytest.raises(InputError, match="own:gated: the function gated was not given"):
            mmkeras.train(**flags, encoder=trained.given()["encoder"])
        other = {**trained.given(), "encoder": {"photo": trained.pictures, "price": own_parts.Scaled(5)}}
        with pytest.raises(InputError, match="the encoder of 'price' is not the one that the run began with"):
            mmkeras.train(**flags, **other)
        resumed = mmkeras.train(**flags, **trained.given())
    assert resumed.metrics["validation"]["score"] == trained.first.metrics["validation"]["score"]


def test_a_training_goes_on_with_the_layers_of_its_run(trained: Trained, tmp_path: Path) -> None:
    lines: list[str] = []
    start = shutil.copytree(trained.first.folder, tmp_path / "start")
    flags = {"continue_from": str(start), "epochs": 1, "output": str(tmp_path / "next"), "log": lines.append}
    with contextlib.chdir(trained.folder):
        with pytest.raises(InputError, match=r"encoder: the training goes on from .*start, with its layers"):
            mmkeras.train(TABLE, **flags, encoder={"price": own_parts.Scaled(4)})
        run = mmkeras.train(TABLE, **flags)
    assert (run.folder / "own_layers.json").read_bytes() == (start / "own_layers.json").read_bytes()
    assert any(line.startswith("going on from") for line in lines)
    assert "photo_own" in [layer.name for layer in run.models["predict"].get_layer("core").layers]


@pytest.mark.slow
def test_it_is_exported_in_a_process_that_imports_its_class(trained: Trained, tmp_path: Path) -> None:
    folder = copy_of(trained.first, tmp_path / "run")
    refused = small_runs.process(small_runs.ROOT / "export.py", folder, cwd=tmp_path)
    code = "import sys; sys.path.insert(0, sys.argv[2]); import own_parts, mmkeras; print(mmkeras.export(sys.argv[1], ['tflite', 'onnx']).passed)"
    support = Path(own_parts.__file__).parent
    done = small_runs.process("-c", code, folder, support, cwd=trained.folder)
    assert done.code == 0, done.err
    assert done.lines[-1] == "True"
    card = (trained.folder / "exported/run/MODEL_CARD.md").read_text(encoding="utf-8")
    assert (
        "- `photo` is encoded by `Sequential`\n- `price` is encoded by `Scaled`\n- the columns are joined by `gated`"
        in card
    )
    assert refused.code == 2
    assert "the encoder of 'price' has the class Scaled of the module own_parts, which is not loaded" in refused.err


@pytest.mark.slow
def test_the_example_of_the_page_runs_and_its_export_is_verified(tmp_path: Path) -> None:
    """And the command line exports it, in a process of its own: all of its classes are Keras'."""
    page = (small_runs.ROOT / "docs/extending.md").read_text(encoding="utf-8")
    code = page.partition("<!-- run by a test -->\n```python\n")[2].partition("```")[0]
    assert "mmkeras.train(" in code
    write_products(tmp_path)
    names: dict[str, Any] = {}
    with small_runs.working_folder(tmp_path):
        exec(code, names)
        exported = small_runs.process(
            small_runs.ROOT / "export.py", "runs/products", "--formats", "onnx", "--output", "again", cwd=tmp_path
        )
    assert names["exported"].passed
    assert set(names["exported"].verification.artefacts) == {"predict.tflite", "predict.onnx"}
    assert exported.code == 0, exported.err
    assert small_runs.proof(tmp_path / "again")["passed"] is True


@pytest.mark.slow
def test_a_text_is_generated_from_columns_with_own_layers(tmp_path: Path) -> None:
    write_products(tmp_path)
    encoder = {"photo": lambda x: layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(x))}
    sizes = {**SIZES, "target": "title", "task": "generate", "pieces": "byte", "max_target": 8, "depth": 1}
    with contextlib.chdir(tmp_path):
        run = mmkeras.train(
            TABLE, image="photo", number="price", **sizes, ignore="season", encoder=encoder, fusion=own_parts.gated
        )
        assert mmkeras.export(run, ["onnx"]).passed
