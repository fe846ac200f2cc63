"""One writer at a time for an output: a lock of the kernel, which ends with the process that holds it.

The lock is on a file beside the output, `.news.lock` for `news`, which names the process that holds it and is deleted
at the end. After a kill the file stays, and means nothing: the kernel has released the lock.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mmkeras.errors import InputError
from mmkeras.system.temporary import beside, sweep

MARK: Final = b"mmkeras process "
BUSY: Final = (errno.EAGAIN, errno.EACCES)


@contextlib.contextmanager
def locked(path: Path, shared: bool = False) -> Iterator[None]:
    """Hold the lock of an output for the block; folders above it are made, and what a killed process left is deleted.

    shared: to read; several processes may, while none writes. Where the place cannot be written, a reader needs no
    lock. Raises InputError where another process holds the lock, and where nothing can be written.
    """
    lock = beside(path, ".lock")
    made = [] if shared else _make_folders(lock.parent, path)
    try:
        number = _acquire(lock, path, shared)
        if number is None:
            yield
            return
        try:
            if not shared:
                sweep(path)
            yield
        finally:
            _release(lock, number, shared)
    finally:
        for folder in made:  # of a command that has written nothing
            with contextlib.suppress(OSError):
                folder.rmdir()


def _make_folders(folder: Path, path: Path) -> list[Path]:
    """Make the folders above an output. Returns those that were made, the innermost first."""
    absent = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise InputError(f"{path}: it cannot be made there: a file stands above it. Choose another --output.") from None
    except OSError as error:
        raise _not_writable(path, error) from None
    return absent


def _not_writable(path: Path, error: OSError) -> InputError:
    reason = (error.strerror or str(error)).lower()
    return InputError(f"{path}: it cannot be made there ({reason}). Choose another --output.")


def _acquire(lock: Path, path: Path, shared: bool) -> int | None:
    """The descriptor of the lock file, locked; None where there is nothing to lock."""
    while True:
        try:
            number = _open(lock)
        except OSError as error:
            if shared:
                return None
            raise _not_writable(path, error) from None
        try:
            _holder(number, lock)
            fcntl.flock(number, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(number, lock)
            os.close(number)
            if error.errno in BUSY:
                raise InputError(_busy(path, holder)) from None
            print(f"note: {path}: its file system has no locks; let no second command write it", file=sys.stderr)
            return None
        except InputError:
            os.close(number)
            raise
        if _is_current(number, lock):
            if not shared:
                with contextlib.suppress(OSError):  # of another user's file
                    os.ftruncate(number, 0)
                    os.pwrite(number, MARK + str(os.getpid()).encode() + b"\n", 0)
            return number
        os.close(number)  # its holder has deleted it in the meantime


def _open(lock: Path) -> int:
    flags = os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(lock, os.O_RDWR | flags, 0o666)
    except PermissionError:
        if not lock.exists():
            raise
        return os.open(lock, os.O_RDONLY | flags & ~os.O_CREAT)  # another user's: enough to lock it


def _holder(number: int, lock: Path) -> str:
    """The process in a lock file. Raises InputError for a file that is no lock of mmkeras, and must not be deleted."""
    is_file = stat.S_ISREG(os.fstat(number).st_mode)
    content = os.pread(number, 100, 0) if is_file else b"?"
    if content and not content.startswith(MARK):
        raise InputError(f"{lock}: it is no lock of mmkeras and stands in its place. Move it, or choose another name.")
    return content.removeprefix(MARK).decode("ascii", "replace").strip()


def _busy(path: Path, holder: str) -> str:
    who = f"another mmkeras process (pid {holder}) is writing" if holder else "another mmkeras process is reading"
    return f"{path}: {who} it. Wait until it has ended, or choose another --output."


def _is_current(number: int, lock: Path) -> bool:
    """Is the locked file still the one of that name?"""
    try:
        return os.path.samestat(os.fstat(number), os.stat(lock, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _release(lock: Path, number: int, shared: bool) -> None:
    """Delete the lock file, unless others read under it, then release it: whoever waits for it looks again."""
    with contextlib.suppress(OSError):
        if shared:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_current(number, lock):
            lock.unlink()
    os.close(number)
