"""config.json <-> Config, or another command's options; unknown keys are errors that name the valid ones."""

from __future__ import annotations

import dataclasses
import difflib
import json
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mmkeras.config.config import Config
from mmkeras.errors import InputError
from mmkeras.system.json_files import read_json


def config_from_dict(values: dict[str, Any], source: str, kind: type[Any] = Config) -> Any:
    """Build a Config, or another command's options, from a JSON object.

    values: field name -> value; lists stand for tuples, and `target` may be a single string (null, no target, in runs
    of earlier versions). A field without a default may be absent: then a flag must give it.
    source: the origin of the values, for error messages.
    Raises InputError for an unknown key, listing the valid ones.
    """
    types = flag_types(kind)
    if isinstance(values.get("target", ()), str | None):
        values = {**values, "target": [values["target"]] if values["target"] else []}
    for key in values:
        if key not in types:
            near = difflib.get_close_matches(key, types, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{source}: unknown key {key!r}.{hint} Valid keys: {', '.join(types)}.")
        check_type(key, values[key], source, types[key])
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    if issubclass(kind, Config):
        return kind.of(**fields)
    required = [f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING]
    return kind(**{**dict.fromkeys(required, dataclasses.MISSING), **fields})


def flag_types(kind: type[Any], annotated: bool = False) -> dict[str, Any]:
    """Flag -> its type: of a Config, over all groups, or of another command's options.

    annotated: keep the annotations, which the command line reads.
    """
    hints = get_type_hints(kind, include_extras=annotated)
    if not issubclass(kind, Config):
        return hints
    groups = [get_type_hints(group, include_extras=annotated) for group in hints.values()]
    return {name: hint for group in groups for name, hint in group.items()}


def check_type(key: str, value: Any, source: str, kind: Any) -> None:
    """Raise InputError when a JSON value has another type than the field, or is not one of its choices."""
    choices = get_args(kind) or (kind,)
    if get_origin(kind) is tuple:
        valid = isinstance(value, list) and all(isinstance(item, str) for item in value)
        expected = "a list of strings"
    elif any(get_origin(part) is Literal for part in (kind, *choices)):
        words = [word for part in (kind, *choices) for word in get_args(part) if isinstance(word, str)]
        valid = (isinstance(value, str) and value in words) or (value is None and NoneType in choices)
        expected = "one of " + ", ".join(map(repr, dict.fromkeys(words)))
    else:
        # JSON writes 1 for 1.0, and Python counts True as an int
        valid = any(isinstance(value, t) or (t is float and isinstance(value, int)) for t in choices)
        valid = valid and (not isinstance(value, bool) or bool in choices)
        expected = " or ".join("null" if t is NoneType else t.__name__ for t in choices)
    if not valid:
        shown = json.dumps(value, ensure_ascii=False, default=lambda other: f"<{type(other).__name__}>")
        raise InputError(f"{source}: {key!r} is {shown}; expected {expected}.")


def read_config(path: str | Path, kind: type[Any] = Config) -> Any:
    """Read a Config, or another command's options, from a JSON file.

    Raises InputError when the file is absent or does not hold a JSON object.
    """
    if not Path(path).exists():
        raise InputError(f"{path}: there is no such config file.")
    values = read_json(Path(path), "Expected a JSON object of flags.")
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected a JSON object of flags, received a {type(values).__name__}.")
    return config_from_dict(values, str(path), kind)


def config_to_json(config: Config) -> str:
    """The Config as readable JSON, every field present."""
    return json.dumps(config.flat(), indent=2, ensure_ascii=False) + "\n"
