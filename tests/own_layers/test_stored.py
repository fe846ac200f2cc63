"""A layer as JSON and back: no code is stored, and nothing that the JSON names is imported."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import own_parts
import pytest
from keras import layers, ops

from mmkeras.errors import InputError
from mmkeras.modalities.encoded import Sizes
from mmkeras.own_layers.encoder import OwnEncoder, built, call, takes_mask
from mmkeras.own_layers.fusion import traced, unused
from mmkeras.own_layers.stored import from_json, given_objects, known_objects, to_json, without_names

WHAT = "the layer for 'photo'"


def again(layer: Any) -> Any:
    """A layer after a way through JSON, as in another process where its module is imported."""
    value = json.loads(json.dumps(to_json(layer, WHAT)))
    modules = {part.__name__: part.__module__ for part in given_objects(layer, value).values()}
    return from_json(value, known_objects(value, {}, modules, WHAT, ""), WHAT, "again")


@pytest.mark.parametrize("layer", [own_parts.pictures(), own_parts.Scaled(3), own_parts.Plain()], ids=["net", "a", "b"])
def test_a_layer_is_rebuilt_and_computes_the_same(layer: Any) -> None:
    x = np.random.default_rng(0).random((2, 8, 8, 3)).astype("float32")
    out = layer(x)
    copy = again(layer)
    copy(x)
    copy.set_weights(layer.get_weights())
    assert copy.name == "again"
    np.testing.assert_allclose(copy(x), out, atol=1e-6)


def test_code_is_not_stored() -> None:
    with pytest.raises(InputError, match="has the Lambda layer 'twice', which stores Python code"):
        to_json(keras.Sequential([layers.Lambda(lambda x: x * 2, name="twice")]), WHAT)
    foreign = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "x"}, "registered_name": None}
    with pytest.raises(InputError, match="has a Lambda, which stores code"):
        from_json(foreign, {}, WHAT, "x")


@pytest.mark.parametrize("kind", ["Thing", "function"])
def test_a_module_that_json_names_is_not_imported(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "planted_module.py").write_text("open('planted', 'w').write('')\nclass Thing: pass\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    planted = {"module": "planted_module", "class_name": kind, "config": {} if kind == "Thing" else "run"}
    value = to_json(keras.Sequential([layers.Dense(2)]), WHAT)
    value["config"]["layers"].append({**planted, "registered_name": "Thing"})
    with pytest.raises(
        InputError, match=r"of the module planted_module, which is not loaded: .* import planted_module"
    ):
        known_objects(value, {}, {}, WHAT, "Do: import {module}")
    with pytest.raises(InputError, match="cannot be rebuilt"):
        from_json(value, {}, WHAT, "x")
    assert "planted_module" not in sys.modules
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize(("module", "name"), [("subprocess", "Popen"), ("pathlib", "Path"), ("own_parts", "ops")])
def test_an_imported_module_gives_layer_classes_alone(module: str, name: str) -> None:
    value = {"module": module, "class_name": name, "config": {}, "registered_name": name}
    with pytest.raises(InputError, match="which is not loaded"):
        known_objects(value, {}, {}, WHAT, "")


def test_a_layer_that_cannot_be_rebuilt_is_a_sentence() -> None:
    class Fixed(layers.Layer):
        def __init__(self, units: int) -> None:
            super().__init__()

    value = to_json(Fixed(3), WHAT)
    with pytest.raises(InputError, match=r"cannot be rebuilt from its configuration \(.*__init__.*needs get_config"):
        from_json(value, given_objects(Fixed(3), value), WHAT, "x")


def test_names_are_not_compared() -> None:
    first, second = (without_names(to_json(own_parts.pictures(), WHAT)) for _ in range(2))
    assert first == second
    assert first != without_names(to_json(keras.Sequential([layers.Conv2D(9, 3)]), WHAT))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (layers.Conv1D(3, 40), r"cannot take float32 \[b, 8, 8, 3\] \(Kernel shape must"),
        (layers.Reshape((1, 8, 8, 3)), r"returns float32 \[b, 1, 8, 8, 3\]; expected a vector \[b, d\], tokens"),
        (lambda x: ops.sum(x, axis=0), r"returns float32 \[8, 8, 3\]; expected a vector"),
        (lambda x: [x], "returns a list; expected a vector"),
        (lambda x: ops.cast(x[:, 0, 0], "int32"), r"returns int32 \[b, 3\]"),
    ],
)
def test_a_layer_that_does_not_fit_its_column_is_a_sentence(layer: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        built(layer, keras.Input((8, 8, 3)), None, WHAT)


class Tokens:
    """A column of four tokens and their mask."""

    name = "note"

    def prepared(self, features: Any, sizes: Sizes) -> tuple[Any, Any]:
        return features["x"], features["shown"]


@pytest.mark.parametrize("layer", [layers.GlobalAveragePooling1D(), layers.GRU(3, return_sequences=True)])
def test_a_text_without_a_token_has_finite_tokens(layer: Any) -> None:
    """A mask of zeros would make a mean of nothing."""
    x, shown = keras.Input((4, 5)), keras.Input((4,))
    encoded = OwnEncoder(Tokens(), layer, "own").encode({"x": x, "shown": shown}, Sizes(width=6), exporting=True)  # type: ignore[arg-type]
    assert encoded.tokens.shape[2] == 6
    mask = np.array([[1, 1, 0, 0], [0, 0, 0, 0]], "float32")
    tokens, kept = keras.Model([x, shown], [encoded.tokens, encoded.mask])([np.ones((2, 4, 5), "float32"), mask])
    assert np.isfinite(tokens).all()
    np.testing.assert_array_equal(kept, mask if tokens.shape[1] == 4 else np.ones((2, 1)))


def test_a_layer_gets_a_mask_where_it_takes_one() -> None:
    assert takes_mask(keras.Sequential([layers.LSTM(2)]))
    assert takes_mask(layers.Dense(2)), "it hands the mask on"
    assert not takes_mask(keras.Sequential([layers.Conv1D(2, 3), layers.GlobalAveragePooling1D()]))
    call(layers.Conv1D(2, 3), keras.Input((4, 5)), keras.Input((4,)))  # without Keras' warning of a lost mask


TITLES = {"photo": "photo", "the_price": "the price"}


def test_a_function_becomes_a_model() -> None:
    model = traced(lambda vectors: vectors["photo"] + 2.0 * vectors["the price"], TITLES, 3, "the fusion")
    copy = again(model)
    out = copy({"photo": np.ones((2, 3), "float32"), "the_price": np.ones((2, 3), "float32")})
    np.testing.assert_array_equal(out, np.full((2, 3), 3.0))
    assert unused(model, TITLES) == []
    assert unused(traced(lambda v: v["photo"] * 2, TITLES, 3, "the fusion"), TITLES) == ["the price"]


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda vectors: vectors["price"], "asks for 'price'; the columns' vectors are 'photo', 'the price'"),
        (lambda vectors: None, r"returns a NoneType; expected one float vector a row, \[b, d\]"),
        (lambda vectors: ops.stack(list(vectors.values())), r"returns float32 \[2, \?, 3\]"),
        (lambda vectors: ops.stack(list(vectors.values()), axis=1), r"returns float32 \[b, 2, 3\]"),
        (lambda vectors, tokens: vectors["photo"], r"fails \(.*tokens.*called once, with a dict of Keras tensors"),
        (lambda vectors: keras.Input((3,)), "does not depend on its vectors"),
    ],
)
def test_a_function_that_is_no_fusion_is_a_sentence(function: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        traced(function, TITLES, 3, "the fusion")
