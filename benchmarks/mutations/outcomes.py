"""What becomes of each mutation: the right answer, a sentence, or a fault: another answer, a defect, a hang."""

from __future__ import annotations

import random
import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.mutations.mutate import Mutation
from mmkeras.errors import InputError
from mmkeras.system.failures import failure

SAME, SENTENCE, OTHER, DEFECT, HANG = "same answer", "sentence", "other answer", "defect", "hang"
GOOD = (SAME, SENTENCE)
SECONDS = 20
"""Of one opening and answer; more is a hang."""


@dataclass(frozen=True)
class Kind:
    """A kind of file. name: in the table. path: of the file that is mutated. answer: open it and answer one row.

    old: as an earlier release wrote it, without digests; then another answer cannot always be told from the right one.
    """

    name: str
    path: Path
    mutation: Mutation
    answer: Callable[[], Any]
    old: bool = False
    cost: int = 1
    """It is tried so many times less often than others."""


@dataclass
class Outcomes:
    """counts: outcome -> mutations. faults: seed and reason of each fault."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class _Hang(BaseException):
    pass


@contextmanager
def _deadline(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise _Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def try_kind(kind: Kind, count: int, first_seed: int = 0) -> Outcomes:
    """Mutate the file `count` times, and open it each time. The file is put back."""
    content = kind.path.read_bytes()
    expected, outcomes = kind.answer(), Outcomes()
    try:
        for seed in range(first_seed, first_seed + count):
            mutated = kind.mutation(content, random.Random(f"{kind.name} {seed}"))
            kind.path.write_bytes(mutated)
            outcome, reason = try_once(kind.answer, expected)
            if outcome == OTHER and kind.old:
                outcome = f"{OTHER} (old form)"
            elif outcome not in GOOD:
                outcomes.faults.append(f"{kind.name} seed {seed}: {outcome} {reason}")
            outcomes.counts[outcome] += 1
    finally:
        kind.path.write_bytes(content)
    return outcomes


def try_once(answer: Callable[[], Any], expected: Any) -> tuple[str, str]:
    """The outcome of one opening and answer, and the reason of a fault."""
    try:
        with _deadline(SECONDS):
            given = answer()
    except InputError:
        return SENTENCE, ""
    except _Hang:
        return HANG, ""
    except OSError:
        return SENTENCE, ""  # the command line's own: the file system refused
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {str(error)[:120]} ({Path(frame.filename).name}:{frame.lineno})"
        return (SENTENCE, "") if failure(error) else (DEFECT, reason)
    return (SAME, "") if given == expected else (OTHER, f"{given!r}"[:200])
