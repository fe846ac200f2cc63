"""Cells -> bytes: the paths that are read, those that are refused, and the messages."""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmkeras.errors import BadCell
from mmkeras.modalities.media.paths import read_media

DATA = bytes(range(256))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A media folder, with a file beside it that nobody may read from here."""
    folder = tmp_path / "media"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.bin").write_bytes(DATA)
    (folder / "deep" / "b.bin").write_bytes(b"deep")
    (folder / "höhe 中.bin").write_bytes(b"named")
    (folder / "empty.bin").write_bytes(b"")
    (tmp_path / "secret.bin").write_bytes(b"secret")
    return folder


def read(cell: str, root: Path, allow_outside: bool = False, max_bytes: int = 1000) -> bytes:
    return read_media(cell, root, allow_outside, max_bytes)


@pytest.mark.parametrize(
    ("cell", "data"),
    [
        ("a.bin", DATA),
        (" a.bin\n", DATA),
        ("deep/b.bin", b"deep"),
        ("deep\\b.bin", b"deep"),
        ("./deep/../a.bin", DATA),
        ("../media/a.bin", DATA),
        ("höhe 中.bin", b"named"),
    ],
)
def test_a_path_below_the_root(cell: str, data: bytes, root: Path) -> None:
    assert read(cell, root) == data


def test_an_absolute_path_below_the_root(root: Path) -> None:
    assert read(str(root / "a.bin"), root) == DATA


def test_the_root_may_be_relative_and_a_link(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(root)
    assert read("a.bin", Path("media")) == DATA
    assert read("a.bin", Path("link")) == DATA
    assert read(str(root / "a.bin"), Path("link")) == DATA


@pytest.mark.parametrize("cell", ["../secret.bin", "deep/../../secret.bin", "..\\secret.bin", "/etc/hostname"])
def test_a_path_outside_the_root(cell: str, root: Path) -> None:
    with pytest.raises(BadCell, match=r"lies outside .*media\. .*--media-root.*--allow-outside"):
        read(cell, root)


def test_a_link_out_of_the_root(root: Path, tmp_path: Path) -> None:
    (root / "file").symlink_to(tmp_path / "secret.bin")
    (root / "folder").symlink_to(tmp_path)
    for cell in ("file", "folder/secret.bin"):
        with pytest.raises(BadCell, match=r"lies outside"):
            read(cell, root)
        assert read(cell, root, allow_outside=True) == b"secret"


def test_a_folder_whose_name_begins_with_the_root_s(root: Path) -> None:
    other = root.with_name("media2")
    other.mkdir()
    (other / "c.bin").write_bytes(b"c")
    with pytest.raises(BadCell, match=r"lies outside"):
        read("../media2/c.bin", root)


def test_outside_where_it_is_allowed(root: Path, tmp_path: Path) -> None:
    for cell in ("../secret.bin", str(tmp_path / "secret.bin")):
        assert read(cell, root, allow_outside=True) == b"secret"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("", r"the cell is empty"),
        ("   ", r"the cell is empty"),
        ("gone.jpg", r"there is no file .*media/gone\.jpg\. Paths start at the CSV's folder, or at --media-root"),
        ("a.bin/x.jpg", r"there is no file .*media/a\.bin/x\.jpg"),
        ("deep", r"media/deep is a folder; expected a file"),
        ("empty.bin", r"media/empty\.bin is empty \(0 bytes\)"),
        ("nul\0.bin", r"is no path: "),
        ("\ud800.bin", r"is no path: "),
        ("x" * 5000, r"x{150}… \(5,000 characters\) cannot be read: File name too long"),
        ("https://example.com/a.jpg", r"is a web address; nothing is downloaded"),
        ("file:///a.jpg", r"is a web address"),
    ],
)
def test_what_cannot_be_read(cell: str, words: str, root: Path) -> None:
    with pytest.raises(BadCell, match=words):
        read(cell, root)


def test_links_in_a_circle(root: Path) -> None:
    (root / "one").symlink_to(root / "two")
    (root / "two").symlink_to(root / "one")
    with pytest.raises(BadCell, match=r"one"):
        read("one", root)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(root: Path) -> None:
    (root / "a.bin").chmod(0)
    with pytest.raises(BadCell, match=r"a\.bin cannot be read: Permission denied"):
        read("a.bin", root)


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe")
    with pytest.raises(BadCell, match=r"no ordinary file"):
        read("pipe", root)


def test_a_device_is_not_read_to_its_end(root: Path) -> None:
    with pytest.raises(BadCell, match=r"no ordinary file"):
        read("/dev/zero", root, allow_outside=True)


def test_too_large(root: Path) -> None:
    assert read("a.bin", root, max_bytes=256) == DATA
    with pytest.raises(BadCell, match=r"a\.bin has 256 bytes; at most 255 bytes are read"):
        read("a.bin", root, max_bytes=255)
    with (root / "sparse").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(BadCell, match=r"sparse has 1,000,000\.0 MB; at most 20\.0 MB are read"):
        read("sparse", root, max_bytes=20 * 10**6)


@pytest.mark.parametrize(
    "cell",
    [
        "data:image/png;base64," + base64.b64encode(DATA).decode(),
        "DATA:image/png;charset=x;BASE64," + base64.b64encode(DATA).decode(),
        "data:;base64," + base64.urlsafe_b64encode(DATA).decode().rstrip("="),
        "data:;base64," + base64.encodebytes(DATA).decode(),
        "data:;base64," + base64.b64encode(DATA).decode().replace("+", "%2B").replace("=", "%3d"),
        "data:," + "".join(f"%{byte:02x}" for byte in DATA),
    ],
)
def test_data_uris(cell: str, root: Path) -> None:
    assert read(cell, root) == DATA


def test_a_data_uri_of_plain_text(root: Path) -> None:
    assert read("data:text/plain,one,two%20%C3%A9é", root) == "one,two éé".encode()


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("data:image/png;base64", r"damaged data URI 'data:image/png;base64': it has no comma"),
        ("data:image/png;base64,", r"holds no data"),
        ("data:,", r"holds no data"),
        ("data:;base64,=", r"holds no data"),
        ("data:;base64,ab!d", r"damaged data URI: character 3 of its base64 is '!'"),
        ("data:;base64,ab=d", r"damaged data URI: character 3 of its base64 is '='"),
        ("data:;base64,abcde", r"its base64 is cut short"),
        ("data:;base64," + "A" * 2000, r"the data URI has 1,500 bytes; at most 1,000 bytes are read"),
        ("data:," + "A" * 2000, r"the data URI has 2,000 bytes; at most 1,000 bytes"),
        ("data:," + "A" * 10**6, r"the data URI has 333,333 bytes; at most 1,000 bytes"),
    ],
)
def test_damaged_data_uris(cell: str, words: str, root: Path) -> None:
    with pytest.raises(BadCell, match=words) as caught:
        read(cell, root)
    assert len(str(caught.value)) < 500


@given(st.binary(min_size=1, max_size=50))
def test_every_data_uri_comes_back(data: bytes) -> None:
    assert read("data:;base64," + base64.b64encode(data).decode(), Path()) == data


@given(st.text(st.characters(), max_size=30))
def test_any_cell_is_read_or_refused(cell: str) -> None:
    for text in (cell, f"data:{cell}", f"data:;base64,{cell}"):
        with contextlib.suppress(BadCell):
            assert read(text, Path(__file__).parent / "nowhere")
