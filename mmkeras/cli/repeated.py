"""`--input a=1 --input b=2` means `--input a=1 b=2`: argparse would keep the last values and forget the others."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Sequence

from mmkeras.errors import InputError


def joined(arguments: Sequence[str], several: Collection[str]) -> list[str]:
    """The arguments, with the values of a repeated flag behind its first mention.

    several: names of the flags that take several values. Raises InputError for one of them without any value.
    """
    flags = {f"--{name.replace('_', '-')}" for name in several}
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    for word, value in itertools.pairwise([*arguments[:end], "--"]):
        if word.replace("_", "-") in flags and value.startswith("--"):  # tyro would take it as no value at all
            raise InputError(f"{word}: expected a value behind it.")
    counts = Counter(_name(word) for word in arguments[:end] if word.startswith("--"))
    if not any(counts[flag] > 1 for flag in flags):
        return list(arguments)
    groups: list[list[str]] = [[]]  # the words before any flag, then each flag with its values
    first: dict[str, list[str]] = {}
    for word in arguments[:end]:
        name = _name(word)
        if not word.startswith("--"):
            groups[-1].append(word)
        elif name not in flags:
            groups.append([word])
        elif "=" in word:  # it takes this value alone: what follows is no value of it
            first.setdefault(name, [name]).append(word.partition("=")[2])
            groups.append([])
        else:
            groups.append(first.setdefault(name, [name]))
    taken = {id(group) for group in first.values()}
    words = [word for group in groups if id(group) not in taken for word in group]
    return [*words, *(word for group in first.values() for word in group), *arguments[end:]]


def _name(word: str) -> str:
    """The name of a flag as it is listed: `--media_root=x` -> `--media-root`."""
    return word.partition("=")[0].replace("_", "-")
