"""docs/: the files and constants that they name exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import small_runs

ROOT = small_runs.ROOT
DOCS = sorted((ROOT / "docs").glob("*.md"))
FILE = re.compile(r"`([a-z_/]+/[a-z_]+\.py)`")
CONSTANT = re.compile(r"`([A-Z][A-Z_]{3,})`")


def code() -> str:
    """The text of all modules."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "mmkeras").rglob("*.py")))


@pytest.mark.parametrize("page", DOCS, ids=lambda path: path.name)
def test_files_exist(page: Path) -> None:
    """A path is given from the root of the repository, or from mmkeras/, or below the folder that its table names."""
    all_files = [
        path.as_posix()
        for folder in ("mmkeras", "tests", "benchmarks", "data")
        for path in (ROOT / folder).rglob("*.py")
    ]
    named = FILE.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in all_files)] == []


def test_constants_exist() -> None:
    """docs/extending.md sends its reader to literal dicts by their names."""
    named = set(CONSTANT.findall((ROOT / "docs/extending.md").read_text(encoding="utf-8")))
    assert {"FUSIONS", "FORMATS", "UNUSED_IN"} <= named
    text = code()
    assert [name for name in sorted(named) if not re.search(rf"^\s*{name}\b\s*[:=]", text, re.MULTILINE)] == []
