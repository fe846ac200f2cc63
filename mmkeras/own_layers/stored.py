"""A Keras layer <-> JSON, without its weights. What JSON names is never imported: a run folder may come from anyone.

Keras' own classes are found by Keras. Any other class or function must be known already: given to `mmkeras.train` in
this process, registered (`keras.saving.register_keras_serializable`, `custom_object_scope`), or a layer class of a
module that the user has imported.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import keras

from mmkeras.errors import InputError
from mmkeras.own_layers.sentences import first_sentence

KERAS: Final = ("keras", "keras_hub")
REFUSED: Final = ("Lambda", "__lambda__", "__typespec__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer")
"""Classes whose state is code, or a file elsewhere."""


@dataclass(frozen=True)
class Named:
    """A class, or a function, that JSON names. key: the name by which Keras looks for it among custom objects."""

    name: str
    module: str | None
    key: str
    is_function: bool


def to_json(layer: Any, what: str) -> dict[str, Any]:
    """A layer as JSON: Keras' serialisation of it. what: in an error message, such as `encoder: the layer for 'photo'`.

    Raises InputError for a layer that cannot be written as JSON, and one whose state is code.
    """
    lambdas = [part.name for part in layer._flatten_layers() if isinstance(part, keras.layers.Lambda)]
    if lambdas:
        raise InputError(
            f"{what} has the Lambda layer {lambdas[0]!r}, which stores Python code. Write a layer class, or give a "
            "function of keras.ops in place of the layer."
        )
    try:
        value = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    except Exception as error:  # get_config is the user's code
        raise InputError(
            f"{what} cannot be written as JSON ({first_sentence(error)}). A layer class of your own needs get_config, "
            "which returns the arguments of its __init__."
        ) from error
    value.pop("compile_config", None)
    for named in names_in(value):
        refuse_code(named, what)
    return dict(value)


def from_json(value: Any, known: Mapping[str, Any], what: str, name: str) -> Any:
    """A layer from `to_json`, with new weights, under another name. known: key of a Named -> its class or function.

    Raises InputError for a class that is not known, and a layer that cannot be rebuilt.
    """
    for named in names_in(value):
        refuse_code(named, what)
    custom = dict(known)
    config = {**value, "config": {**value["config"], "name": name}}
    try:
        layer = keras.saving.deserialize_keras_object(config, custom_objects=custom, safe_mode=True)
    except Exception as error:  # from_config is the user's code
        raise InputError(
            f"{what} cannot be rebuilt from its configuration ({first_sentence(error)}). A layer class of your own "
            "needs get_config, which returns the arguments of its __init__."
        ) from error
    if not isinstance(layer, keras.layers.Layer):
        raise InputError(f"{what} is rebuilt as {type(layer).__name__}, which is no Keras layer.")
    return layer


def names_in(value: Any) -> Iterator[Named]:
    """The classes and functions that serialised layers name."""
    if isinstance(value, list):
        for part in value:
            yield from names_in(part)
    if not isinstance(value, dict):
        return
    for part in value.values():
        yield from names_in(part)
    name, config = value.get("class_name"), value.get("config")
    if not isinstance(name, str) or "config" not in value:
        return
    module = value.get("module") if isinstance(value.get("module"), str) else None
    if name == "function" and isinstance(config, str):
        yield Named(config, module, config, True)
    else:
        yield Named(name, module, str(value.get("registered_name") or name), False)


def refuse_code(named: Named, what: str) -> None:
    """Raise InputError for a class whose state is code."""
    if named.name in REFUSED:
        raise InputError(f"{what} has a {named.name}, which stores code or a path. Write a layer class instead.")


def is_foreign(named: Named) -> bool:
    """Is it of the user, and not of Keras? Functions of Keras, such as activations, bear their bare names."""
    if named.name.startswith("__"):  # __tensor__, __slice__, …: values
        return False
    if named.is_function and named.module == "builtins":
        return not any(hasattr(part, named.name) for part in (keras.activations, keras.losses, keras.initializers))
    return (named.module or "").split(".")[0] not in KERAS


def given_objects(layer: Any, value: Any) -> dict[str, Any]:
    """The classes and functions of the user in a layer that was given: key -> object. value: its JSON."""
    classes = {type(part).__name__: type(part) for part in layer._flatten_layers()}
    found = {}
    for named in names_in(value):
        if is_foreign(named):
            own = None if named.is_function else classes.get(named.name)
            for module in () if own else (named.module, *{type(part).__module__ for part in layer._flatten_layers()}):
                own = own or getattr(sys.modules.get(module or ""), named.name, None)
            if own is not None:
                found[named.key] = own
    return found


def modules_of(objects: Iterable[Any]) -> dict[str, str]:
    """Name -> module of classes and functions, for the message to one who opens the run without them."""
    return {part.__name__: part.__module__ for part in objects}


def known_objects(
    value: Any, given: Mapping[str, Any], modules: Mapping[str, str], what: str, remedy: str
) -> dict[str, Any]:
    """The classes and functions of the user in serialised layers: key -> object. Nothing is imported.

    given: objects of this process by their keys. modules: name -> module, as written when the run was trained.
    remedy: what to do, with {module} in it. Raises InputError for one that is not known.
    """
    known = {}
    for named in names_in(value):
        if not is_foreign(named):
            continue
        module = named.module if named.module not in (None, "builtins") else modules.get(named.name)
        own = given.get(named.key) or keras.saving.get_registered_object(named.key) or _imported(named, module)
        if own is None:
            kind = "function" if named.is_function else "class"
            place = f" of the module {module}" if module else ""
            raise InputError(
                f"{what} has the {kind} {named.name}{place}, which is not loaded: a run imports no code by itself. "
                f"{remedy.format(module=module or 'its_module')}"
            )
        known[named.key] = own
    return known


def _imported(named: Named, module: str | None) -> Any:
    """A layer class of a module that the user has imported; None for anything else."""
    found = getattr(sys.modules.get(module or ""), named.name, None)
    is_layer = isinstance(found, type) and issubclass(found, keras.layers.Layer)
    return found if is_layer and not named.is_function and found.__module__ == module else None


def without_names(value: Any) -> Any:
    """Serialised layers with numbers in place of their names, to compare: Keras counts `dense_7` on in a process."""
    names: dict[str, str] = {}
    _collect_names(value, names)
    return _renamed(value, names)


def _collect_names(value: Any, names: dict[str, str]) -> None:
    parts: Iterable[Any] = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if isinstance(value, dict) and isinstance(value.get("name"), str):
        names.setdefault(value["name"], f"#{len(names)}")
    for part in parts:
        _collect_names(part, names)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value
