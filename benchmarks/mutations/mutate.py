"""Seeded mutations of a file's content: bytes, JSON values, arrays of an .npz, and the zip behind a .tflite model."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

Mutation = Callable[[bytes, random.Random], bytes]
DEEP = 3000  # levels of nested lists
HOLE = "@@hole@@"  # stands for a text that is no JSON value of Python's


def of_bytes(content: bytes, rng: random.Random) -> bytes:
    """Flip, cut, repeat, insert, zero or replace some bytes."""
    n = len(content)
    at, length = rng.randrange(n), rng.randint(1, 64)
    kind = rng.randrange(8)
    if kind <= 2:
        changed = bytearray(content)
        for _ in range(rng.randint(1, 8)):
            changed[rng.randrange(n)] ^= 1 << rng.randrange(8)
        return bytes(changed)
    if kind == 3:
        return content[:at]
    if kind == 4:
        return content[:at] + bytes(length) + content[at + length :]
    if kind == 5:
        return content[:at] + rng.randbytes(length) + content[at:]
    if kind == 6:
        return content[:at] + content[at + length :]
    return rng.choice([b"", b"\0" * 64, content[n // 2 :], content + content, rng.randbytes(min(n, 4096))])


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, part in items for place in ((*path, key), *_places(part, (*path, key)))]


def _another(value: Any, rng: random.Random) -> Any:
    """A value of another shape or size, or the same list in another order."""
    others: list[Any] = [None, [], {}, "", "x" * 5000, "../victim", "/etc/passwd", True, False, 0, -1, 2**31, 2**70]
    others += [1e308, float("nan"), float("inf"), [value], {"a": value}, [[]], [None], "\0", "é中", f"{HOLE}digits"]
    others += [f"{HOLE}deep", f"{HOLE}objects", f"{HOLE}half", list(range(500))]
    if isinstance(value, int | float) and not isinstance(value, bool):
        others += [value * 10**6, value + 1, -value, str(value), value * 10**12] * 3
    if isinstance(value, list) and len(value) > 1:
        others += [value[::-1], value[1:], value * 2, value[:1] * len(value)] * 3
    if isinstance(value, str):
        others += [value + "x", value[:-1], value.upper(), [value]] * 2
    return rng.choice(others)


def of_value(value: Any, rng: random.Random) -> str:
    """A JSON text of the value with one to three of its parts replaced, removed, renamed or exchanged."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        places = _places(value)
        if not places or rng.random() < 0.02:
            value = _another(value, rng)
            continue
        *way, key = rng.choice(places)
        holder = value
        for step in way:
            holder = holder[step]
        action = rng.randrange(6)
        if action == 0:
            del holder[key]
        elif action == 1 and isinstance(holder, dict):
            holder[f"{key}x"] = holder.pop(key)
        elif action == 2:
            *other_way, other = rng.choice(places)
            source = value
            for step in other_way:
                source = source[step]
            holder[key] = copy.deepcopy(source[other])
        else:
            holder[key] = _another(holder[key], rng)
    text = json.dumps(value, ensure_ascii=False)
    text = text.replace(f'"{HOLE}digits"', "9" * 400).replace(f'"{HOLE}deep"', "[" * DEEP + "]" * DEEP)
    text = text.replace(f"{HOLE}half", "\\ud83d")  # half a character, as JavaScript cuts a text
    return text.replace(f'"{HOLE}objects"', '{"a":' * DEEP + "1" + "}" * DEEP)


def of_json(content: bytes, rng: random.Random) -> bytes:
    """Three of four times the values, else the bytes."""
    if rng.random() < 0.25:
        return of_bytes(content, rng)
    text = of_value(json.loads(content), rng)
    if text.startswith("{") and rng.random() < 0.1:  # a key twice: the last one counts
        key, part = rng.choice(sorted(json.loads(content).items()))
        text = f"{text[:-1]}, {json.dumps(key)}: {of_value(part, rng)}}}"
    return text.encode(rng.choice(["utf-8"] * 8 + ["utf-8-sig", "utf-16"]), "surrogatepass")


def of_arrays(content: bytes, rng: random.Random) -> bytes:
    """An .npz with another header, other values, or without an array; or its bytes."""
    if rng.random() < 0.3:
        return of_bytes(content, rng)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    kind = rng.randrange(7)
    if kind == 0:
        del members[name]
    elif kind == 1:
        members[name] = members[rng.choice(sorted(members))]
    elif kind in (2, 3):
        dtype = rng.choice(["<f4", "<f8", "<i8", "|u1", "|O", "<U100", "|V8", "<M8[s]", "<c16"])
        shape = rng.choice([(10**12,), (10**6, 10**6), (-1,), (2**63,), (), (0, 10**12), (7,), (3, 2, 1)])
        members[name] = _header(dtype, shape) + members[name][128:]
    elif kind == 4:
        array = np.load(io.BytesIO(members[name]))
        if array.dtype.kind == "f" and array.size:
            array = array.copy()
            array.flat[rng.randrange(array.size)] = rng.choice([np.nan, np.inf, 1e30])
        members[name] = _saved(array[::-1] if array.ndim and array.dtype.kind != "f" else array)
    elif kind == 5:
        array = np.load(io.BytesIO(members[name]))
        members[name] = _saved(array[: len(array) // 2] if array.ndim else array)
    else:
        members[name] = of_bytes(members[name], rng)
    return _zipped(members)


def of_bomb(content: bytes, rng: random.Random) -> bytes:
    """An .npz of which one array unpacks to much more than the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[rng.choice(sorted(members))] = _header("<f4", (2**24,)) + bytes(2**26)
    return _zipped(members)


def _header(dtype: str, shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def _saved(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _zipped(members: dict[str, bytes], start: bytes = b"") -> bytes:
    file = io.BytesIO(start)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, part in members.items():
            archive.writestr(name, part)
    return file.getvalue()


def of_contract(content: bytes, rng: random.Random) -> bytes:
    """A .tflite whose contract or labels behind the model are changed; the digests stay as they were."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
        start = min(info.header_offset for info in archive.infolist())
    name = rng.choice(["signature.json"] * 4 + sorted(members))
    change = of_json if name.endswith(".json") else of_bytes
    members[name] = change(members[name], rng)
    return _zipped(members, content[:start])


def of_old_contract(content: bytes, rng: random.Random) -> bytes:
    """As `of_contract`, of a file that an earlier release wrote: without digests."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if name != "sha256.json"}
        start = min(info.header_offset for info in archive.infolist())
    members["signature.json"] = of_json(members["signature.json"], rng)
    return _zipped(members, content[:start])


def of_old_onnx(content: bytes, rng: random.Random) -> bytes:
    """An .onnx file of an earlier release, without its digest, with another contract in its metadata."""
    import onnx

    model = onnx.load_from_string(content)
    properties = {entry.key: entry.value for entry in model.metadata_props if entry.key != "sha256"}
    properties["signature"] = of_value(json.loads(properties["signature"]), rng)
    onnx.helper.set_model_props(model, properties)
    return bytes(model.SerializeToString())


def without_seal(mutation: Mutation) -> Mutation:
    """The mutation of a sealed JSON file as an earlier release wrote it: without its seal and digests."""

    def mutate(content: bytes, rng: random.Random) -> bytes:
        value = json.loads(content)
        old = {key: part for key, part in value.items() if key not in ("sha256", "files")}
        return mutation(json.dumps(old).encode(), rng)

    return mutate
