"""One writer at a time, in real processes; what a killed one leaves is no lock and no rubbish."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_runs

from mmkeras.errors import InputError
from mmkeras.system.locks import locked
from mmkeras.system.temporary import LONGEST_NAME, beside, temporary

HOLD = """
import sys, time
from pathlib import Path
from mmkeras.system.locks import locked
from mmkeras.system.temporary import temporary
path = Path(sys.argv[1])
with locked(path, shared="shared" in sys.argv):
    if "shared" not in sys.argv:
        temporary(path).mkdir()
        temporary(path, suffix=".csv").write_text("half")
    print("held", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def holder(path: Path, *how: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the lock of a path, in the middle of its writing."""
    command = [sys.executable, "-c", HOLD, str(path), *how]
    with subprocess.Popen(command, env=small_runs.environment(), stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == b"held\n"
            yield child
        finally:
            child.kill()


def test_a_second_writer_is_refused_and_told_who_writes(tmp_path: Path) -> None:
    path = tmp_path / "runs/news"
    with holder(path) as child:
        before = sorted(os.listdir(path.parent))
        with pytest.raises(InputError, match=rf"another mmkeras process \(pid {child.pid}\) is writing it"):
            locked(path).__enter__()
        with pytest.raises(InputError, match=f"pid {child.pid}"):
            locked(path, shared=True).__enter__()
        with locked(tmp_path / "runs/other"):
            pass
        assert sorted(os.listdir(path.parent)) == before, "nothing of the first one is touched"


def test_a_killed_writer_locks_nothing_and_its_rubbish_goes(tmp_path: Path) -> None:
    path = tmp_path / "runs/news"
    with holder(path) as child:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    assert len(os.listdir(path.parent)) == 3
    (path.parent / ".news.mine").write_text("mine")
    (path.parent / ".news-2.1-00000000.partial").write_text("another's")
    with locked(path):
        assert sorted(os.listdir(path.parent)) == [".news-2.1-00000000.partial", ".news.lock", ".news.mine"]
    assert not (path.parent / ".news.lock").exists()


def test_readers_share_and_a_writer_waits_for_them(tmp_path: Path) -> None:
    path = tmp_path / "news"
    with (
        holder(path, "shared"),
        locked(path, shared=True),
        pytest.raises(InputError, match="another mmkeras process is reading it"),
    ):
        locked(path).__enter__()
    with locked(path):
        pass
    assert not os.listdir(tmp_path)


def test_folders_that_were_made_for_nothing_go(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="wrong"), locked(tmp_path / "a/b/news"):
        raise InputError("wrong")
    assert not os.listdir(tmp_path)
    with locked(tmp_path / "a/b/news"):
        (tmp_path / "a/b/news").mkdir()
    assert (tmp_path / "a/b/news").is_dir()


@pytest.mark.parametrize("made", ["file", "link", "fifo"])
def test_something_else_by_the_lock_s_name_stays(made: str, tmp_path: Path) -> None:
    lock = tmp_path / ".news.lock"
    match made:
        case "file":
            lock.write_text("another program's")
        case "link":
            (tmp_path / "mine").write_text("mine")
            lock.symlink_to("mine")
        case "fifo":
            os.mkfifo(lock)
    with pytest.raises(InputError):
        locked(tmp_path / "news").__enter__()
    assert os.path.lexists(lock)
    if made == "link":
        assert (tmp_path / "mine").read_text() == "mine"


def test_where_no_folder_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"it cannot be made there: a file stands above it\. Choose another"):
        locked(tmp_path / "file/news").__enter__()
    with locked(tmp_path / "file/news", shared=True):
        pass


def test_names_beside_a_path() -> None:
    assert beside(Path("runs/news"), ".lock") == Path("runs/.news.lock")
    assert beside(Path("."), ".lock").name == f".{Path.cwd().name}.lock"
    first, second = (temporary(Path("a/p.csv"), suffix=".csv") for _ in range(2))
    assert first != second
    assert first.suffix == ".csv"
    for name in ("x" * 250, "早" * 80):
        long, other = beside(Path(name), ".replaced"), beside(Path(name[:-1] + "y"), ".replaced")
        assert len(os.fsencode(long.name)) < LONGEST_NAME
        assert long != other
