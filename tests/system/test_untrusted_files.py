"""JSON and .npz files that others may have written; paths that they name; digests that tell a changed file."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmkeras.errors import InputError
from mmkeras.system.arrays import reading_arrays
from mmkeras.system.contained import can_be_changed, check_plain, contained
from mmkeras.system.digests import bytes_digest, changed_files, digests_of, file_digest, is_intact, sealed
from mmkeras.system.json_files import NUMBER, check_shape, parse_json, read_object, whole

# JSON


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested more than 64 deep"),
        ("[" * 65 + "]" * 65, "nested more than 64 deep"),
        ('{"a":' * 70 + "1" + "}" * 70, "nested more than 64 deep"),
        ("9" * 400, "the number 99999999… has 400 digits"),
        ('{"a": [1, -1234567890123456789]}', "has 20 digits"),
        ("{", "Expecting property name"),
        ("", "Expecting value"),
        ('{"a": "\\ud83d"}', "it has half a character"),
        ('{"\\uDE00": 1}', "it has half a character"),
    ],
)
def test_json_that_cannot_be_read_is_a_sentence(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=f"^a.json: it cannot be read as JSON .*{reason}"):
        parse_json(text, "a.json")
    with pytest.raises(InputError, match="Export again.$"):
        parse_json(text.encode(), "a.json", "Export again.")


def test_json_of_the_usual_depth_is_read() -> None:
    text = "[" * 64 + "]" * 64
    assert parse_json(text, "a.json") == json.loads(text)
    assert parse_json(b'{"a": 123456789012345678, "b": 1.5e300}', "a.json") == {"a": 123456789012345678, "b": 1.5e300}


def test_json_of_an_editor_is_read() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le"):
        assert parse_json('{"a": "é😀"}'.encode(encoding), "a.json") == {"a": "é😀"}
    assert parse_json(b'{"a": "\\ud83d\\ude00"}', "a.json") == {"a": "😀"}
    with pytest.raises(InputError, match="a.json: it cannot be read as JSON"):
        parse_json('"\ud83d"'.encode("utf-8", "surrogatepass"), "a.json")


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "e" / "inside"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text("{}")
    (folder / "nowhere").symlink_to("absent")
    check_plain(tmp_path / "e")
    check_plain(folder / "a.json")
    (folder / "b.json").symlink_to("/dev/zero")
    with pytest.raises(InputError, match="b.json: expected a plain file"):
        check_plain(tmp_path / "e")
    (folder / "b.json").unlink()
    os.mkfifo(folder / "c.json")
    for read in (lambda: check_plain(tmp_path / "e"), lambda: read_object(folder / "c.json")):
        with pytest.raises(InputError, match="c.json: expected a plain file, received a pipe"):
            read()


def test_a_file_that_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(InputError, match="a.json: the file is a list; expected an object."):
        read_object(tmp_path / "a.json")
    with pytest.raises(InputError, match="b: the file cannot be read"):
        read_object(tmp_path / "a.json" / "b")
    (tmp_path / "b.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(InputError, match="b.json: it cannot be read as JSON"):
        read_object(tmp_path / "b.json")


SHAPE = {"name": str, "sizes": [whole(1, 9)], "more?": bool, "by": {"*": NUMBER}, "either": (str, [int])}
GOOD = {"name": "a", "sizes": [1, 9], "by": {"x": 1, "y": 2.5}, "either": [3], "unknown": object}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": None}, "name is null; expected a string."),
        ({"name": 3}, "name is a whole number, 3; expected a string."),
        ({"sizes": {}}, "sizes is an object; expected a list."),
        ({"sizes": [1, 10]}, "sizes[1] is a whole number, 10; expected a whole number from 1 to 9."),
        ({"sizes": [True]}, "sizes[0] is true or false, True; expected a whole number from 1 to 9."),
        ({"more": 1}, "more is a whole number, 1; expected true or false."),
        ({"by": {"x": float("nan")}}, "by.x is a number, nan; expected a finite number."),
        ({"by": []}, "by is a list; expected an object."),
        ({"either": 3}, "either is a whole number, 3; expected a string."),
    ],
)
def test_the_place_of_a_value_of_another_shape_is_named(changed: dict[str, Any], message: str) -> None:
    check_shape(GOOD, SHAPE, "f")
    with pytest.raises(InputError) as raised:
        check_shape({**GOOD, **changed}, SHAPE, "f")
    assert str(raised.value) == f"f: {message}"


def test_an_absent_key_is_named() -> None:
    with pytest.raises(InputError, match="^f: x.name is absent. Mend it.$"):
        check_shape({"x": {}}, {"x": {"name": str}}, "f", "Mend it.")


# paths


def test_paths_inside_a_folder(tmp_path: Path) -> None:
    assert contained(tmp_path, "a/b.tflite", "s") == tmp_path / "a" / "b.tflite"
    assert contained(tmp_path, "./a..b", "s") == tmp_path / "a..b"


@pytest.mark.parametrize("place", ["..", "../a", "a/../b", "/a", "", ".", None, 1, ["a"], "a\\..\\b", "C:/a", "a\0b"])
def test_other_paths_are_refused(place: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="^s: it names the path .*; expected a path inside"):
        contained(tmp_path, place, "s")


def test_links_that_lead_out(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "out").symlink_to(tmp_path)
    (tmp_path / "in" / "here").symlink_to(tmp_path / "in")
    assert not can_be_changed(tmp_path / "in", tmp_path / "in" / "out" / "a")
    assert can_be_changed(tmp_path / "in", tmp_path / "in" / "out"), "the link itself"
    assert can_be_changed(tmp_path / "in", tmp_path / "in" / "here" / "a")


# digests


def test_a_sealed_object_tells_any_change() -> None:
    value = sealed({"b": [1, 2], "a": {"c": "é"}})
    assert is_intact(json.loads(json.dumps(value, indent=4)))
    assert is_intact({"a": 1}), "written before there were seals"
    assert sealed(value) == value
    for changed in ({"b": [2, 1]}, {"a": {}}, {"more": None}, {"sha256": 1}, {"sha256": None}):
        assert not is_intact({**value, **changed})


def test_digests_of_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"one")
    (tmp_path / "c").write_bytes(b"two")
    digests = digests_of(tmp_path, [tmp_path / "a", tmp_path / "c"])
    assert digests == {"a/b": bytes_digest(b"one"), "c": bytes_digest(b"two")}
    assert file_digest(tmp_path / "c", 2) == bytes_digest(b"tw")
    assert changed_files(tmp_path, digests, "s") == []
    (tmp_path / "c").write_bytes(b"too")
    (tmp_path / "a" / "b").unlink()
    assert changed_files(tmp_path, digests, "s") == ["c"], "an absent file has not changed"
    with pytest.raises(InputError):
        changed_files(tmp_path, {"../x": ""}, "s")


# arrays


def write_npz(path: Path, header: str, data: bytes = b"") -> Path:
    text = header.ljust(117) + "\n"
    member = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode() + data
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", member)
    return path


@pytest.mark.parametrize("shape", ["(1000000000000,)", "(10000000, 10000000)", "(-1,)", "(9223372036854775808,)"])
@pytest.mark.parametrize("data", [b"", bytes(64)])
def test_a_header_that_claims_more_than_the_file_takes_no_memory(shape: str, data: bytes, tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}", data)
    with pytest.raises(InputError, match="a.npz: the file is damaged"), reading_arrays(path, "Again."):
        pass


@pytest.mark.parametrize("dtype", ["|O", "|V8", "<M8[s]", "<c16", "nonsense"])
def test_arrays_of_objects_are_refused(dtype: str, tmp_path: Path) -> None:
    path = write_npz(tmp_path / "a.npz", f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': (1,), }}", bytes(8))
    with pytest.raises(InputError, match="a.npz: the file is damaged"), reading_arrays(path, "Again."):
        pass


def test_more_bytes_than_are_expected_are_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(2**20))
    with pytest.raises(InputError, match="its arrays claim 8,388,"), reading_arrays(path, "Again.", most=2**20):
        pass


def test_arrays_are_read_as_numpy_does(tmp_path: Path) -> None:
    arrays = {
        "c": np.arange(6.0).reshape(2, 3),
        "f": np.asfortranarray(np.arange(6, dtype="int32").reshape(2, 3)),
        "empty": np.zeros((0, 3), "float32"),
        "scalar": np.array(7),
        "text": np.array("é中"),
        "bools": np.array([True, False]),
    }
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    with reading_arrays(tmp_path / "a.npz", "Again.") as data:
        assert data.keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(data[name], array)
            assert (data[name].dtype, data[name].shape) == (array.dtype, array.shape)


def test_errors_in_the_block_name_the_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.zeros(2))
    for error in (KeyError("b"), TypeError("x"), IndexError("y")):
        with (
            pytest.raises(InputError, match=r"a.npz: the file is damaged .* Again\."),
            reading_arrays(tmp_path / "a.npz", "Again."),
        ):
            raise error
    file = io.BytesIO()
    np.savez(file, a=np.zeros(2))
    (tmp_path / "b.npz").write_bytes(file.getvalue()[:-30])
    with pytest.raises(InputError, match="b.npz: the file is damaged"), reading_arrays(tmp_path / "b.npz", "Again."):
        pass
