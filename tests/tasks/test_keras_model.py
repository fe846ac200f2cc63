"""model.keras: Keras loads it after `import mmkeras`, it takes raw inputs, answers as the artefacts, and trains on."""

from __future__ import annotations

import ast
import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_runs
from small_columns import RULE, adapted_columns, values
from small_runs import COLUMNS, SmallRun

import mmkeras
from mmkeras.api import FinishedRun
from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.data.targets.targets import Targets
from mmkeras.runtime import feeds
from mmkeras.runtime.runners import open_artefact
from mmkeras.system.keras_classes import CLASSES

Arrays = dict[str, np.ndarray]


# Keras knows the layers


def test_every_registered_class_is_listed() -> None:
    """A layer that is registered by its module alone is unknown until the module is imported."""
    found: dict[str, list[str]] = {}
    for path in (small_runs.ROOT / "mmkeras").rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and "register_keras_serializable" in ast.dump(node):
                module = ".".join(path.relative_to(small_runs.ROOT).with_suffix("").parts)
                found.setdefault(module, []).append(node.name)
    assert {module: " ".join(sorted(names)) for module, names in found.items()} == CLASSES


FAKE = """
import types
known = {}
saving = types.SimpleNamespace(get_custom_objects=lambda: known)
"""


@pytest.mark.parametrize(
    "imports",
    [
        "import mmkeras, keras",
        "import keras, mmkeras",
        "import mmkeras, importlib.util as u; u.find_spec('keras'); import keras",
    ],
)
def test_the_order_of_the_imports_does_not_matter(imports: str, tmp_path: Path) -> None:
    """A package of Keras' name in its place, so that importing it takes no seconds."""
    (tmp_path / "keras.py").write_text(FAKE, encoding="utf-8")
    code = f"import sys; {imports}; print(sorted(keras.known)[0], 'numpy' in sys.modules)"
    done = small_runs.process("-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}", cwd=tmp_path)
    assert done.out.split() == ["mmkeras>Augment", "False"], done.err


def test_a_fresh_process_loads_a_run_and_answers(run: SmallRun, tmp_path: Path) -> None:
    """Nothing but the file: not the run folder, none of our modules imported by name, safe_mode on."""
    shutil.copy(run.folder / "model.keras", tmp_path / "moved.keras")
    x = mmkeras.raw_inputs(run.csv, run.folder, log=str)
    np.savez(tmp_path / "x.npz", **x)
    code = (
        "import numpy, keras, mmkeras\n"
        "model = keras.models.load_model('moved.keras')\n"
        "numpy.save('y.npy', model.predict(dict(numpy.load('x.npz')), verbose=0))\n"
    )
    done = small_runs.process("-W", "error::UserWarning", "-c", code, cwd=tmp_path)
    assert done.code == 0, done.err
    answers = open_artefact(run.exported / "predict.onnx", threads=1)(x, ["probabilities"])["probabilities"]
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), answers, rtol=0, atol=1e-5)


# a run


@pytest.fixture(scope="module")
def loaded(run: SmallRun) -> Any:
    import keras

    return keras.models.load_model(run.folder / "model.keras")


def test_it_answers_as_the_artefacts_with_the_same_token_ids(loaded: Any, run: SmallRun) -> None:
    import keras

    x = mmkeras.raw_inputs(run.csv, run.folder, log=str)
    artefact = open_artefact(run.exported / "predict.tflite", threads=1)
    specs = artefact.signature["inputs"]
    assert [tensor.name for tensor in loaded.inputs] == [spec["name"] for spec in specs] == list(x)
    assert loaded.output_names == ["probabilities"]
    rows = {name: array[:40] for name, array in x.items()}
    answers = artefact(rows)
    np.testing.assert_allclose(loaded.predict(rows, verbose=0), answers["probabilities"], rtol=0, atol=1e-5)
    for spec in specs:
        name = spec["name"]
        found, _ = loaded.get_layer(f"{name}_weights").output  # rows [b, F], tokens, then pairs, and their weights
        ids = keras.Model(loaded.input, found)(rows)
        ids, expected = np.asarray(ids, "int32"), answers[f"{name}_ids"].reshape(40, -1)
        for got, want in zip(ids, expected, strict=True):
            assert got[got > 0].tolist() == want[want > 0].tolist()
    assert not {layer.name for layer in loaded.layers if layer.trainable_variables} - {"core"}
    assert FinishedRun(run.folder).model.get_config()["name"] == "predict"


def test_it_is_compiled_fitted_and_saved_again(run: SmallRun, tmp_path: Path) -> None:
    import keras

    model = keras.models.load_model(run.folder / "model.keras")
    x, y = mmkeras.raw_rows(run.csv, run.folder, log=str)
    assert set(y) == {0, 1, 2}
    before = {v.path: np.asarray(v) for v in model.trainable_variables}
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    first = model.evaluate(x, y, verbose=0)[0]
    model.fit(x, y, epochs=1, verbose=0)
    assert model.evaluate(x, y, verbose=0)[0] < first
    assert all(np.abs(np.asarray(v) - before[v.path]).max() > 0 for v in model.trainable_variables), "gradients"
    model.save(tmp_path / "again.keras")
    again = keras.models.load_model(tmp_path / "again.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=0, atol=1e-6)
    assert again.compiled


def test_a_clone_answers_alike_once_it_has_the_weights(loaded: Any, run: SmallRun) -> None:
    """The tables are in the config: no weights of layers that preprocess could be forgotten."""
    import keras

    clone = keras.models.clone_model(loaded)
    clone.set_weights(loaded.get_weights())
    x = {name: array[:20] for name, array in mmkeras.raw_inputs(run.csv, run.folder, log=str).items()}
    np.testing.assert_allclose(clone.predict(x, verbose=0), loaded.predict(x, verbose=0), rtol=0, atol=1e-6)


def test_the_file_has_no_optimiser_and_no_code(run: SmallRun) -> None:
    with zipfile.ZipFile(run.folder / "model.keras") as archive:
        config = archive.read("config.json").decode()
        assert "optimizer" not in archive.read("model.weights.h5").decode("latin-1")
    assert '"__lambda__"' not in config
    assert '"optimizer"' not in config


def test_rows_of_a_frame_are_those_of_the_file(run: SmallRun) -> None:
    import pandas as pd

    frame = pd.read_csv(run.csv, keep_default_na=False).iloc[:30]
    for rows in (frame, frame.to_dict("records")):
        x = mmkeras.raw_inputs(rows, FinishedRun(run.folder), log=str)
        for name, array in mmkeras.raw_inputs(run.csv, run.folder, log=str).items():
            np.testing.assert_array_equal(x[name], array[:30, : x[name].shape[1]])


def test_a_class_that_the_run_does_not_know_is_refused(run: SmallRun) -> None:
    rows = [{COLUMNS[0]: "茶", COLUMNS[1]: "tea", "topic": topic} for topic in ("tech", "chess")]
    with pytest.raises(
        mmkeras.InputError, match=r"the frame, line 2, topic: the model does not know 'chess'. It knows food"
    ):
        mmkeras.raw_rows(rows, run.folder, log=str)


def test_a_run_of_the_release_before_is_read(run: SmallRun, tmp_path: Path) -> None:
    """Its model.keras is the compiled core: features -> logits."""
    from mmkeras.runs.run import open_run
    from mmkeras.tasks.prediction import load

    folder = shutil.copytree(run.folder, tmp_path / "run")
    (folder / "sha256.json").unlink()
    graph = load.load_graph(open_run(folder))
    core = next(layer for layer in graph.model.layers if layer.name == "core")
    core.compile(optimizer="adam")
    core.save(folder / "model.keras")
    x = {name: array[:20] for name, array in mmkeras.raw_inputs(run.csv, folder, log=str).items()}
    expected = np.asarray(graph.model(x)["probabilities"])
    core.set_weights([0 * weights for weights in core.get_weights()])
    old = load.load_graph(open_run(folder))
    np.testing.assert_allclose(np.asarray(old.model(x)["probabilities"]), expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(FinishedRun(folder).model.predict(x, verbose=0), expected, rtol=0, atol=1e-6)


# every kind, without training

TARGETS = {
    "classify": Targets("classify", ("label",), ("a", "b", "c"), (), ()),
    "multilabel": Targets("multilabel", ("tags",), ("a", "b", "c", "d"), (), ()),
    "regress": Targets("regress", ("weight", "width"), (), (5.0, -300.0), (2.0, 40.0)),
}


def check_kinds(columns: dict[str, Any], path: Path, rows: dict[str, list[Any]], task: str, **flags: Any) -> None:
    """Saved and loaded, a core with random weights answers as its Graph; its weights are read out exactly."""
    import keras
    from parity import shaken

    from mmkeras.models.core import build_core
    from mmkeras.tasks.prediction.graph import predict_graph, raw_model
    from mmkeras.tasks.weights import load_weights

    keras.utils.set_random_seed(1)
    config = Config.of(**{"model": "multimodal", "task": task, "width": 16, "depth": 1, **flags})
    core = build_core(columns, TARGETS[task].outputs, config)
    shaken(core.model, 0.1)
    core.model.get_layer("temperature").inverse.assign(0.5)
    table = {name: Column(f"the {name}", "text", "input") for name in columns}
    graph = predict_graph(core, columns, table, TARGETS[task], {})
    raw_model(core, columns, table, TARGETS[task]).save(path)
    loaded = keras.models.load_model(path)
    for hidden in ((), list(columns)[:1])[: len(columns)]:
        x = feeds.to_arrays(rows, graph.signature()["inputs"], range(4), hidden)
        expected = np.asarray(graph.model(x, training=False)[graph.answer])
        np.testing.assert_allclose(np.asarray(loaded(x, training=False)), expected, rtol=1e-6, atol=1e-6)
    weights = core.model.get_weights()
    core.model.set_weights([0 * array for array in weights])
    load_weights(core.model, path)
    for got, want in zip(core.model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("fusion", "task"), [("attention", "classify"), ("sum", "regress"), ("decision", "multilabel")]
)
def test_columns_of_all_kinds(fusion: str, task: str, tmp_path: Path) -> None:
    check_kinds(adapted_columns(), tmp_path / "m.keras", values(), task, fusion=fusion)


def test_texts_with_naive_bayes_sequences_and_character_ngrams(tmp_path: Path) -> None:
    from parity import make_state

    from mmkeras.modalities.text.column import TextColumn

    texts, path, rows = [b"a high thing", b"a low thing"], tmp_path / "m.keras", {"note": values()["note"]}
    bag = make_state(texts, max_bytes=96, char_ngrams=4)
    check_kinds({"note": TextColumn("note", bag)}, path, rows, "classify", fusion="concat", naive_bayes=True)
    check_kinds({"note": TextColumn("note", bag)}, path, rows, "classify", model="wide_deep")
    sequence = make_state(texts, max_bytes=96, orders=1, weighting="mean", unknown_buckets=64)
    check_kinds({"note": TextColumn("note", sequence)}, path, rows, "classify", model="mlp")
    for encoder in ("gru", "transformer"):
        column = TextColumn("note", sequence, encoder, 16)
        check_kinds({"note": column}, path, rows, "classify", fusion="concat", text_encoder=encoder)


def test_dates_augmented_pictures_and_cepstra(tmp_path: Path) -> None:
    import dataclasses

    from mmkeras.modalities.audio.column import AudioColumn
    from mmkeras.modalities.date.column import DateColumn
    from mmkeras.modalities.date.spec import DateState
    from mmkeras.modalities.image.column import ImageColumn
    from mmkeras.modalities.image.spec import ImageSpec

    columns = {
        "clip": AudioColumn("clip", dataclasses.replace(RULE, features="mfcc"), 1.0),
        "photo": ImageColumn("photo", ImageSpec(32), ("flip", "crop", "colour"), 3),
        "day": DateColumn("day", DateState(738000.0, 100.0), "DD.MM.YYYY"),
    }
    rows = {**values(), "day": [b"1.2.2020", None, b"3.4.2021", b"29.2.1999"]}
    check_kinds(columns, tmp_path / "m.keras", rows, "classify", fusion="concat")


@pytest.mark.parametrize("count", [9, 40])
def test_blocks_of_columns(count: int, tmp_path: Path) -> None:
    from mmkeras.modalities.category.block import CategoryBlock
    from mmkeras.modalities.category.block_layers import adapt_block
    from mmkeras.modalities.date.block import DateBlock
    from mmkeras.modalities.date.column import DateColumn
    from mmkeras.modalities.date.spec import DateState
    from mmkeras.modalities.number.block import NumberBlock
    from mmkeras.modalities.number.spec import NumberState

    def named(kind: str) -> tuple[Column, ...]:
        return tuple(Column(f"{kind} {k}", kind, "input") for k in range(count))

    notations, cells = ("DD.MM.YYYY", "YYYY-MM-DD"), (b"1.2.2020", b"2020-02-01")
    days = [DateColumn(f"days_{k}", DateState(738000.0 + k, 100.0), notations[k % 2]) for k in range(count)]
    states = tuple(NumberState(float(k), 2.0, 1.0) for k in range(count))
    columns = {
        "numbers": NumberBlock("numbers", named("number"), states),
        "days": DateBlock("days", named("date"), tuple(days)),
        "brands": CategoryBlock("brands", named("category"), *adapt_block([["x", "y", "x", "z"]] * count, 1)),
    }
    rows = {
        "numbers": [tuple(float(row * k) if (row + k) % 5 else None for k in range(count)) for row in range(4)],
        "days": [tuple(cells[k % 2] if (row + k) % 5 else None for k in range(count)) for row in range(4)],
        "brands": [tuple((b"x", b"y", None, b"new")[(row + k) % 4] for k in range(count)) for row in range(4)],
    }
    check_kinds(columns, tmp_path / "m.keras", rows, "classify", fusion="concat")


# models that write


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru", "transformer"])
def test_a_language_model_gives_the_probabilities_of_its_score(cell: str, tmp_path: Path) -> None:
    import keras

    from mmkeras.models.language_model import build_core
    from mmkeras.tasks.text_generation.next_token import language_model
    from mmkeras.tasks.text_generation.recurrent_graphs import graphs_of
    from mmkeras.tasks.weights import load_weights

    core, _, parts = build_core(Config.of(task="language_model", cell=cell, width=8, depth=2, steps=6), 11)
    language_model(core).save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    tokens = np.random.default_rng(0).integers(1, 11, (3, 6), "int32")
    before = np.concatenate([np.zeros((3, 1), "int32"), tokens[:, :-1]], axis=1)
    p = np.asarray(loaded({"pieces": before}, training=False))  # [3, 6, 11]
    _, score = graphs_of(parts, {})
    log_p = np.asarray(score.model({"pieces": tokens}, training=False)["log_probabilities"])
    np.testing.assert_allclose(np.log(np.take_along_axis(p, tokens[:, :, None], 2)[:, :, 0]), log_p, atol=1e-5)
    weights = core.get_weights()
    core.set_weights([0 * array for array in weights])
    load_weights(core, tmp_path / "m.keras")
    assert all(np.array_equal(got, want) for got, want in zip(core.get_weights(), weights, strict=True))


def test_an_encoder_decoder_gives_the_probabilities_of_its_first_step(tmp_path: Path) -> None:
    import keras

    from mmkeras.models.seq2seq import build_seq2seq
    from mmkeras.tasks.text_generation.graphs import encode_graph, step_graph
    from mmkeras.tasks.text_generation.next_token import column_model

    columns = {name: adapted_columns()[name] for name in ("photo", "price")}
    table = {name: Column(name, "text", "input") for name in columns}
    config = Config.of(task="generate", model="multimodal", fusion="attention", width=16, depth=1, max_target=5)
    seq2seq = build_seq2seq(columns, 11, config)
    column_model(seq2seq, columns, table).save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    encode, step = encode_graph(seq2seq, columns, table, {}), step_graph(seq2seq.decoder, seq2seq.memory_length, {})
    x = feeds.to_arrays(values(), encode.signature()["inputs"], range(4))
    memory = encode.model(x, training=False)
    zeros = {name: np.zeros((4, *step.model.input[name].shape[1:]), "float32") for name in ("keys", "values")}
    start = {name: np.zeros((4, 1), "int32") for name in ("piece", "position")}
    held = {name: np.asarray(memory[name]) for name in ("memory_keys", "memory_values", "memory_shown")}
    log_p = np.asarray(step.model({**start, **zeros, **held}, training=False)["log_probabilities"])
    p = np.asarray(loaded({**x, "written": np.zeros((4, 9), "int32")}, training=False))
    assert p.shape == (4, 6, 11), "no more tokens than the decoder writes"
    np.testing.assert_allclose(np.log(p[:, 0]), log_p, atol=1e-5)


# tables as JSON


def test_packed_arrays_come_back_and_damaged_ones_do_not() -> None:
    from mmkeras.system.packed import packed, unpacked

    for dtype in ("int32", "int64"):
        limits = np.iinfo(dtype)
        array = np.random.default_rng(0).integers(limits.min, limits.max, (3, 40), dtype, endpoint=True)
        for differences in (False, True):
            value = json.loads(json.dumps(packed(array, differences)))
            again = unpacked(value)
            assert again.dtype == array.dtype
            np.testing.assert_array_equal(again, array)
    for damage in ({"shape": [3, 41]}, {"shape": [2, 40]}, {"dtype": "object"}, {"shape": [-3, -40]}):
        with pytest.raises(ValueError, match="expected"):
            unpacked({**value, **damage})


def test_importing_the_package_makes_one_finder_at_most() -> None:
    from mmkeras.system.keras_classes import AfterKeras, make_known

    make_known()
    make_known()
    assert sum(isinstance(finder, AfterKeras) for finder in sys.meta_path) <= 1
