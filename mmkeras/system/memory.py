"""How much memory a process may still take: of the machine, and of the container or limit that it runs in."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Final

UNKNOWN: Final = 4 * 2**30
"""Bytes that are assumed where the system does not say."""
CGROUPS: Final = (  # limit, use: version 2, version 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def available_memory() -> int:
    """Bytes that this process may still allocate, as far as the system says."""
    known = [_machine()]
    for limit, use in CGROUPS:
        most, used = _number(limit), _number(use)
        if most is not None and used is not None:
            known.append(max(0, most - used))
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        known.append(max(0, soft - _own()))
    found = [size for size in known if size is not None]
    return min(found, default=UNKNOWN)


def _machine() -> int | None:
    """MemAvailable of Linux, in bytes."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _own() -> int:
    """Bytes of this process's address space."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return 0
    return pages * resource.getpagesize()


def _number(path: str) -> int | None:
    """The number in a file; None where there is none, as for `max`."""
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
