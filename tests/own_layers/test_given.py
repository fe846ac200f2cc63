"""What a user gives is compared with the flags and the table before anything heavy is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from mmkeras.config.config import Config
from mmkeras.data.columns.column import Column
from mmkeras.errors import InputError
from mmkeras.own_layers.given import OwnLayers, check_columns, check_given, config_with, own_layers, titles_of


def join(vectors: dict[str, Any]) -> Any:
    return vectors["photo"]


class Layer:
    """Anything that can be called."""

    def __call__(self, x: Any) -> Any:
        return x


COLUMNS = [Column(f"n{k}", "number", "input") for k in range(12)]
COLUMNS += [Column("photo", "image", "input"), Column("brand", "category", "input"), Column("a note", "text", "input")]


def test_nothing_given_is_nothing() -> None:
    assert own_layers(None, None) is None
    assert own_layers({}, "concat") is None
    assert own_layers({"photo": Layer()}, "concat").fusion is None  # type: ignore[union-attr]


def test_a_function_has_its_name_in_the_config() -> None:
    own = own_layers(None, join)
    assert own is not None
    assert own.fusion_flag == "own:join"
    assert OwnLayers({}, lambda vectors: vectors).fusion_flag == "own:lambda"


@pytest.mark.parametrize(
    ("encoder", "fusion", "message"),
    [
        (
            Layer(),
            None,
            'expected a dict from columns to Keras layers, such as encoder={"photo": layer}, received a La',
        ),
        ({"photo": Layer}, None, r"received the class Layer. Make one: Layer\(…\)."),
        ({"photo": "cnn"}, None, "expected a Keras layer or a function for 'photo', received a str."),
        (None, [join], "fusion: expected a name or a function of the columns' vectors, received a list."),
    ],
)
def test_anything_else_is_a_sentence(encoder: Any, fusion: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        own_layers(encoder, fusion)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            "foto",
            "no input column 'foto'. Did you mean 'photo'. The input columns are 'photo', 'brand', 'a note', 'numb",
        ),
        ("brand", "a column of the kind category, .* of these kinds have: audio, date, image, number, text."),
        ("n3", r"together with all number columns, as one input. .* encoder=\{'numbers': layer\}, which takes float32"),
    ],
)
def test_a_column_without_an_encoder_is_a_sentence(column: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_columns(OwnLayers({column: Layer()}), COLUMNS)


def test_columns_and_blocks_have_encoders() -> None:
    check_columns(OwnLayers({"photo": Layer(), "a note": Layer(), "numbers": Layer()}), COLUMNS)
    assert titles_of(COLUMNS) == {"photo": "photo", "brand": "brand", "a_note": "a note", "numbers": "numbers"}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"model": "mlp"}, "--model mlp: it has neither encoders nor a fusion"),
        ({"image_encoder": "preset:x"}, "--image-encoder: each image column has a layer of yours"),
        ({"naive_bayes": True}, "--naive-bayes: each text column has a layer of yours"),
    ],
)
def test_flags_that_contradict_a_layer_are_refused(flags: dict[str, Any], message: str) -> None:
    own = OwnLayers({"photo": Layer(), "a note": Layer()})
    with pytest.raises(InputError, match=message):
        config_with(own, Config.of(**flags), COLUMNS)
    assert config_with(own, Config(), COLUMNS).model.model == "multimodal"


def test_a_function_is_given_in_python_alone() -> None:
    with pytest.raises(InputError, match=r"--fusion own:join: the function join was not given. A function is given in"):
        check_given(Config.of(fusion="own:join"), None)
    with pytest.raises(InputError, match=r"Give it again, from Python: mmkeras.train\(resume=True"):
        check_given(Config.of(fusion="own:join", resume=True), OwnLayers({"photo": Layer()}))
    with pytest.raises(InputError, match="encoder: a language model is trained on one text"):
        check_given(Config.of(task="language_model"), OwnLayers({"photo": Layer()}))
    check_given(Config.of(fusion="own:join"), OwnLayers({}, join))
