"""Run one command and record its cost: `python -I -S launch.py FIGURES.json LOG command …`.

A separate process, because a child starts with the memory peak of the process that spawned it: started from the
harness, which has pandas and scikit-learn in memory, every small client would seem to need hundreds of MiB. This one
needs about 12 MiB. Standard library only.
"""

import json
import os
import sys
import time


def launch(command: list[str], log: str) -> dict[str, float]:
    """Run `command` to its end with its output in the file `log`.

    Returns exit_code, wall_s, cpu_s (its waited-for children included) and peak_mib: the largest resident size
    of the command, or of any one of its waited-for children.
    """
    output = (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    started = time.perf_counter()
    child = os.posix_spawnp(command[0], command, dict(os.environ), file_actions=[output, (os.POSIX_SPAWN_DUP2, 1, 2)])
    _, status, usage = os.wait4(child, 0)
    return {
        "exit_code": os.waitstatus_to_exitcode(status),
        "wall_s": time.perf_counter() - started,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "peak_mib": usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 1024),  # macOS counts bytes
    }


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    with open(sys.argv[1], "w", encoding="utf-8") as figures:
        json.dump(launch(sys.argv[3:], sys.argv[2]), figures)
