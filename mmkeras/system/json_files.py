"""JSON that others may have written: its size, its depth and its numbers are bounded, and its shape is checked."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mmkeras.errors import InputError
from mmkeras.system.contained import check_plain

MOST_BYTES: Final = 2**28
"""Of a file: the token table of a large vocabulary takes a few megabytes, references of a large table tens of them."""
MOST_DEPTH: Final = 64
"""Levels of objects and lists: our files have fewer than ten, and the architecture of a preset about twenty."""
MOST_DIGITS: Final = 18
"""Of a whole number: all such numbers fit into 64 bits."""
HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape of half a character above U+FFFF. Two make one; a single one is no character, and no file can have it."""
WORDS: Final = {dict: "an object", list: "a list", str: "a string", int: "a whole number", float: "a number"} | {
    bool: "true or false",
    type(None): "null",
}


def read_json(path: Path, remedy: str = "") -> Any:
    """The value in a JSON file. Raises InputError, which ends with `remedy`, where the file is absent or damaged."""
    check_plain(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror or error}). {remedy}".strip()) from None
    return parse_json(content, path, remedy)


def read_object(path: Path, remedy: str = "") -> dict[str, Any]:
    """The object in a JSON file. Raises InputError as `read_json` does, and where the value is no object."""
    value = read_json(path, remedy)
    check_shape(value, dict, path, remedy)
    return dict(value)


def parse_json(content: bytes | str, source: str | Path, remedy: str = "") -> Any:
    """The value of a JSON text. source: where it stands, for the message.

    Raises InputError for a text that is no JSON, has half a character, is longer than MOST_BYTES or deeper than
    MOST_DEPTH, or has a whole number of more than MOST_DIGITS digits.
    """
    reason = f"it is longer than {MOST_BYTES:,} bytes" if len(content) > MOST_BYTES else ""
    try:
        if isinstance(content, bytes) and not reason:
            content = content.decode(json.detect_encoding(content))  # UTF-8, or the UTF-16 and BOM of an editor
        value = None if reason else json.loads(content, parse_int=_whole_number)
        if _deeper_than(value, MOST_DEPTH):
            reason = f"its objects and lists are nested more than {MOST_DEPTH} deep"
        elif isinstance(content, str) and HALF.search(content):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        reason = f"it has half a character, {error.object[error.start]!r}"
    except RecursionError:
        reason = f"its objects and lists are nested more than {MOST_DEPTH} deep"
    except ValueError as error:
        reason = str(error)
    if reason:
        raise InputError(f"{source}: it cannot be read as JSON ({reason}). {remedy}".strip())
    return value


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"the number {digits[:8]}… has {len(digits)} digits")
    return int(digits)


def _deeper_than(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        parts: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                parts += item.values()
            elif isinstance(item, list):
                parts += item
        level = [part for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return True


@dataclass(frozen=True)
class Expected:
    """A value that passes a test. words: what it is, for the message."""

    words: str
    test: Callable[[Any], bool]


def whole(low: int, high: int) -> Expected:
    """A whole number from `low` to `high`."""
    return Expected(f"a whole number from {low:,} to {high:,}", lambda v: type(v) is int and low <= v <= high)


NUMBER = Expected("a finite number", lambda v: type(v) in (int, float) and math.isfinite(v))


def check_shape(value: Any, shape: Any, source: str | Path, remedy: str = "", place: str = "") -> None:
    """Raise InputError, which names the place, where a JSON value has another shape than expected.

    shape: a type; an `Expected`; a list of one shape, that of each item; a tuple of shapes, one of which fits; or a
    dict of keys with their shapes. A key that ends with `?` may be absent, `*` stands for all keys that are not listed;
    without it they may have any value. place: of the value in the file, `graphs.predict.inputs[0]`.
    """
    if isinstance(shape, tuple):
        return _check_one_of(value, shape, source, remedy, place)
    if isinstance(shape, Expected):
        if not shape.test(value):
            raise _unexpected(value, shape.words, source, remedy, place)
        return None
    kind = type(shape) if isinstance(shape, dict | list) else shape
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise _unexpected(value, WORDS[kind], source, remedy, place)
    if isinstance(shape, list) and isinstance(value, list):
        for k, item in enumerate(value):
            check_shape(item, shape[0], source, remedy, f"{place}[{k}]")
    elif isinstance(shape, dict):
        _check_object(value, shape, source, remedy, place)
    return None


def _check_object(value: Any, shape: dict[str, Any], source: str | Path, remedy: str, place: str) -> None:
    prefix = f"{place}." if place else ""
    for key, expected in shape.items():
        name = key.removesuffix("?")
        if key != "*" and name in value:
            check_shape(value[name], expected, source, remedy, prefix + name)
        elif key == name and key != "*":
            raise InputError(f"{source}: {prefix}{name} is absent. {remedy}".strip())
    if "*" in shape:
        listed = {key.removesuffix("?") for key in shape}
        for name in value.keys() - listed:
            check_shape(value[name], shape["*"], source, remedy, prefix + name)


def _check_one_of(value: Any, shapes: tuple[Any, ...], source: str | Path, remedy: str, place: str) -> None:
    errors: list[InputError] = []
    for shape in shapes:
        try:
            return check_shape(value, shape, source, remedy, place)
        except InputError as error:
            errors.append(error)
    raise errors[0]


def _unexpected(value: Any, words: str, source: str | Path, remedy: str, place: str) -> InputError:
    received = WORDS.get(type(value), "another value")
    if not isinstance(value, dict | list | None):
        received = f"{received}, {str(value)[:40]!r}" if isinstance(value, str) else f"{received}, {value}"
    return InputError(f"{source}: {place or 'the file'} is {received}; expected {words}. {remedy}".strip())
