"""What a user gives to `mmkeras.train`, compared with the flags and the table. No Keras: checked before it loads."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mmkeras.config.config import DEFAULTS, Config, Text
from mmkeras.config.fusions import OWN, is_own
from mmkeras.config.tasks import LEARN_LINES
from mmkeras.data.columns.column import Column
from mmkeras.data.values.python_cell import type_in_words
from mmkeras.errors import InputError
from mmkeras.modalities import MODALITIES, spec_of
from mmkeras.modalities.blocks import GraphColumn, graph_columns
from mmkeras.own_layers import OWN_LAYERS

GIVE_AGAIN: Final = "Give it again, from Python: mmkeras.train(resume=True, …), or start anew with --overwrite."

ENCODER_FLAGS: Final = {"image": ("image_encoder",), "text": ("text_encoder", "word_vectors", "naive_bayes")}
"""Kind -> flags without effect where each of its columns has a layer of the user."""


@dataclass(frozen=True)
class OwnLayers:
    """encoders: column or block -> a Keras layer, or a function of its tensor. fusion: a function or None."""

    encoders: Mapping[str, Any] = field(default_factory=dict)
    fusion: Callable[..., Any] | None = None

    @property
    def fusion_flag(self) -> str | None:
        """The function's name as the value of --fusion: `own:my_function`."""
        return None if self.fusion is None else OWN + name_of(self.fusion)


def own_layers(encoder: Any, fusion: Any) -> OwnLayers | None:
    """The arguments `encoder` and `fusion` of `mmkeras.train`; None where neither has anything of the user.

    fusion: None, a name of FUSIONS, which is no concern of ours, or a function.
    Raises InputError for an encoder that is no dict of layers and functions, and a fusion that is no function.
    """
    if fusion is not None and not isinstance(fusion, str) and (isinstance(fusion, type) or not callable(fusion)):
        raise InputError(
            f"fusion: expected a name or a function of the columns' vectors, received {described(fusion)}."
        )
    if encoder is not None and not isinstance(encoder, Mapping):
        raise InputError(
            'encoder: expected a dict from columns to Keras layers, such as encoder={"photo": layer}, received '
            f"{described(encoder)}."
        )
    for column, layer in (encoder or {}).items():
        if isinstance(layer, type) or not callable(layer):
            remedy = f" Make one: {layer.__name__}(…)." if isinstance(layer, type) else ""
            raise InputError(
                f"encoder: expected a Keras layer or a function for {column!r}, received {described(layer)}.{remedy}"
            )
    function = None if isinstance(fusion, str) else fusion
    return OwnLayers(dict(encoder or {}), function) if encoder or function else None


def name_of(function: Any) -> str:
    """The name of a function, of a layer's class or of a functional model, for messages and config.json."""
    kind = type(function).__name__
    name = str(getattr(function, "__name__", "") or (function.name if kind == "Functional" else kind))
    return "lambda" if name == "<lambda>" else name


def described(value: Any) -> str:
    """A value in an error message."""
    return f"the class {value.__name__}" if isinstance(value, type) else type_in_words(value)


def check_given(config: Config, own: OwnLayers | None) -> None:
    """Raise InputError where --fusion names a function that was not given, or the task has no use for layers.

    A training that goes on from a run has the layers of that run.
    """
    if own is not None and config.training.continue_from:
        argument = "encoder" if own.encoders else "fusion"
        raise InputError(
            f"{argument}: the training goes on from {config.training.continue_from}, with its layers and its fusion. "
            "Leave it out, or train anew without continue_from."
        )
    if not config.training.continue_from and is_own(config.model.fusion) and (own is None or own.fusion is None):
        name = str(config.model.fusion).removeprefix(OWN)
        remedy = (
            GIVE_AGAIN if config.output.resume else "A function is given in Python: mmkeras.train(fusion=function)."
        )
        raise InputError(f"--fusion {config.model.fusion}: the function {name} was not given. {remedy}")
    if own is not None and config.model.task in LEARN_LINES:
        argument = "encoder" if own.encoders else "fusion"
        raise InputError(f"{argument}: a language model is trained on one text and has no use for it. Leave it out.")


def check_resumed(folder: Path, config: Config, own: OwnLayers | None) -> None:
    """Raise InputError where a run that is resumed began with layers of the user, and none are given."""
    if own is None and not config.training.continue_from and (folder / OWN_LAYERS).exists():
        raise InputError(f"{folder}: the run began with layers of your own, as encoder or fusion. {GIVE_AGAIN}")


def check_columns(own: OwnLayers, inputs: Sequence[Column]) -> None:
    """Raise InputError for an encoder of a column that is no input, that is read in a block, or of a kind without."""
    columns = {_title(column): column for column in graph_columns(inputs)}
    for name in own.encoders:
        if name not in columns:
            raise InputError(f"encoder: {_absent(name, columns)}")
        kind = columns[name].kind
        if not prepared_as(kind):
            kinds = ", ".join(sorted(kind for kind in MODALITIES if prepared_as(kind)))
            raise InputError(
                f"encoder: {name!r} is a column of the kind {kind}, which has nothing for a layer to read; columns of "
                f"these kinds have: {kinds}. Leave it out."
            )


def _absent(name: str, columns: Mapping[str, GraphColumn]) -> str:
    """Why there is no column `name` to encode, and what to give."""
    for block in columns.values():
        if block.block and name in {column.name for column in block.columns}:
            return (
                f"{name!r} is read together with all {block.kind} columns, as one input. Give a layer for them: "
                f"encoder={{{block.name!r}: layer}}, which takes {prepared_as(block.kind)}."
            )
    near = difflib.get_close_matches(name, columns, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"there is no input column {name!r}.{hint} The input columns are {', '.join(map(repr, columns))}."


def prepared_as(kind: str) -> str:
    """What a layer for a column of a kind receives, in words; '' for a kind without. `spec.PREPARED` has it."""
    return str(getattr(spec_of(kind), "PREPARED", ""))


def config_with(own: OwnLayers, config: Config, inputs: Sequence[Column]) -> Config:
    """The Config of a training with layers of the user: the multimodal model.

    Raises InputError for another model, and a flag for encoders where no column has such an encoder.
    """
    if config.model.model not in ("auto", "multimodal"):
        raise InputError(
            f"--model {config.model.model}: it has neither encoders nor a fusion; layers of your own are for the "
            "multimodal model. Leave it out."
        )
    for kind, flags in ENCODER_FLAGS.items():
        names = [column.name for column in inputs if column.kind == kind]
        changed = [flag for flag in flags if config.flat()[flag] != DEFAULTS[flag]]
        if names and changed and set(names) <= own.encoders.keys():
            raise InputError(
                f"--{changed[0].replace('_', '-')}: each {kind} column has a layer of yours as its encoder. Leave one "
                "of them out."
            )
    return config.replace(model="multimodal")


def titles_of(inputs: Sequence[Column]) -> dict[str, str]:
    """Name in the graph -> the name by which a user gives a layer: of the column in the table, or of the block."""
    return {column.name: _title(column) for column in graph_columns(inputs)}


def _title(column: GraphColumn) -> str:
    return column.name if column.block else column.columns[0].name


def read_otherwise(
    own: OwnLayers | None, config: Config, text_spec: Callable[[Text], Any]
) -> dict[str, tuple[Config, Any]]:
    """Columns with a layer of the user -> the Config and the text_spec that they are read by.

    A text is read as tokens in their order, whatever --text-encoder says of others; no pretrained encoder is loaded.
    """
    if own is None:
        return {}
    read_by = config.replace(text_encoder="transformer", image_encoder="cnn", char_ngrams=0, word_vectors=None)
    return {name: (read_by, text_spec(read_by.text)) for name in own.encoders}
