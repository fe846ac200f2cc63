"""Lines in literal dicts, for a test that adds a part: in this process, and in those that it starts."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

SUPPORT = Path(__file__).resolve().parent


@contextlib.contextmanager
def added(folder: Path | None, *lines: tuple[str, str, str]) -> Iterator[None]:
    """Lines (`module:dict`, key, value as Python writes it) are there while the block runs.

    A value may name what its dict's module has: `Format(...)`. folder: for a file that Python runs when it starts, which
    does in the processes of `verify` what the line in the dict's module would do; None: this process alone.
    """
    source = "".join(
        f"import {place.split(':')[0]} as home\nhome.{place.split(':')[1]}[{key!r}] = eval({value!r}, vars(home))\n"
        for place, key, value in lines
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SUPPORT))
        if folder is not None:
            (folder / "sitecustomize.py").write_text(source, encoding="utf-8")
            paths = [str(folder), str(SUPPORT), os.environ.get("PYTHONPATH", "")]
            patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        for place, key, value in lines:
            module, _, name = place.partition(":")
            home = importlib.import_module(module)
            entries: Mapping[str, Any] = getattr(home, name)
            patch.setitem(entries, key, eval(value, vars(home)))  # type: ignore[misc]
        yield
