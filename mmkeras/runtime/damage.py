"""Is a single artefact as it was exported? It carries its own digest, since it may stand alone on another machine.

A runtime that maps a damaged flatbuffer crashes, and one that reads a changed weight answers with another label; so the
digest is compared before the runtime opens the file. Artefacts of earlier releases carry none and are opened as before.
Each function returns '' or what is wrong, as the end of a sentence.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Final

from mmkeras.errors import InputError
from mmkeras.system.contained import contained
from mmkeras.system.digests import SEAL, bytes_digest, changed_files, digests_of, file_digest
from mmkeras.system.json_files import check_shape, parse_json, read_object

CONTRACT, LABELS, DIGESTS = "signature.json", "labels.txt", "sha256.json"
MODEL: Final = "model"
"""Key of the flatbuffer in DIGESTS: all bytes before the zip."""
MOST_BYTES: Final = 2**26
"""Of a file inside a .tflite: a contract with a hundred thousand labels takes a few megabytes."""
EXTRA: Final = "assets.extra"
"""The folder of a SavedModel for files that are not the model's; TensorFlow leaves it alone."""
CHANGED: Final = "is not as it was exported. Copy the file again, or export again."


def read_zip(path: Path) -> tuple[dict[str, bytes], int]:
    """The files behind a .tflite model, and the number of bytes before them.

    Raises InputError for files that are not ours or too large, and what zipfile raises for a damaged zip.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        names = sorted(info.filename for info in members)
        expected = sorted({CONTRACT, LABELS, *({DIGESTS} & set(names))})
        if names != expected:
            raise InputError(f"{path}: it holds the files {names[:5]}; expected {', '.join(expected)}.")
        contents = {}
        for info in members:
            with archive.open(info) as file:
                contents[info.filename] = file.read(MOST_BYTES + 1)
            if len(contents[info.filename]) > MOST_BYTES:
                raise InputError(f"{path}: its {info.filename} is longer than {MOST_BYTES:,} bytes.")
        return contents, min(info.header_offset for info in members)


def digests_behind(model: bytes, contents: dict[str, bytes]) -> bytes:
    """DIGESTS of a .tflite file: of the model and of the other files behind it."""
    digests = {MODEL: bytes_digest(model), **{name: bytes_digest(content) for name, content in contents.items()}}
    return json.dumps(digests, indent=2).encode()


def damage_of_tflite(path: Path) -> str:
    """Compare the model and the files behind it with the digests behind it."""
    contents, start = read_zip(path)
    if DIGESTS not in contents:
        return ""
    digests = parse_json(contents.pop(DIGESTS), f"{path}: {DIGESTS}")
    check_shape(digests, {"*": str}, f"{path}: {DIGESTS}")
    found = {MODEL: file_digest(path, start), **{name: bytes_digest(content) for name, content in contents.items()}}
    changed = [name for name in found if found[name] != digests.get(name)]
    return f"its {' and its '.join(changed)} {CHANGED}" if changed else ""


def _entry(digest: str) -> bytes:
    """The digest as an entry of `metadata_props`, field 14 of an ONNX ModelProto: key, field 1, and value, field 2.

    Protocol buffers may be joined: an entry at the end of the file is one of the model's.
    """
    key, value = SEAL.encode(), digest.encode()
    inner = bytes([0x0A, len(key)]) + key + bytes([0x12, len(value)]) + value
    return bytes([0x72, len(inner)]) + inner


def write_with_digest(model: bytes, path: Path) -> None:
    """Write an ONNX file's bytes with their digest at the end."""
    with path.open("wb") as file:
        file.write(model)
        file.write(_entry(bytes_digest(model)))


def damage_of_onnx(path: Path) -> str:
    """Compare the bytes of an .onnx file with the digest at its end."""
    length = len(_entry("0" * 64))
    n_bytes = path.stat().st_size - length
    with path.open("rb") as file:
        start = file.seek(max(0, n_bytes))
        tail = file.read()
    if start != n_bytes or not tail.startswith(_entry("0" * 64)[:-64]):
        return ""
    return "" if tail == _entry(file_digest(path, n_bytes)) else f"the file {CHANGED}"


def write_saved_model_digests(path: Path) -> None:
    """Write the digests of all files of a SavedModel into its assets.extra."""
    digests = digests_of(path, [path])
    (path / EXTRA).mkdir()
    (path / EXTRA / DIGESTS).write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")


def damage_of_saved_model(path: Path) -> str:
    """Compare the files of a SavedModel with their digests; files that were added to it are left alone."""
    place = path / EXTRA / DIGESTS
    if not place.exists():
        return ""
    digests = read_object(place)
    check_shape(digests, {"*": str}, place)
    absent = [name for name in digests if not contained(path, name, place).is_file()]
    changed = changed_files(path, digests, place) + absent
    return f"its {' and its '.join(changed[:3])} {CHANGED}" if changed else ""
