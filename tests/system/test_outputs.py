"""Devices, pipes, sockets and links are neither replaced nor written through."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from mmkeras.errors import InputError
from mmkeras.system.files import write_atomically, write_csv
from mmkeras.system.outputs import output_file, refuse_links_inside, refuse_special


def make_special(kind: str, folder: Path) -> Path:
    """Something that is no plain file, in a folder; `device` is the machine's own."""
    path = folder / "out.csv"
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "socket":
            with contextlib.chdir(folder), socket.socket(socket.AF_UNIX) as sock:
                sock.bind(path.name)  # a short name: sockets allow 108 bytes
        case "link to a file":
            (folder / "mine.txt").write_text("mine")
            path.symlink_to("mine.txt")
        case "link to a folder":
            (folder / "folder").mkdir()
            path.symlink_to("folder")
        case "link to nothing":
            path.symlink_to("nothing")
        case "device":
            return Path("/dev/null")
    return path


KINDS = ("fifo", "socket", "link to a file", "link to a folder", "link to nothing", "device")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_file_stays(kind: str, tmp_path: Path) -> None:
    path = make_special(kind, tmp_path)
    before, names = path.lstat(), sorted(os.listdir(tmp_path))
    word = {"fifo": "a named pipe", "socket": "a socket", "device": "a device"}.get(kind, "a symbolic link (to ")
    for overwrite in (False, True):
        with pytest.raises(InputError, match="neither|never") as refused, output_file(str(path), overwrite):
            pytest.fail("it was opened")
        assert word in str(refused.value)
    with pytest.raises(InputError):
        write_atomically(path, "text") if kind != "device" else refuse_special(path)
    after = path.lstat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    assert sorted(os.listdir(tmp_path)) == names
    if kind == "link to a file":
        assert (tmp_path / "mine.txt").read_text() == "mine"


def test_what_a_command_reads_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("mine")
    os.link(tmp_path / "in.csv", tmp_path / "same.csv")
    for name in ("in.csv", "same.csv"):
        path = tmp_path / name
        with (
            pytest.raises(InputError, match="this command reads it"),
            output_file(str(path), True, [tmp_path / "absent", tmp_path / "in.csv"]),
        ):
            pass
    assert (tmp_path / "in.csv").read_text() == "mine"
    with output_file(str(tmp_path / "out.csv"), True, [tmp_path / "in.csv"]) as output:
        assert output == tmp_path / "out.csv"


def test_folders_above_may_be_links(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to("disk")
    with output_file(str(tmp_path / "link/p.csv"), False) as output:
        write_csv(output, [["a"]], new=True)
    assert (tmp_path / "disk/p.csv").read_text() == "a\n"


def test_a_link_that_comes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with output_file(str(tmp_path / "p.csv"), True) as output:
        (tmp_path / "p.csv").symlink_to("mine.txt")
        with pytest.raises(InputError, match="symbolic link"):
            write_csv(output, [["a"]])
    assert (tmp_path / "p.csv").is_symlink()
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["mine.txt", "p.csv"]


def test_a_link_in_a_folder_that_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "run/state").mkdir(parents=True)
    (tmp_path / "run/state/body.npz").symlink_to(tmp_path / "mine.npz")
    with pytest.raises(InputError, match="state/body.npz: it is a symbolic link"):
        refuse_links_inside(tmp_path / "run")


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_has_the_table_alone(name: str) -> None:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), output_file(name, False) as output:
        print("a line of the log")
        write_csv(output, [["á", "1\r\n2"]])
    assert out.getvalue() == 'á,"1\r\n2"\n'
    assert err.getvalue() == "a line of the log\n"


def test_standard_output_of_a_process_is_utf8(capfd: pytest.CaptureFixture[str]) -> None:
    with output_file("-", False) as output:
        write_csv(output, [["早"]])
    sys.stdout.flush()
    assert capfd.readouterr().out == "早\n"


def test_a_private_file_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("old")
    path.chmod(0o600)
    write_csv(path, [["new"]])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "new\n"


def test_another_name_of_the_same_file_keeps_the_old_contents(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("old")
    os.link(path, tmp_path / "backup.csv")
    write_csv(path, [["new"]])
    assert (tmp_path / "backup.csv").read_text() == "old"


def test_a_file_that_comes_meanwhile_stays_and_the_work_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    with output_file(str(path), False) as output:
        path.write_text("mine")
        with pytest.raises(InputError, match="kept as .*p-2.csv"):
            write_csv(output, [["a"]], new=True)
    assert path.read_text() == "mine"
    assert (tmp_path / "p-2.csv").read_text() == "a\n"
    assert sorted(os.listdir(tmp_path)) == ["p-2.csv", "p.csv"]
